#include "server.hpp"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "admin/metrics.hpp"
#include "larder/json.hpp"

namespace LARDER_NAMESPACE::admin {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

http::server_options options_of(const admin_options& o, http::feed& events) {
    http::server_options all{.request_timeout = 5s,
                             .max_body_bytes = 0,
                             .access_log = false,
                             .owns_listener = !o.descriptor,
                             .headers = "server: larder\r\n",
                             .events = &events};
    return all;
}

}  // namespace

http::listen_options listen_options_of(const admin_options& o) {
    return {.host = o.host,
            .port = o.port.value_or(0),
            .unix_path = o.unix_path,
            .descriptor = o.descriptor,
            .port_flag = "--admin-port",
            .path_flag = "--admin-uds"};
}

http::response answer_of_life() {
    return {.body = R"({"status":"alive"})", .headers = {{"cache-control", "no-store"}}};
}

http::response answer_of_readiness(const report& about) {
    return {.status = about.is_ready() ? 200U : 503U,
            .body = json::text(about),
            .headers = {{"cache-control", "no-store"}}};
}

server::server(asio::io_context& io, const admin_options& options, observer& of)
    : observer_(of),
      dashboard_(io, of, options.unix_path.empty() ? options.host : ""),
      server_(io, http::listen(io, listen_options_of(options)),
              options_of(options, dashboard_.events()),
              [this](const http::request& r) { return answer(r); }) {
    const auto where = http::text_of(server_.endpoint());
    spdlog::info("Health and metrics are at {}{}, and a live page at /dashboard",
                 where.starts_with("unix:") ? "" : "http://", where);
    server_.start();
}

asio::awaitable<http::response> server::answer(http::request r) {
    const bool is_live = r.path == "/health/live", is_ready = r.path == "/health/ready",
               is_metrics = r.path == "/metrics";
    auto page = dashboard_.answer(r);
    if (!is_live && !is_ready && !is_metrics && !page)
        co_return http::error_response(404, "Not Found");
    if (r.method != http::method::get && r.method != http::method::head) {
        auto refused = http::error_response(405, "Method Not Allowed");
        refused.headers.emplace_back("allow", "GET, HEAD");
        co_return refused;
    }
    if (page) co_return std::move(*page);
    if (is_live) co_return answer_of_life();
    if (is_ready) {
        const auto about = co_await observer_.health();
        co_return answer_of_readiness(about);
    }
    http::response shown{.content_type = metrics_type, .headers = {{"cache-control", "no-store"}}};
    const auto seen = co_await observer_.observe();
    shown.body = metrics_text(seen);
    co_return shown;
}

}  // namespace LARDER_NAMESPACE::admin
