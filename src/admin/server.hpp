// The listener for operators. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <string_view>

#include "admin/dashboard.hpp"
#include "admin/observer.hpp"
#include "http/listener.hpp"
#include "http/server.hpp"
#include "larder/admin.hpp"
#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE::admin {

http::listen_options listen_options_of(const admin_options& o);

/// The answer of /health/live: whoever can say so lives.
http::response answer_of_life();
/// The answer of /health/ready: 200, or 503 with the reasons.
http::response answer_of_readiness(const report& about);

/// Serves /health/live, /health/ready, /metrics and the dashboard; what it is asked is no line of
/// the log.
///
/// Threads  the executor's.
class server {
public:
    /// Listens at once. Throws std::system_error with one sentence that names the address.
    server(boost::asio::io_context& io, const admin_options& options, observer& of);

    /// Who has asked is answered, and nobody else.
    void stop() {
        dashboard_.end();
        server_.stop([] {});
    }
    /// From then on nobody is answered.
    void close() {
        dashboard_.end();
        server_.close();
    }

private:
    boost::asio::awaitable<http::response> answer(http::request r);

    observer& observer_;
    dashboard dashboard_;
    http::server server_;
};

}  // namespace LARDER_NAMESPACE::admin
