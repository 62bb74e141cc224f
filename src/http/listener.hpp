// The socket that a service listens on. Private to larder.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

namespace larder::http {

/// Binds and listens. Throws std::system_error with one sentence that names the address.
boost::asio::ip::tcp::acceptor listen(boost::asio::io_context& io, const std::string& host,
                                      std::uint16_t port);

/// The same socket again, for another worker: whoever is idle takes the next connection.
boost::asio::ip::tcp::acceptor share(boost::asio::io_context& io,
                                     boost::asio::ip::tcp::acceptor& listening);

/// `http://127.0.0.1:8000`
std::string url_of(const boost::asio::ip::tcp::endpoint& e);

}  // namespace larder::http
