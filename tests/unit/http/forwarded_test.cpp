// What proxies say of the client before them.

#include "http/forwarded.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "http/listener.hpp"

namespace LARDER_NAMESPACE::http {
namespace {

struct given_fields : header_fields {
    explicit given_fields(std::map<std::string, std::string, std::less<>> of)
        : all_of(std::move(of)) {}
    std::string all(std::string_view name) const override {
        const auto found = all_of.find(name);
        return found == all_of.end() ? "" : found->second;
    }
    bool has(std::string_view name) const override { return all_of.contains(name); }
    std::map<std::string, std::string, std::less<>> all_of;
};

// The client and the scheme, as the log would show them; the proxies are in 10.0.0.0/8.
std::string client_in(const given_fields& of) {
    networks trusted;
    EXPECT_TRUE(trusted.add("10.0.0.0/8"));
    const auto found = read_forwarded(of, trusted);
    const auto client = found.client ? text_of(*found.client) : "-";
    return found.scheme.empty() ? client : client + ' ' + std::string{found.scheme};
}
std::string of_list(std::string list) {
    return client_in(given_fields{{{"x-forwarded-for", std::move(list)}}});
}
std::string of_both(std::string list, std::string schemes) {
    return client_in(given_fields{
        {{"x-forwarded-for", std::move(list)}, {"x-forwarded-proto", std::move(schemes)}}});
}
std::string of_forwarded(std::string list) {
    return client_in(given_fields{{{"forwarded", std::move(list)}}});
}

TEST(x_forwarded_for, has_addresses_with_and_without_ports) {
    EXPECT_EQ(of_list("203.0.113.7"), "203.0.113.7:0");
    EXPECT_EQ(of_list("203.0.113.7:4711"), "203.0.113.7:4711");
    EXPECT_EQ(of_list("2001:db8::1"), "[2001:db8::1]:0");
    EXPECT_EQ(of_list("[2001:db8::1]"), "[2001:db8::1]:0");
    EXPECT_EQ(of_list(" [2001:db8::1]:4711\t"), "[2001:db8::1]:4711");
    EXPECT_EQ(of_list("203.0.113.7:"), "203.0.113.7:0");
    EXPECT_EQ(of_list("203.0.113.7:70000"), "203.0.113.7:0");
}

TEST(x_forwarded_for, is_believed_as_far_as_proxies_are_trusted) {
    EXPECT_EQ(of_list("6.6.6.6, 203.0.113.7:4711, 10.0.0.1:81, 10.0.0.2"), "203.0.113.7:4711");
    EXPECT_EQ(of_list("6.6.6.6,203.0.113.7"), "203.0.113.7:0");
    EXPECT_EQ(of_list("10.0.0.1, 10.0.0.2"), "10.0.0.1:0");
    EXPECT_EQ(of_list("6.6.6.6, unknown, 10.0.0.2"), "10.0.0.2:0");
    EXPECT_EQ(of_list("6.6.6.6, , 10.0.0.2"), "10.0.0.2:0");
}

TEST(x_forwarded_for, that_names_no_address_names_nobody) {
    for (const auto* text : {"", " ", "unknown", "_hidden", "proxy.example", "203.0.113", "[]",
                             "[203.0.113.7]", "[2001:db8::1", "[2001:db8::1]x", "2001:db8::g",
                             ":4711", "203.0.113.7 x", "\"203.0.113.7\"", "for=203.0.113.7"})
        EXPECT_EQ(of_list(text), "-") << text;
}

TEST(x_forwarded_proto, is_of_the_hop_that_the_client_asked) {
    EXPECT_EQ(of_both("203.0.113.7", "https"), "203.0.113.7:0 https");
    EXPECT_EQ(of_both("203.0.113.7", "HTTPS"), "203.0.113.7:0 https");
    EXPECT_EQ(of_both("203.0.113.7", "http"), "203.0.113.7:0 http");
    EXPECT_EQ(of_both("203.0.113.7, 10.0.0.2", "https, http"), "203.0.113.7:0 https");
    EXPECT_EQ(of_both("6.6.6.6, 203.0.113.7", "https, http"), "203.0.113.7:0 http");
    EXPECT_EQ(of_both("6.6.6.6, 203.0.113.7, 10.0.0.2", "https"), "203.0.113.7:0 https");
    EXPECT_EQ(of_both("203.0.113.7", "http, https"), "203.0.113.7:0 https")
        << "the nearest proxy's";
    EXPECT_EQ(of_both("203.0.113.7", "ftp"), "203.0.113.7:0");
    EXPECT_EQ(client_in(given_fields{{{"x-forwarded-proto", "https"}}}), "- https");
}

TEST(forwarded_header, has_what_rfc_7239_shows) {
    EXPECT_EQ(of_forwarded("for=203.0.113.7;proto=https;by=10.0.0.1"), "203.0.113.7:0 https");
    EXPECT_EQ(of_forwarded("For=\"[2001:db8:cafe::17]:4711\""), "[2001:db8:cafe::17]:4711");
    EXPECT_EQ(of_forwarded("for=192.0.2.43, for=198.51.100.17"), "198.51.100.17:0");
    EXPECT_EQ(of_forwarded("for=\"192.0.2.43:47011\";PROTO=\"HTTPS\""), "192.0.2.43:47011 https");
    EXPECT_EQ(of_forwarded("for=192.0.2.43,for=\"[2001:db8:cafe::17]\",for=unknown"), "-");
    EXPECT_EQ(of_forwarded("for=_hidden, for=_SEVKISEK;proto=https"), "- https");
    EXPECT_EQ(of_forwarded("for=\"192.0.2.43:_gazonk\""), "192.0.2.43:0");
}

TEST(forwarded_header, is_believed_as_far_as_proxies_are_trusted) {
    EXPECT_EQ(of_forwarded("for=6.6.6.6;proto=http, for=203.0.113.7;proto=https, for=10.0.0.1"),
              "203.0.113.7:0 https");
    EXPECT_EQ(of_forwarded("for=203.0.113.7;proto=https,for=10.0.0.1;proto=http"),
              "203.0.113.7:0 https");
    EXPECT_EQ(of_forwarded("for=203.0.113.7, for=unknown, for=10.0.0.1"), "10.0.0.1:0");
}

TEST(forwarded_header, may_have_quotes_with_anything_in_them) {
    EXPECT_EQ(of_forwarded(R"(host="a, for=6.6.6.6;\";proto=http";for=203.0.113.7)"),
              "203.0.113.7:0");
    EXPECT_EQ(of_forwarded(R"(for="203.0\.113.7" ; proto=https ,, )"), "-");
    EXPECT_EQ(of_forwarded(R"(for="203.0\.113.7" ; ; proto=https)"), "203.0.113.7:0 https");
}

TEST(forwarded_header, that_cannot_be_read_says_nothing) {
    for (const auto* text :
         {"for", "for=", "for =203.0.113.7", "for= 203.0.113.7", "for=203.0.113.7 proto=https",
          "for=\"203.0.113.7", "for=\"203.0.113.7\"x", "for=203.0.113.7\"\"", "=203.0.113.7",
          "for=\"203.0.113.7\\", "203.0.113.7", "for=\"x, for=203.0.113.7", "\"for\"=203.0.113.7"})
        EXPECT_EQ(of_forwarded(text), "-") << text;
}

// Only one of the two is written by the proxy, and that is hardly ever this one.
TEST(forwarded_header, does_not_count_beside_x_forwarded) {
    for (const auto* theirs : {"x-forwarded-for", "x-forwarded-proto"}) {
        const auto found =
            client_in(given_fields{{{"forwarded", "for=6.6.6.6;proto=https"}, {theirs, "http"}}});
        EXPECT_TRUE(found.starts_with("-")) << found;
        EXPECT_EQ(found.find("https"), std::string::npos);
    }
    EXPECT_EQ(client_in(given_fields{{}}), "-");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
