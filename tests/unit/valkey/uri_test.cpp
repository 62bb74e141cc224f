// Where Valkey is: the URIs that people have from their provider.

#include "larder/valkey/uri.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace LARDER_NAMESPACE::valkey {
namespace {

using namespace std::string_literals;

// What a URI says, and of the rest only what is not the default.
std::string shown(const server& s) {
    std::string out =
        s.unix_socket.empty() ? s.host + '|' + std::to_string(s.port) : "unix|" + s.unix_socket;
    if (s.database != 0) out += " db=" + std::to_string(s.database);
    if (s.user != "default") out += " user=" + s.user;
    if (!s.password.empty()) out += " password=" + s.password;
    if (s.tls) out += " tls";
    if (!s.verify) out += " unverified";
    if (!s.ca_file.empty()) out += " ca=" + s.ca_file;
    if (!s.certificate_file.empty()) out += " certificate=" + s.certificate_file;
    if (!s.key_file.empty()) out += " key=" + s.key_file;
    return out;
}

struct row {
    std::string uri, read;
};

void expect_readings(const std::vector<row>& rows) {
    for (const auto& [uri, read] : rows) {
        const auto parsed = parse_uri(uri);
        EXPECT_EQ(parsed ? shown(*parsed) : "refused", read) << uri;
    }
}

void expect_refused(const std::vector<std::string>& uris) {
    for (const auto& uri : uris) EXPECT_FALSE(parse_uri(uri)) << uri;
}

TEST(valkey_uri, knows_all_schemes) {
    expect_readings({{"valkey://cache", "cache|6379"},
                     {"redis://cache", "cache|6379"},
                     {"valkeys://cache", "cache|6379 tls"},
                     {"rediss://cache", "cache|6379 tls"},
                     {"unix:///run/valkey.sock", "unix|/run/valkey.sock"},
                     {"VALKEYS://cache", "cache|6379 tls"},
                     {"Redis://cache", "cache|6379"}});
}

TEST(valkey_uri, refuses_other_schemes_and_none) {
    expect_refused({"", "cache", "cache:6379", "//cache", "://cache", "valkey:cache",
                    "valkey:/cache", "valkey//cache", "http://cache", "valkeyss://cache",
                    " valkey://cache", "valkey ://cache", "unix:/run/valkey.sock",
                    "/run/valkey.sock", "postgres://cache", "unixs:///run/valkey.sock"});
}

TEST(valkey_uri, has_a_default_for_everything) {
    expect_readings({{"valkey://", "localhost|6379"},
                     {"valkey:///", "localhost|6379"},
                     {"valkey://:7000", "localhost|7000"},
                     {"valkey:///3", "localhost|6379 db=3"},
                     {"valkey://?db=3", "localhost|6379 db=3"},
                     {"valkey://:secret@", "localhost|6379 password=secret"}});
    const server unchanged;
    EXPECT_EQ(shown(unchanged), "localhost|6379");
    EXPECT_FALSE(unchanged.tls);
    EXPECT_TRUE(unchanged.verify);
}

TEST(valkey_uri, reads_hosts_and_ports) {
    expect_readings({{"valkey://127.0.0.1:7000", "127.0.0.1|7000"},
                     {"valkey://cache.example:1/", "cache.example|1"},
                     {"valkey://cache:65535", "cache|65535"},
                     {"valkey://cache:", "cache|6379"},
                     {"valkey://cache:/2", "cache|6379 db=2"},
                     {"valkey://c%61che", "cache|6379"}});
}

TEST(valkey_uri, reads_ipv6_addresses_in_brackets) {
    expect_readings({{"valkey://[::1]", "::1|6379"},
                     {"valkey://[::1]:7000", "::1|7000"},
                     {"valkey://[2001:db8::2]:7000/2", "2001:db8::2|7000 db=2"},
                     {"valkeys://app:secret@[::1]", "::1|6379 user=app password=secret tls"},
                     {"valkey://[::1]:", "::1|6379"}});
    expect_refused({"valkey://[::1", "valkey://[::1]7000", "valkey://[::1]x:7000", "valkey://::1",
                    "valkey://[::1]:x", "valkey://2001:db8::2:7000"});
}

TEST(valkey_uri, refuses_a_port_that_is_none) {
    for (const std::string port :
         {"0", "65536", "65537", "99999", "4294967297", "99999999999999999999", "abc", "-1", "+1",
          "6379x", " 6379", "6379 ", "63.79", "0x18eb", ":6379"})
        expect_refused({"valkey://cache:" + port, "valkey://cache:" + port + "/2",
                        "valkey://app:secret@[::1]:" + port, "valkey://:" + port});
}

TEST(valkey_uri, reads_the_login) {
    expect_readings({{"valkey://app:secret@cache", "cache|6379 user=app password=secret"},
                     {"valkey://:secret@cache", "cache|6379 password=secret"},
                     {"valkey://app@cache", "cache|6379 user=app"},
                     {"valkey://app:@cache", "cache|6379 user=app"},
                     {"valkey://@cache", "cache|6379"},
                     {"valkey://:@cache", "cache|6379"},
                     {"valkey://default:secret@cache", "cache|6379 password=secret"}});
}

TEST(valkey_uri, decodes_the_login) {
    expect_readings(
        {{"valkey://a%40b:p%3A%2F%3F%23%25@cache", "cache|6379 user=a@b password=p:/?#%"},
         {"valkey://:p%C3%A9@cache", "cache|6379 password=p\xC3\xA9"},
         {"valkey://:a+b@cache", "cache|6379 password=a+b"},
         {"valkey://:a%2Bb@cache", "cache|6379 password=a+b"},
         {"valkey://:a%2541@cache", "cache|6379 password=a%41"}});
}

TEST(valkey_uri, takes_a_password_with_colons_and_at_signs) {
    expect_readings({{"valkey://app:a:b:c@cache", "cache|6379 user=app password=a:b:c"},
                     {"valkey://app:a@b@cache:7000", "cache|7000 user=app password=a@b"}});
}

TEST(valkey_uri, refuses_broken_encodings) {
    expect_refused({"valkey://:%@cache", "valkey://:%zz@cache", "valkey://:a%4@cache",
                    "valkey://%@cache", "valkey://%zz", "valkey://cache?password=%",
                    "unix:///run/%zz"});
    expect_refused({"valkey://:%00@cache", "valkey://a%00b@cache", "valkey://a%00b",
                    "valkey://cache?password=a%00b", "unix:///run/a%00b"});
}

TEST(valkey_uri, reads_the_database_of_the_path) {
    expect_readings({{"valkey://cache/0", "cache|6379"},
                     {"valkey://cache/2", "cache|6379 db=2"},
                     {"valkey://cache:7000/15", "cache|7000 db=15"},
                     {"valkey://cache/02", "cache|6379 db=2"},
                     {"valkey://cache/", "cache|6379"}});
    expect_refused({"valkey://cache/x", "valkey://cache/-1", "valkey://cache/1/2",
                    "valkey://cache/1/", "valkey://cache//1", "valkey://cache/2147483648",
                    "valkey://cache/99999999999999999999", "valkey://cache/1.0",
                    "valkey://cache/+1", "valkey://cache/ 1"});
}

TEST(valkey_uri, reads_the_database_of_the_query) {
    expect_readings({{"valkey://cache?db=2", "cache|6379 db=2"},
                     {"valkey://cache/?db=2", "cache|6379 db=2"},
                     {"valkey://cache?db=%32", "cache|6379 db=2"}});
    expect_refused({"valkey://cache?db=x", "valkey://cache?db=-1", "valkey://cache?db=1x",
                    "valkey://cache?db=2147483648"});
}

// valkey-py asks the path only where the query says nothing.
TEST(valkey_uri, prefers_the_database_of_the_query_to_that_of_the_path) {
    expect_readings(
        {{"valkey://cache/1?db=2", "cache|6379 db=2"}, {"valkey://cache/1?db=0", "cache|6379"}});
}

TEST(valkey_uri, reads_a_login_in_the_query) {
    expect_readings(
        {{"valkey://cache?username=app&password=secret", "cache|6379 user=app password=secret"},
         {"valkey://cache?password=a%26b%3D", "cache|6379 password=a&b="},
         {"valkey://cache?password=a=b", "cache|6379 password=a=b"},
         {"valkey://app@cache?password=second", "cache|6379 user=app password=second"},
         {"valkey://:secret@cache?username=app", "cache|6379 user=app password=secret"}});
}

// valkey-py asks the query only for what stands nowhere else.
TEST(valkey_uri, prefers_the_login_before_the_host_to_that_of_the_query) {
    expect_readings(
        {{"valkey://:first@cache?password=second", "cache|6379 password=first"},
         {"valkey://app:first@cache?username=b&password=c", "cache|6379 user=app password=first"},
         {"unix://app:first@/v.sock?username=b&password=c",
          "unix|/v.sock user=app password=first"}});
}

// valkey-py drops parameters that say nothing.
TEST(valkey_uri, takes_no_login_from_parameters_that_are_empty) {
    expect_readings(
        {{"valkey://cache?username=", "cache|6379"},
         {"valkey://cache?username&password=secret", "cache|6379 password=secret"},
         {"valkey://app:secret@cache?username=&password=", "cache|6379 user=app password=secret"}});
}

TEST(valkey_uri, reads_how_to_check_certificates) {
    expect_readings(
        {{"valkeys://cache?ssl_cert_reqs=none", "cache|6379 tls unverified"},
         {"valkeys://cache?ssl_cert_reqs=required", "cache|6379 tls"},
         {"valkeys://cache?ssl_ca_certs=/etc/ca%20s.pem", "cache|6379 tls ca=/etc/ca s.pem"},
         {"valkeys://cache/1?ssl_cert_reqs=none&ssl_ca_certs=a.pem",
          "cache|6379 db=1 tls unverified ca=a.pem"}});
}

// What is misspelt must not switch a check off.
TEST(valkey_uri, refuses_unknown_ways_to_check_certificates) {
    expect_refused({"valkeys://cache?ssl_cert_reqs=", "valkeys://cache?ssl_cert_reqs=None",
                    "valkeys://cache?ssl_cert_reqs=no", "valkeys://cache?ssl_cert_reqs"});
}

TEST(valkey_uri, reads_the_own_certificate_and_its_key) {
    expect_readings({{"valkeys://cache?ssl_certfile=/a.pem", "cache|6379 tls certificate=/a.pem"},
                     {"valkeys://cache?ssl_keyfile=/k.pem&ssl_certfile=/a%20b.pem",
                      "cache|6379 tls certificate=/a b.pem key=/k.pem"},
                     {"valkeys://cache?ssl_check_hostname=True", "cache|6379 tls"}});
    expect_refused({"valkeys://cache?ssl_keyfile=/k.pem"});
}

// What somebody relies on is not to be dropped without a word.
TEST(valkey_uri, refuses_parameters_that_would_do_nothing) {
    for (const std::string parameter :
         {"ssl_password=a", "ssl_check_hostname=False", "ssl_min_version=TLSv1.3", "ssl_crlfile=a",
          "socket_timeout=1", "max_connections=5", "client_name=a", "health_check_interval=1",
          "retry_on_timeout=True", "user=a", "pasword=a", "Password=a", "database=3", "x", "=",
          "=a"})
        expect_refused({"valkeys://cache?" + parameter, "valkeys://cache?db=3&" + parameter,
                        "valkeys://cache?" + parameter + "&db=3"});
    for (const std::string parameter : {"ssl_ca_certs=a.pem", "ssl_certfile=a.pem",
                                        "ssl_cert_reqs=none", "ssl_cert_reqs=required"})
        expect_refused({"valkey://cache?" + parameter, "redis://cache?" + parameter,
                        "unix:///v.sock?" + parameter});
}

TEST(valkey_uri, skips_what_is_about_pythons_side_of_replies) {
    expect_readings({{"valkey://cache?decode_responses=True&protocol=3", "cache|6379"},
                     {"valkey://cache?encoding=utf-8&encoding_errors=strict", "cache|6379"},
                     {"valkey://cache?", "cache|6379"},
                     {"valkey://cache?&&", "cache|6379"}});
}

TEST(valkey_uri, reads_unix_sockets) {
    expect_readings({{"unix:///run/valkey.sock?db=2", "unix|/run/valkey.sock db=2"},
                     {"unix:///tmp/a%20b.sock", "unix|/tmp/a b.sock"},
                     {"unix:///tmp/a@b.sock", "unix|/tmp/a@b.sock"},
                     {"unix://app:secret@/run/v.sock", "unix|/run/v.sock user=app password=secret"},
                     {"unix://:secret@/run/v.sock?db=1", "unix|/run/v.sock db=1 password=secret"},
                     {"unix:///run/v.sock?username=app&password=secret",
                      "unix|/run/v.sock user=app password=secret"}});
    expect_refused({"unix://", "unix:///", "unix://run/valkey.sock", "unix://localhost/run/v.sock",
                    "unix://?db=1", "unix://app:secret@", "unix://app:secret@host/run/v.sock"});
}

TEST(valkey_uri, refuses_a_database_in_a_place_of_its_own) {
    expect_refused({"unix:///run/v.sock?db=x", "unix:///run/v.sock?db=-1"});
}

// ---- for the log ----

TEST(valkey_address, names_the_server) {
    const auto address = [](std::string_view uri) { return parse_uri(uri)->address(); };
    EXPECT_EQ(address("valkey://cache"), "cache:6379");
    EXPECT_EQ(address("valkeys://127.0.0.1:7000/2"), "127.0.0.1:7000");
    EXPECT_EQ(address("valkey://[::1]:7000"), "[::1]:7000");
    EXPECT_EQ(address("unix:///run/valkey.sock?db=2"), "/run/valkey.sock");
}

TEST(valkey_address, never_tells_the_login) {
    for (const auto* uri :
         {"valkey://app:hunter2@cache:7000/2", "valkeys://app:hunter2@[::1]", "redis://:hunter2@",
          "unix://app:hunter2@/run/v.sock", "unix:///run/v.sock?username=app&password=hunter2",
          "valkey://cache?username=app&password=hunter2", "valkey://app:x@hunter2@cache",
          "valkey://app:hunter2:x@cache", "valkey://app:hunter2%2F@cache"}) {
        const auto parsed = parse_uri(uri);
        ASSERT_TRUE(parsed) << uri;
        EXPECT_EQ(parsed->address().find("hunter2"), std::string::npos) << uri;
        EXPECT_EQ(parsed->address().find("app"), std::string::npos) << uri;
        EXPECT_EQ(parsed->address().find('@'), std::string::npos) << uri;
    }
}

}  // namespace
}  // namespace LARDER_NAMESPACE::valkey
