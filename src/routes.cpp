#include "routes.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "http/cors.hpp"
#include "larder/percent.hpp"

namespace LARDER_NAMESPACE {

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

constexpr std::array<std::pair<http::method, std::string_view>, 5> methods{
    {{http::method::get, "GET, HEAD, "},
     {http::method::post, "POST, "},
     {http::method::put, "PUT, "},
     {http::method::patch, "PATCH, "},
     {http::method::del, "DELETE, "}}};

// "/baskets/7/price": "baskets", "7", "price".
std::vector<std::string_view> segments_of(std::string_view path) {
    std::vector<std::string_view> all;
    while (path.starts_with('/')) {
        path.remove_prefix(1);
        const auto one = path.substr(0, path.find('/'));
        all.push_back(one);
        path.remove_prefix(one.size());
    }
    return all;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

// A slash within a value is encoded, so each segment is decoded by itself.
bool matches(const std::vector<std::string>& pattern, const std::vector<std::string_view>& asked,
             http::path_members& members) {
    if (pattern.size() != asked.size()) return false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        auto text = percent_decode_leniently(asked[i]);
        const std::string_view name = pattern[i];
        if (!is_parameter(name)) {
            if (text != name) return false;
            continue;
        }
        if (text.empty()) return false;
        members.emplace_back(name.substr(1, name.size() - 2), std::move(text));
    }
    return true;
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
    for (const auto& [method, name] : methods)
        if (find(method)) list += name;
    return list + "OPTIONS";
}

route& routes::at(std::string_view path) {
    if (path.find('{') == path.npos) return numbered(plain_[std::string{path}], path);
    for (const auto& one : patterns_)
        if (one->path == path) return one->to;
    auto& made = *patterns_.emplace_back(std::make_unique<pattern>());
    made.path = path;
    for (const auto one : segments_of(path)) made.segments.emplace_back(one);
    return numbered(made.to, path);
}

route& routes::numbered(route& one, std::string_view path) {
    if (one.number > 0) return one;
    one.number = static_cast<unsigned>(names_.size());
    names_.emplace_back(path);
    return one;
}

routes::match routes::find(std::string_view path, std::string_view raw_path) const {
    if (const auto found = plain_.find(path); found != plain_.end())
        return {.to = &found->second, .path = found->first};
    if (patterns_.empty()) return {};
    const auto asked = segments_of(raw_path);
    for (const auto& one : patterns_) {
        match found{.to = &one->to};
        if (matches(one->segments, asked, found.members)) return found;
    }
    return {};
}

std::string routes::allow() const {
    std::string list;
    for (const auto& [method, name] : methods) {
        const auto has = [m = method](const route& one) { return one.find(m) != nullptr; };
        const bool is_there =
            std::ranges::any_of(plain_, [&](const auto& one) { return has(one.second); }) ||
            std::ranges::any_of(patterns_, [&](const auto& one) { return has(one->to); });
        if (is_there) list += name;
    }
    return list + "OPTIONS";
}

http::response answer_without_endpoint(const routes& all, const http::request& r,
                                       const std::string& root_path) {
    const bool asks = r.method == http::method::options;
    if (asks && r.path == "*")  // RFC 9110, section 9.3.7: about the server as a whole
        return {.status = 204, .headers = {{"allow", all.allow()}}};
    if (const auto found = all.find(r.path, r.raw_path); found.to) {
        auto answer =
            asks ? http::response{.status = 204} : http::error_response(405, "Method Not Allowed");
        answer.headers.emplace_back("allow", found.to->allow());
        return answer;
    }
    const auto path = other_form(r.raw_path);
    const auto other = all.find(other_form(r.path), path);
    if (!other.to) return http::error_response(404, "Not Found");
    // A browser follows the redirect of a request, but not of what it asks beforehand (Fetch).
    if (asks && !r.header("access-control-request-method").empty())
        return {.status = 204, .headers = {{"allow", other.to->allow()}}};
    http::response moved{.status = 307};
    // Without the host it leads to the same place (RFC 9110, section 10.2.2).
    std::string location;
    if (may_be_host(r.host)) location.append(r.scheme).append("://").append(r.host);
    location += root_path;
    location += other.path.empty() ? path : other.path;
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

}  // namespace LARDER_NAMESPACE
