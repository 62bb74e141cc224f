#include "tls_unread.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "received.hpp"

// The bytes that come take this way: kernel, Asio's input buffer, a pair of BIOs, OpenSSL, and by
// SSL_read the buffer of Boost.Redis, whose handler may still wait for its turn then (where
// SSL_read had something at once, Asio posts the handler).
//
// OpenSSL takes bytes from the BIO only when SSL_read has nothing decrypted to give. The one reader
// calls SSL_read again only when it has handled what the call before gave. So a read of the BIO
// that finds nothing says that everything taken before was handled; and the BIO counts what was
// taken, which is compared with what the kernel received.

namespace LARDER_NAMESPACE::valkey {

namespace {

// What the BIO's argument points to while its last read found nothing.
char found_nothing;

long note_reads(BIO* bio, int what, const char*, std::size_t, int, long, int result, std::size_t*) {
    if (what == (BIO_CB_READ | BIO_CB_RETURN))
        BIO_set_callback_arg(bio, result > 0 ? nullptr : &found_nothing);
    return result;
}

}  // namespace

void watch_reads(SSL* tls) {
    // Else a server may have SSL_write read, too. TLS 1.3 has no renegotiation.
    SSL_set_options(tls, SSL_OP_NO_RENEGOTIATION);
    BIO_set_callback_ex(SSL_get_rbio(tls), note_reads);
}

bool has_unread(const SSL* tls, int socket) {
    auto* const bio = SSL_get_rbio(tls);
    return BIO_get_callback_arg(bio) != &found_nothing ||
           bytes_received(socket) != BIO_number_read(bio);
}

}  // namespace LARDER_NAMESPACE::valkey
