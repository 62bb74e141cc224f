// Whether a TLS connection has received anything that was not handled yet. Private to valkey.
#pragma once

#include <openssl/types.h>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Call once, before the handshake, for a stream that one reader reads.
void watch_reads(SSL* tls);

/// Anything that `socket` has received was not handled yet by the reader: it waits in the kernel,
/// in Asio, in OpenSSL, or in the reader's own buffer for a turn of its handler. Exact, but that a
/// record counts once all of it has come. One system call.
bool has_unread(const SSL* tls, int socket);

}  // namespace LARDER_NAMESPACE::valkey
