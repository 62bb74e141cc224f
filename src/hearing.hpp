// Has a service's handlers run for what is notified in PostgreSQL. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "larder/app.hpp"
#include "larder/pg/notifications.hpp"

namespace LARDER_NAMESPACE {

/// What a service does with what is told on each of its channels.
using heard_channels = std::map<std::string, notified, std::less<>>;

/// One notification after the other, each in services of its own.
///
/// Threads  call on the worker whose pool and tiers these are.
class hearing {
public:
    hearing(const boost::asio::any_io_executor& executor, pg::pool_options source,
            std::shared_ptr<pg::logins> shared, const heard_channels& channels, pg::pool& db,
            cache::tiers& cache);

    void start();
    /// Returns when the handler that runs, if one does, has ended.
    boost::asio::awaitable<void> stop();

private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<std::optional<pg::notification>> next();
    boost::asio::awaitable<void> tell(pg::notification one);
    void tell_failure(const std::string& channel, const std::string& why);

    const heard_channels& channels_;
    pg::pool& db_;
    cache::tiers& cache_;
    pg::notifications from_;
    boost::asio::steady_timer pause_;  // until it tries again where nobody can LISTEN
    boost::asio::steady_timer ended_;
    std::chrono::steady_clock::time_point tells_again_;
    bool runs_ = false;
    bool stopped_ = false;
    bool said_why_ = false;
};

}  // namespace LARDER_NAMESPACE
