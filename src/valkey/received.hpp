// How much a TCP connection has received.
#pragma once

#include <cstdint>

namespace larder::valkey {

/// All bytes that the kernel has received on this connection, read or not. One system call.
std::uint64_t bytes_received(int socket);

}  // namespace larder::valkey
