// How much a TCP connection has received.
#pragma once

#include <cstdint>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::valkey {

/// All bytes that the kernel has received on this connection, read or not. One system call.
std::uint64_t bytes_received(int socket);

}  // namespace LARDER_NAMESPACE::valkey
