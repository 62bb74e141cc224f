#include "dashboard.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>
#include <utility>

#include "admin/dashboard_event.hpp"
#include "http/cors.hpp"
#include "http/text.hpp"

// From assets.S: name_begin and name_end.
// NOLINTBEGIN(modernize-avoid-c-arrays)
extern "C" {
extern const char larder_dashboard_html_begin[], larder_dashboard_html_end[];
extern const char larder_dashboard_js_begin[], larder_dashboard_js_end[];
extern const char larder_dashboard_css_begin[], larder_dashboard_css_end[];
extern const char larder_figures_js_begin[], larder_figures_js_end[];
extern const char larder_uplot_js_begin[], larder_uplot_js_end[];
extern const char larder_uplot_js_gz_begin[], larder_uplot_js_gz_end[];
extern const char larder_uplot_css_begin[], larder_uplot_css_end[];
extern const char larder_uplot_css_gz_begin[], larder_uplot_css_gz_end[];
}
// NOLINTEND(modernize-avoid-c-arrays)

namespace larder::admin {

namespace asio = boost::asio;

using namespace std::chrono_literals;

namespace {

constexpr std::string_view path_of_events = "/dashboard/events";

std::map<std::string, http::file, std::less<>> built_in() {
    const auto html = "text/html; charset=utf-8", script = "text/javascript; charset=utf-8",
               style = "text/css; charset=utf-8";
    std::map<std::string, http::file, std::less<>> all;
    const auto add = [&](const char* path, const char* type, std::string_view content,
                         std::string policy = {}, std::string_view gzipped = {}) {
        all.emplace(path, http::file{content, type, std::move(policy), gzipped});
    };
    add("/dashboard", html, {larder_dashboard_html_begin, larder_dashboard_html_end},
        http::content_security_policy());
    add("/dashboard/dashboard.mjs", script, {larder_dashboard_js_begin, larder_dashboard_js_end});
    add("/dashboard/figures.mjs", script, {larder_figures_js_begin, larder_figures_js_end});
    add("/dashboard/dashboard.css", style, {larder_dashboard_css_begin, larder_dashboard_css_end});
    add("/dashboard/uplot.css", style, {larder_uplot_css_begin, larder_uplot_css_end}, {},
        {larder_uplot_css_gz_begin, larder_uplot_css_gz_end});
    add("/dashboard/uplot.js", script, {larder_uplot_js_begin, larder_uplot_js_end}, {},
        {larder_uplot_js_gz_begin, larder_uplot_js_gz_end});
    return all;
}

}  // namespace

dashboard::dashboard(asio::io_context& io, observer& of, std::string host)
    : io_(io),
      observer_(of),
      host_(std::move(host)),
      files_(built_in()),
      events_(io, most_listeners, [this] { begin(); }),
      pause_(io) {}

// A page of elsewhere that has its own name lead here (DNS rebinding) asks by that name.
bool dashboard::is_own_name(std::string_view host) const {
    if (host_.empty()) return true;
    const bool is_v6 = host.starts_with('[');
    const auto end = is_v6 ? host.find(']') : host.find(':');
    const std::string name{host.substr(is_v6 ? 1 : 0, end == host.npos ? end : end - is_v6)};
    boost::system::error_code is_no_address;
    asio::ip::make_address(name, is_no_address);
    return !is_no_address || http::same(name, "localhost") || http::same(name, host_);
}

std::optional<http::response> dashboard::answer(const http::request& r) const {
    const auto found = files_.find(r.path);
    if (found == files_.end() && r.path != path_of_events) return std::nullopt;
    if (!is_own_name(r.host))
        return http::error_response(
            421, "Ask by an IP address, by localhost, or by the name in --admin-host");
    return r.path == path_of_events ? answer_with_events(r) : found->second.answer(r);
}

// A foreign page could not read them, but keep others from it.
http::response dashboard::answer_with_events(const http::request& r) const {
    if (http::is_of_foreign_page({}, r))
        return http::error_response(403, "Not for pages of other origins");
    if (!events_.has_room()) {
        auto refused = http::error_response(
            503, std::to_string(most_listeners) +
                     " pages show the dashboard already: close one of them, or try again later");
        refused.headers.emplace_back("retry-after", "10");
        return refused;
    }
    return {.body = "retry: 2000\n\n",
            .content_type = http::feed::type,
            .headers = {{"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}}};
}

void dashboard::begin() {
    if (!std::exchange(is_telling_, true)) asio::co_spawn(io_, tell(), asio::detached);
}

asio::awaitable<void> dashboard::tell() {
    while (events_.has_listeners()) {
        pause_.expires_after(1s);
        co_await tell_once();
        if (!events_.has_listeners()) break;
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    is_telling_ = false;
}

// For which there is no memory now there may be some in a second.
asio::awaitable<void> dashboard::tell_once() {
    try {
        const auto seen = co_await observer_.observe();
        const auto event = dashboard_event(seen, std::chrono::steady_clock::now());
        events_.say(event);
    } catch (const std::exception& e) {
        spdlog::error("The dashboard cannot be told: {}", e.what());
    }
}

void dashboard::end() {
    events_.end();
    pause_.cancel();
}

}  // namespace larder::admin
