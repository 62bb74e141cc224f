// Which addresses are in a set of networks.

#include "larder/http/networks.hpp"

#include <gtest/gtest.h>
#include <boost/asio/ip/address.hpp>

namespace LARDER_NAMESPACE::http {
namespace {

networks of(std::initializer_list<const char*> members) {
    networks all;
    for (const auto* one : members) EXPECT_TRUE(all.add(one)) << one;
    return all;
}

bool contains(const networks& all, const char* address) {
    return all.contains(boost::asio::ip::make_address(address));
}

TEST(networks, of_nobody_contain_nobody) {
    for (const auto* one : {"127.0.0.1", "::1", "0.0.0.0", "::"}) EXPECT_FALSE(contains({}, one));
}

TEST(networks, contain_the_addresses_named) {
    const auto all = of({"10.0.0.5", " ::1 ", "0:0:0:0:0:0:0:2"});
    for (const auto* one : {"10.0.0.5", "::ffff:10.0.0.5", "::1", "::2"})
        EXPECT_TRUE(contains(all, one)) << one;
    for (const auto* one : {"10.0.0.4", "::3", "::ffff:10.0.0.4", "::10.0.0.5"})
        EXPECT_FALSE(contains(all, one)) << one;
}

TEST(networks, contain_what_begins_alike) {
    const auto all = of({"10.1.0.0/16", "192.168.7.9/23", "fd00::/8", "::ffff:172.16.0.0/108"});
    for (const auto* one : {"10.1.0.0", "10.1.255.255", "192.168.6.0", "192.168.7.255", "fdff::1",
                            "::ffff:10.1.2.3", "172.31.0.1"})
        EXPECT_TRUE(contains(all, one)) << one;
    for (const auto* one :
         {"10.2.0.0", "10.0.255.255", "192.168.8.0", "fe00::1", "::1", "172.32.0.1"})
        EXPECT_FALSE(contains(all, one)) << one;
    EXPECT_TRUE(contains(of({"0.0.0.0/0"}), "203.0.113.7"));
    EXPECT_FALSE(contains(of({"0.0.0.0/0"}), "2001:db8::7"));
    EXPECT_TRUE(contains(of({"::/0"}), "203.0.113.7"));
}

TEST(networks, contain_an_address_on_any_link_unless_one_is_named) {
    EXPECT_TRUE(contains(of({"fe80::/10"}), "fe80::1%lo"));
    EXPECT_TRUE(contains(of({"::/0"}), "fe80::1%lo"));
    EXPECT_TRUE(contains(of({"fe80::1%lo"}), "fe80::1%lo"));
    EXPECT_FALSE(contains(of({"fe80::1%lo"}), "fe80::1"));
}

TEST(networks, of_everybody_contain_everybody) {
    const auto all = of({"10.0.0.5", "*"});
    EXPECT_TRUE(all.is_everybody());
    EXPECT_TRUE(contains(all, "203.0.113.7"));
    EXPECT_FALSE(of({"::/0"}).is_everybody()) << "who has no address is not of it";
}

TEST(networks, are_not_made_of_anything_else) {
    for (const auto* none :
         {"", " ", "**", "proxy", "10.0.0", "10.0.0.256", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
          "10.0.0.0/8/8", "fd00::/129", "[::1]", "10.0.0.5:80", "10.0.0.1,10.0.0.2", "/8"}) {
        networks all;
        EXPECT_FALSE(all.add(none)) << none;
        EXPECT_FALSE(contains(all, "10.0.0.0")) << none;
    }
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
