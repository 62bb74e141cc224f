#include "listener.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "start_error.hpp"

namespace LARDER_NAMESPACE::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using unix_stream = asio::local::stream_protocol;

namespace {

// Each library's error in its own words: a name server's is none of the system's.
[[noreturn]] void refuse(const boost::system::error_code& why, const std::string& address,
                         const std::string& advice) {
    auto sentence = "Cannot listen on " + address + ": ";
    if (why == asio::error::address_in_use)
        sentence += "another program uses it (" + why.message() + "); " + advice;
    else sentence += why.message();
    throw start_error({why.value(), std::system_category()}, std::move(sentence));
}

// All addresses of the host, those of IPv4 first.
std::vector<stream::endpoint> resolve(asio::io_context& io, const listen_options& where,
                                      boost::system::error_code& ec) {
    tcp::resolver resolver{io};
    const auto found =
        resolver.resolve(where.host, std::to_string(where.port),
                         tcp::resolver::passive | tcp::resolver::numeric_service, ec);
    std::vector<stream::endpoint> all;
    for (const bool v4 : {true, false})
        for (const auto& one : found)
            if (one.endpoint().address().is_v4() == v4) all.emplace_back(one.endpoint());
    return all;
}

// What a service before left behind. A socket that somebody listens on stays. The mode for the next
// one: as an operator has set it, or for the proxy, which is seldom the same user.
mode_t remove_dead_socket(asio::io_context& io, const unix_stream::endpoint& at) {
    constexpr mode_t anybody = 0666;
    struct stat found{};
    if (::lstat(at.path().c_str(), &found) != 0) return anybody;
    if (!S_ISSOCK(found.st_mode))
        throw start_error({EADDRINUSE, std::system_category()},
                          "Cannot listen on " + at.path() + ": there is a file that is no socket");
    unix_stream::socket probe{io};
    boost::system::error_code ec;
    probe.connect(at, ec);
    if (ec == asio::error::connection_refused) ::unlink(at.path().c_str());
    return found.st_mode & 0777U;
}

acceptor adopt(asio::io_context& io, int descriptor) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    int listens = 0;
    socklen_t flag = sizeof listens;
    const bool is_socket =
        ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
        ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &flag) == 0;
    if (is_socket && listens != 0) return {io, stream{address.ss_family, 0}, descriptor};
    const std::error_code why{is_socket ? EINVAL : errno, std::system_category()};
    throw start_error(why, "Descriptor " + std::to_string(descriptor) +
                               " is no socket that listens" +
                               (is_socket ? "" : ": " + why.message()));
}

}  // namespace

acceptor listen(asio::io_context& io, const listen_options& where) {
    if (where.descriptor) return adopt(io, *where.descriptor);
    boost::system::error_code ec;
    std::vector<stream::endpoint> endpoints;
    mode_t mode = 0;
    auto address = where.host + ":" + std::to_string(where.port);
    auto advice = "stop it, or choose another port with " + std::string{where.port_flag};
    if (where.unix_path.empty()) {
        endpoints = resolve(io, where, ec);
    } else {
        address = where.unix_path;
        advice = "stop it, or choose another path with " + std::string{where.path_flag};
        if (where.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
            ec = asio::error::name_too_long;
        } else {
            const unix_stream::endpoint path{where.unix_path};
            mode = remove_dead_socket(io, path);
            endpoints.emplace_back(path);
        }
    }
    acceptor result{io};
    for (const auto& endpoint : endpoints) {
        result.close(ec);
        result.open(endpoint.protocol(), ec);
        if (!ec && where.unix_path.empty()) result.set_option(acceptor::reuse_address{true}, ec);
        if (!ec) result.bind(endpoint, ec);
        if (!ec) break;
        // Of a name some addresses may be of another machine, or of a protocol that is off.
        if (ec != asio::error::address_family_not_supported && ec.value() != EADDRNOTAVAIL) break;
    }
    if (!ec && mode != 0 && ::chmod(where.unix_path.c_str(), mode) != 0)
        ec = {errno, boost::system::system_category()};
    if (!ec) result.listen(where.backlog, ec);
    if (ec) refuse(ec, address, advice);
    return result;
}

acceptor share(asio::io_context& io, acceptor& listening) {
    const auto protocol = listening.local_endpoint().protocol();
    const int again = ::dup(listening.native_handle());
    if (again < 0) throw std::system_error(errno, std::system_category(), "Cannot listen");
    return {io, protocol, again};
}

std::string text_of(const stream::endpoint& e) {
    if (e.protocol().family() == AF_UNIX) {
        sockaddr_un named{};
        std::memcpy(&named, e.data(), std::min(e.size(), sizeof named));
        return std::string{"unix:"} + named.sun_path;
    }
    tcp::endpoint named;
    std::memcpy(named.data(), e.data(), std::min(e.size(), named.capacity()));
    return text_of(named);
}

std::string text_of(const tcp::endpoint& e) {
    const auto address = e.address().to_string();
    return (e.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(e.port());
}

}  // namespace LARDER_NAMESPACE::http
