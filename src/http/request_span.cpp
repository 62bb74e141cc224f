#include "request_span.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace larder::http {

namespace {

std::string_view name_of(method m) {
    static constexpr std::array<std::string_view, 8> names{"GET",   "HEAD",   "POST",    "PUT",
                                                           "PATCH", "DELETE", "OPTIONS", "HTTP"};
    return names.at(static_cast<std::size_t>(m));
}

trace::active begin(trace::recorder& to, std::string_view parent, method asked,
                    std::string_view path, std::string_view scheme,
                    std::chrono::steady_clock::time_point begun) {
    const auto root = to.sample(parent);
    if (!root) return {};
    trace::active one{root, trace::kind::server, name_of(asked), begun};
    one.say("http.request.method", asked == method::other ? "_OTHER" : name_of(asked));
    one.say("url.path", path);
    one.say("url.scheme", scheme);
    return one;
}

void end(trace::active& one, const server_options& o, method asked, unsigned status,
         unsigned route) {
    constexpr unsigned fault_of_server = 500;
    if (route != 0 && o.route_names) {
        const auto& path = o.route_names->at(route);
        one.rename(std::string{name_of(asked)} + ' ' + path);
        one.say("http.route", path);
    }
    one.say("http.response.status_code", std::int64_t{status});
    if (status >= fault_of_server) one.fail(reason(status));
    one.end(std::chrono::steady_clock::now());
}

}  // namespace

trace::active begin_span(const server_options& o, std::string_view parent, const request& r,
                         std::chrono::steady_clock::time_point begun) {
    if (!o.traces) return {};
    return begin(*o.traces, parent, r.method, r.raw_path, r.scheme, begun);
}

void end_span(trace::active& one, const server_options& o, const request& r,
              const response& answer) {
    end(one, o, r.method, answer.status, answer.route);
}

void record_known(const server_options& o, const known_answer& answer, std::string_view head,
                  std::chrono::steady_clock::time_point begun) {
    auto target = head.substr(head.find(' ') + 1);
    target = target.substr(0, target.find_first_of("? "));
    auto request = begin(*o.traces, {}, answer.asked, target, o.tls ? "https" : "http", begun);
    if (!request) return;
    trace::active look_up{request.inside(), trace::kind::internal, "cache", begun};
    look_up.say("larder.cache.key", answer.key);
    look_up.say("larder.cache.tier", std::string_view{"local"});
    look_up.end(std::chrono::steady_clock::now());
    end(request, o, answer.asked, answer.status, answer.route);
}

}  // namespace larder::http
