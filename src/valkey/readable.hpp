// Whether a socket has something to read.
#pragma once

#include <sys/socket.h>

#include <cerrno>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Bytes, an end or an error wait in it. One system call; reads nothing.
inline bool readable(int socket) {
    char one = 0;
    return ::recv(socket, &one, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace LARDER_NAMESPACE::valkey
