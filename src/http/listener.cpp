#include "listener.hpp"

#include <unistd.h>

#include <system_error>

namespace larder::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

[[noreturn]] void refuse(const boost::system::error_code& why, const std::string& host,
                         std::uint16_t port) {
    const auto where = "Cannot listen on " + host + ":" + std::to_string(port);
    const std::error_code code{why.value(), std::system_category()};
    if (why == asio::error::address_in_use)
        throw std::system_error(code, where +
                                          ": another program uses that port; stop it, or "
                                          "choose another with --port");
    throw std::system_error(code, where);
}

}  // namespace

tcp::acceptor listen(asio::io_context& io, const std::string& host, std::uint16_t port) {
    boost::system::error_code ec;
    tcp::resolver resolver{io};
    const auto found = resolver.resolve(
        host, std::to_string(port), tcp::resolver::passive | tcp::resolver::numeric_service, ec);
    if (ec) refuse(ec, host, port);
    const tcp::endpoint where = *found.begin();
    tcp::acceptor acceptor{io};
    acceptor.open(where.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address{true}, ec);
    if (!ec) acceptor.bind(where, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) refuse(ec, host, port);
    return acceptor;
}

tcp::acceptor share(asio::io_context& io, tcp::acceptor& listening) {
    const auto protocol = listening.local_endpoint().protocol();
    const int again = ::dup(listening.native_handle());
    if (again < 0) throw std::system_error(errno, std::system_category(), "Cannot listen");
    return tcp::acceptor{io, protocol, again};
}

std::string url_of(const tcp::endpoint& e) {
    const auto address = e.address().to_string();
    const auto host = e.address().is_v6() ? "[" + address + "]" : address;
    return "http://" + host + ":" + std::to_string(e.port());
}

}  // namespace larder::http
