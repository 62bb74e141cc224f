#include "tls.hpp"

#include <openssl/ssl.h>
#include <boost/asio/error.hpp>

#include <system_error>

#include "start_error.hpp"

namespace LARDER_NAMESPACE::http {

namespace {

using ssl = boost::asio::ssl::context;

// OpenSSL would ask for it on the terminal, and wait.
thread_local bool lacked_password = false;

int no_password(char*, int, int, void*) {
    lacked_password = true;
    return -1;
}

void insist(const boost::system::error_code& ec, const std::string& what, const std::string& file) {
    if (!ec) return;
    const auto why = lacked_password ? "it is encrypted: decrypt it first" : ec.message();
    throw start_error(std::make_error_code(std::errc::invalid_argument),
                      "Cannot use " + file + " as " + what + ": " + why);
}

// Only HTTP/1.1 is spoken; a client that offers nothing of it is not refused.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, in, in_size);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

ssl tls_context(const std::string& key, const std::string& certificate,
                const std::string& authorities) {
    ssl context{ssl::tls_server};
    context.set_options(ssl::no_tlsv1 | ssl::no_tlsv1_1);
    boost::system::error_code ec;
    lacked_password = false;
    SSL_CTX_set_default_passwd_cb(context.native_handle(), no_password);
    context.use_certificate_chain_file(certificate, ec);
    insist(ec, "a certificate", certificate);
    context.use_private_key_file(key, ssl::pem, ec);
    insist(ec, "the certificate's key, that of " + certificate, key);
    if (!authorities.empty()) {
        context.load_verify_file(authorities, ec);
        insist(ec, "certificates of authorities", authorities);
        context.set_verify_mode(boost::asio::ssl::verify_peer |
                                boost::asio::ssl::verify_fail_if_no_peer_cert);
    }
    // Without one OpenSSL refuses to resume a session whose client has shown a certificate.
    static constexpr unsigned char name[] = "larder";
    SSL_CTX_set_session_id_context(context.native_handle(), name, sizeof name - 1);
    SSL_CTX_set_alpn_select_cb(context.native_handle(), choose_protocol, nullptr);
    return context;
}

}  // namespace LARDER_NAMESPACE::http
