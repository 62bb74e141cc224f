// A connection to Valkey for a command of an operator's, and not for a service. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../asio_world.hpp"
#include "larder/admin.hpp"
#include "larder/valkey/options.hpp"
#include "valkey/client.hpp"
#include "valkey/redis_link.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Connects once. Nobody is told of changes.
///
/// Threads  its executor's. It ends when nothing that it began goes on.
class asker final : private client_events {
public:
    asker(const boost::asio::any_io_executor& executor, const client_options& server,
          std::vector<std::string> scripts = {});
    ~asker();
    asker(const asker&) = delete;
    asker& operator=(const asker&) = delete;

    /// Whether there is a connection now; call it once.
    task<bool> connect();
    /// Throws cache_error, also for a connection that there is not.
    task<std::vector<reply>> ask(std::vector<command> questions);

    valkey::client& client() { return client_; }
    waits& waiting() { return waiting_; }
    /// Of what runs for one of Asio's coroutines.
    nursery& home() { return home_; }

    /// Why there is no answer.
    cache_error failure() const;

private:
    void connected(time_point) override {}
    void lost() override {}
    void changed(std::string_view) override {}
    void all_changed() override {}

    const client_options server_;
    const std::shared_ptr<asio_world> outside_;
    waits waiting_;
    redis_network way_;
    valkey::client client_;
    nursery home_;  // ends first
};

}  // namespace LARDER_NAMESPACE::valkey
