#include "received.hpp"

// A source of its own: glibc's <netinet/tcp.h> has an older tcp_info of the same name.
#include <linux/tcp.h>
#include <sys/socket.h>

#include <netinet/in.h>

namespace LARDER_NAMESPACE::valkey {

std::uint64_t bytes_received(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return ~std::uint64_t{0};
    return info.tcpi_bytes_received;
}

}  // namespace LARDER_NAMESPACE::valkey
