// The socket that a service listens on. Private to larder.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::http {

/// TCP and Unix sockets alike.
using stream = boost::asio::generic::stream_protocol;
using acceptor = boost::asio::basic_socket_acceptor<stream>;

struct listen_options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8000;
    std::string unix_path = {};  ///< a Unix socket instead; one that nobody listens on is replaced
    std::optional<int> descriptor = {};  ///< a socket that listens already instead
    int backlog = 2'048;
    std::string_view port_flag = "--port", path_flag = "--uds";  ///< which choose another one
};

/// Binds and listens; of a name's addresses at the first that is this machine's, IPv4 before IPv6.
/// A Unix socket is anybody's to connect to, or whose the one before was. Throws std::system_error
/// with one sentence that names the address.
acceptor listen(boost::asio::io_context& io, const listen_options& where);

/// The same socket again, for another worker: whoever is idle takes the next connection.
acceptor share(boost::asio::io_context& io, acceptor& listening);

/// `127.0.0.1:51584`, `[::1]:51584`, or `unix:` and the path.
std::string text_of(const stream::endpoint& e);
std::string text_of(const boost::asio::ip::tcp::endpoint& e);

}  // namespace LARDER_NAMESPACE::http
