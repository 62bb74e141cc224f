#include "routes.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "http/cors.hpp"

namespace larder {

namespace {

// The path without the slashes at its end, or with one put there: what people mix up.
std::string other_form(std::string_view path) {
    if (path.ends_with('/')) return std::string{path.substr(0, path.find_last_not_of('/') + 1)};
    return std::string{path} + '/';
}

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, port);
    return ec == std::errc{} && stop == end && port > 0;
}

bool is_name(std::string_view text) {
    const auto may_be_in = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    };
    return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, may_be_in);
}

bool is_address(std::string_view text) {
    boost::system::error_code ec;
    boost::asio::ip::make_address_v6(text, ec);
    return !ec;
}

// Whether it is a name or an address with or without a port. What else RFC 3986 lets be a host
// no browser asks for, but what stands between may read a list or an end into it.
bool may_be_host(std::string_view host) {
    const bool is_bracketed = host.starts_with('[');
    const auto end = is_bracketed ? host.find(']') : host.find(':');
    const auto name = host.substr(0, end);
    auto rest = end == std::string_view::npos ? std::string_view{} : host.substr(end);
    if (is_bracketed) rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
    const bool is_known = is_bracketed ? is_address(name.substr(1)) : is_name(name);
    return is_known && (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
}

}  // namespace

const endpoint* route::find(http::method m) const {
    if (m == http::method::head) m = http::method::get;
    for (const auto& [method, e] : endpoints)
        if (method == m) return e.get();
    return nullptr;
}

std::string route::allow() const {
    std::string list;
    for (const auto& [method, e] : endpoints)
        list += method == http::method::get ? "GET, HEAD, " : "POST, ";
    return list + "OPTIONS";
}

http::response answer_without_endpoint(const routes& all, const http::request& r,
                                       const std::string& root_path) {
    const bool asks = r.method == http::method::options;
    if (asks && r.path == "*")  // RFC 9110, section 9.3.7: about the server as a whole
        return {.status = 204, .headers = {{"allow", "GET, HEAD, POST, OPTIONS"}}};
    if (const auto found = all.find(r.path); found != all.end()) {
        auto answer =
            asks ? http::response{.status = 204} : http::error_response(405, "Method Not Allowed");
        answer.headers.emplace_back("allow", found->second.allow());
        return answer;
    }
    const auto other = all.find(other_form(r.path));
    if (other == all.end()) return http::error_response(404, "Not Found");
    // A browser follows the redirect of a request, but not of what it asks beforehand (Fetch).
    if (asks && !r.header("access-control-request-method").empty())
        return {.status = 204, .headers = {{"allow", other->second.allow()}}};
    http::response moved{.status = 307};
    // Without the host it leads to the same place (RFC 9110, section 10.2.2).
    std::string location;
    if (may_be_host(r.host)) location.append(r.scheme).append("://").append(r.host);
    location += root_path + other->first;
    if (!r.query.empty()) location += "?" + std::string{r.query};
    moved.headers.emplace_back("location", std::move(location));
    return moved;
}

// A body without a type needs no preflight, so any web page can make a browser send one.
std::optional<http::response> refuse_foreign_page(const std::vector<std::string>& origins,
                                                  const http::request& r) {
    if (r.body.empty() || !r.content_type.empty() || !http::is_of_foreign_page(origins, r))
        return std::nullopt;
    return http::error_response(
        403, "A page of another origin has to send content-type: application/json");
}

}  // namespace larder
