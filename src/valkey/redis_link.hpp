// The engine's way to Valkey over Boost.Redis. Private to larder.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "../asio_world.hpp"
#include "../names.hpp"
#include "larder/valkey/options.hpp"
#include "valkey/link.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Finds a server's addresses and opens connections: TCP, TLS, or a Unix socket.
class redis_network final : public network {
public:
    /// `of` is the engine's, which is made with this.
    redis_network(asio_world& outside, client_options options)
        : outside_(outside), options_(std::move(options)), names_(outside.executor()) {}

    void serve(waits& of) { waits_ = &of; }
    task<addresses> find() override;
    std::shared_ptr<link> open(const std::string& address, link_events& events,
                               std::string& why) override;
    void cancel() override;

private:
    boost::asio::ssl::context tls();

    asio_world& outside_;
    const client_options options_;
    std::optional<boost::asio::ssl::context> tls_;  // shared by the connections
    std::chrono::steady_clock::time_point tls_made_;
    look_up names_;
    waits* waits_ = nullptr;
    bool cancelled_ = false;
};

}  // namespace LARDER_NAMESPACE::valkey
