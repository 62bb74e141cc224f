// The URIs of the two servers, and percent-encoding: what was read and is written anew reads the
// same.

#include <cctype>
#include <cstdio>
#include <string>

#include "check.hpp"
#include "larder/percent.hpp"
#include "larder/pg/conninfo.hpp"
#include "larder/valkey/uri.hpp"

namespace larder::fuzz {
namespace {

std::string encoded(std::string_view text) {
    std::string out;
    char byte[4];
    for (const char c : text) {
        std::snprintf(byte, sizeof byte, "%%%02X", static_cast<unsigned char>(c));
        out += std::isalnum(static_cast<unsigned char>(c)) != 0 ? std::string(1, c) : byte;
    }
    return out;
}

void check_percent(std::string_view text) {
    check(percent_decode(encoded(text)) == text, "decoding undoes encoding");
    const auto lenient = percent_decode_leniently(text);
    check(percent_decode(text).value_or(lenient) == lenient, "strict and lenient agree");
    check(lenient.size() <= text.size(), "decoding makes nothing longer");
}

std::string written(const valkey::server& s) {
    const auto login = encoded(s.user) + ":" + encoded(s.password) + "@";
    std::string parameters = "?db=" + std::to_string(s.database);
    if (s.tls)
        parameters += std::string{"&ssl_cert_reqs="} + (s.verify ? "required" : "none") +
                      "&ssl_ca_certs=" + encoded(s.ca_file) +
                      "&ssl_certfile=" + encoded(s.certificate_file) +
                      "&ssl_keyfile=" + encoded(s.key_file);
    if (!s.unix_socket.empty())
        return "unix://" + login + "/" + encoded(s.unix_socket.substr(1)) + parameters;
    const bool is_ipv6 = s.host.find(':') != std::string::npos;
    return (s.tls ? "valkeys://" : "valkey://") + login +
           (is_ipv6 ? "[" + encoded(s.host) + "]" : encoded(s.host)) + ":" +
           std::to_string(s.port) + parameters;
}

bool same(const valkey::server& a, const valkey::server& b) {
    return a.host == b.host && a.port == b.port && a.unix_socket == b.unix_socket &&
           a.user == b.user && a.password == b.password && a.database == b.database &&
           a.tls == b.tls && a.verify == b.verify && a.ca_file == b.ca_file &&
           a.certificate_file == b.certificate_file && a.key_file == b.key_file;
}

void check_valkey(std::string_view uri) {
    const auto server = valkey::parse_uri(uri);
    if (!server) return;
    check(server->port != 0 && server->database >= 0, "a port and a database are none below zero");
    const auto again = valkey::parse_uri(written(*server));
    check(again && same(*again, *server), "a Valkey URI written anew is the same");
    auto anonymous = *server;
    anonymous.user = anonymous.password = {};
    check(anonymous.address() == server->address(), "an address depends on no password");
}

void check_postgres(const std::string& text) {
    const auto server = pg::conninfo::parse(text);
    if (!server) return;
    std::string written;
    for (const auto& [keyword, value] : server->all()) {
        written += keyword + "='";
        for (const char c : value)
            written += (c == '\\' || c == '\'' ? "\\" : "") + std::string(1, c);
        written += "' ";
    }
    const auto again = pg::conninfo::parse(written);
    check(again && again->all() == server->all(), "a conninfo written anew is the same");
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larder::fuzz;
    const auto text = text_of(data, size);
    check_percent(text);
    check_valkey(text);
    check_postgres(std::string{text});
    return 0;
}
