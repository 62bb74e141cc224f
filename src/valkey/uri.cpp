#include "larder/valkey/uri.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "larder/percent.hpp"

namespace LARDER_NAMESPACE::valkey {

namespace {

// What comes before `mark`, which is taken away with it; all of it if there is no mark.
std::string_view take_until(std::string_view& text, char mark) {
    const auto at = std::min(text.find(mark), text.size());
    const auto taken = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return taken;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto* end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, out);
    return ec == std::errc{} && stop == end && out >= 0;
}

bool read_decoded(std::string_view text, std::string& out) {
    auto decoded = percent_decode(text);
    if (!decoded || decoded->find('\0') != std::string::npos) return false;
    out = std::move(*decoded);
    return true;
}

bool read_scheme(std::string_view& uri, server& out, bool& is_unix) {
    const auto end = uri.find("://");
    if (end == std::string_view::npos) return false;
    std::string scheme{uri.substr(0, end)};
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    uri.remove_prefix(end + 3);
    is_unix = scheme == "unix";
    out.tls = scheme == "valkeys" || scheme == "rediss";
    return is_unix || out.tls || scheme == "valkey" || scheme == "redis";
}

// [[user][:password]@]
bool read_login(std::string_view& authority, server& out) {
    const auto at = authority.rfind('@');
    if (at == std::string_view::npos) return true;
    auto login = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    std::string user;
    if (!read_decoded(take_until(login, ':'), user) || !read_decoded(login, out.password))
        return false;
    if (!user.empty()) out.user = user;
    return true;
}

// host[:port], where an IPv6 address stands in brackets
bool read_host(std::string_view authority, server& out) {
    std::string_view host;
    if (authority.starts_with('[')) {
        authority.remove_prefix(1);
        if (authority.find(']') == std::string_view::npos) return false;
        host = take_until(authority, ']');
        if (!authority.empty() && authority.front() != ':') return false;
        if (!authority.empty()) authority.remove_prefix(1);
    } else {
        host = take_until(authority, ':');
    }
    if (!host.empty() && !read_decoded(host, out.host)) return false;
    return authority.empty() || (read_number(authority, out.port) && out.port != 0);
}

// They would do nothing without TLS.
bool read_tls_parameter(std::string_view name, const std::string& value, server& out) {
    if (!out.tls) return false;
    if (name == "ssl_ca_certs") out.ca_file = value;
    else if (name == "ssl_certfile") out.certificate_file = value;
    else if (name == "ssl_keyfile") out.key_file = value;
    else if (name == "ssl_check_hostname") return value == "True" || value == "true";
    else if (name != "ssl_cert_reqs") return false;
    if (name != "ssl_cert_reqs") return true;
    out.verify = value != "none";
    return value == "none" || value == "required";
}

bool read_parameter(std::string_view name, const std::string& value, server& out) {
    // What stands before the host counts more.
    if (name == "username") {
        if (!value.empty() && out.user == server{}.user) out.user = value;
        return true;
    }
    if (name == "password") {
        if (out.password.empty()) out.password = value;
        return true;
    }
    if (name == "db") return read_number(value, out.database);
    if (name.starts_with("ssl_")) return read_tls_parameter(name, value, out);
    // How valkey-py hands replies over.
    return name == "decode_responses" || name == "encoding" || name == "encoding_errors" ||
           name == "protocol";
}

bool read_parameters(std::string_view query, server& out) {
    while (!query.empty()) {
        auto value = take_until(query, '&');
        if (value.empty()) continue;
        const auto name = take_until(value, '=');
        std::string decoded;
        if (!read_decoded(value, decoded) || !read_parameter(name, decoded, out)) return false;
    }
    return out.key_file.empty() || !out.certificate_file.empty();
}

}  // namespace

std::string server::address() const {
    if (!unix_socket.empty()) return unix_socket;
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<server> parse_uri(std::string_view uri) {
    server result;
    bool is_unix = false;
    if (!read_scheme(uri, result, is_unix)) return std::nullopt;
    std::string_view rest = uri;
    const std::string_view before_query = take_until(rest, '?');

    const auto slash = std::min(before_query.find('/'), before_query.size());
    auto authority = before_query.substr(0, slash);
    const auto path = before_query.substr(slash);
    if (!read_login(authority, result)) return std::nullopt;
    if (is_unix) {
        if (!authority.empty() || !read_decoded(path, result.unix_socket) ||
            result.unix_socket.size() < 2)
            return std::nullopt;
        return read_parameters(rest, result) ? std::optional{result} : std::nullopt;
    }
    const bool has_database = path.size() > 1;
    if (!read_host(authority, result) ||
        (has_database && !read_number(path.substr(1), result.database)) ||
        !read_parameters(rest, result))
        return std::nullopt;
    return result;
}

}  // namespace LARDER_NAMESPACE::valkey
