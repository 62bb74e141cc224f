// How an endpoint is written as a URL. Listening itself is tests/integration's.

#include "http/listener.hpp"

#include <gtest/gtest.h>

#include <string>

namespace larder::http {
namespace {

std::string url(const char* address, unsigned short port) {
    return url_of({boost::asio::ip::make_address(address), port});
}

TEST(url_of, is_what_a_browser_takes) {
    EXPECT_EQ(url("127.0.0.1", 8000), "http://127.0.0.1:8000");
    EXPECT_EQ(url("0.0.0.0", 1), "http://0.0.0.0:1");
    EXPECT_EQ(url("192.168.1.10", 65535), "http://192.168.1.10:65535");
}

TEST(url_of, puts_an_ipv6_address_into_brackets) {
    EXPECT_EQ(url("::1", 8000), "http://[::1]:8000");
    EXPECT_EQ(url("::", 80), "http://[::]:80");
    EXPECT_EQ(url("2001:db8::2", 8000), "http://[2001:db8::2]:8000");
    EXPECT_EQ(url("::ffff:127.0.0.1", 8000), "http://[::ffff:127.0.0.1]:8000");
}

}  // namespace
}  // namespace larder::http
