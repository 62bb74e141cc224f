// Lets Boost.Redis, which knows TCP only, talk to a Unix socket. Private to valkey.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "valkey/guarded_executor.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Listens on a loopback port, takes one connection there and carries its bytes to the Unix socket
/// and back until either end closes. Others who knock at the port are turned away.
class unix_relay : public std::enable_shared_from_this<unix_relay> {
public:
    using tcp = boost::asio::ip::tcp;

    unix_relay(const boost::asio::any_io_executor& executor, std::string path);

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    /// `client` is the socket that will connect to the port. Returns at once.
    void start(const link_socket& client);
    /// Whether the far end said anything beyond the first `handled` bytes: it waits in its socket,
    /// or was carried and not handled yet. One system call.
    bool has_unread(std::uint64_t handled) const;
    /// Why the Unix socket cannot be connected to; empty if it can.
    const std::string& why() const { return why_; }
    /// Stops listening and carrying.
    void stop();

private:
    boost::asio::awaitable<void> serve(const link_socket& client);
    boost::asio::awaitable<void> carry_to_far();
    boost::asio::awaitable<void> carry_to_near();

    struct streams;
    tcp::acceptor acceptor_;
    std::string path_;
    std::string why_;
    std::shared_ptr<streams> streams_;
    std::uint64_t taken_ = 0;  // from the far end, in bytes
};

}  // namespace LARDER_NAMESPACE::valkey
