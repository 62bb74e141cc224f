// Where a collector of traces is, from its URL and back.

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "larder/trace.hpp"

namespace LARDER_NAMESPACE::trace {

namespace {

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    return ec == std::errc{} && end == text.data() + text.size() && port != 0;
}

}  // namespace

std::string endpoint::text() const {
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_encrypted ? "https://" : "http://") + (is_v6 ? '[' + host + ']' : host) + ':' + port;
}

// An IPv6 address stands in brackets.
std::optional<endpoint> parse_endpoint(std::string_view url) {
    constexpr std::string_view clear = "http://", encrypted = "https://";
    endpoint to{.is_encrypted = url.starts_with(encrypted)};
    if (!to.is_encrypted && !url.starts_with(clear)) return std::nullopt;
    url.remove_prefix(to.is_encrypted ? encrypted.size() : clear.size());
    const bool is_plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7F'; });
    if (!is_plain || url.find('#') != std::string_view::npos) return std::nullopt;
    auto authority = url.substr(0, url.find_first_of("/?"));
    to.path = url.substr(authority.size());
    if (!to.path.starts_with('/')) to.path.insert(0, 1, '/');
    std::string_view host;
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        host = authority.substr(1, end - 1);
        authority.remove_prefix(end + 1);
    } else {
        host = authority.substr(0, authority.find(':'));
        authority.remove_prefix(host.size());
    }
    if (host.empty() || host.find('@') != std::string_view::npos) return std::nullopt;
    to.host = host;
    to.port = to.is_encrypted ? "443" : "80";
    if (authority.empty()) return to;
    authority.remove_prefix(1);
    if (!is_port(authority)) return std::nullopt;
    to.port = authority;
    return to;
}

}  // namespace LARDER_NAMESPACE::trace
