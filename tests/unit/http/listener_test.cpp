// How an endpoint is written. Listening itself is tests/integration's.

#include "http/listener.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <string>

namespace LARDER_NAMESPACE::http {
namespace {

std::string written(const char* address, unsigned short port) {
    return text_of(boost::asio::ip::tcp::endpoint{boost::asio::ip::make_address(address), port});
}

TEST(text_of, is_what_stands_in_a_url) {
    EXPECT_EQ(written("127.0.0.1", 8000), "127.0.0.1:8000");
    EXPECT_EQ(written("0.0.0.0", 1), "0.0.0.0:1");
    EXPECT_EQ(written("192.168.1.10", 65535), "192.168.1.10:65535");
}

TEST(text_of, puts_an_ipv6_address_into_brackets) {
    EXPECT_EQ(written("::1", 8000), "[::1]:8000");
    EXPECT_EQ(written("::", 80), "[::]:80");
    EXPECT_EQ(written("2001:db8::2", 8000), "[2001:db8::2]:8000");
    EXPECT_EQ(written("::ffff:127.0.0.1", 8000), "[::ffff:127.0.0.1]:8000");
}

TEST(text_of, names_a_unix_sockets_path) {
    EXPECT_EQ(text_of(boost::asio::local::stream_protocol::endpoint{"/run/orders.sock"}),
              "unix:/run/orders.sock");
    EXPECT_EQ(text_of(boost::asio::local::stream_protocol::endpoint{}), "unix:");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
