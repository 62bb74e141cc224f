#include "tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/system/system_error.hpp>

#include "tls_unread.hpp"

namespace LARDER_NAMESPACE::valkey {

namespace asio = boost::asio;

namespace {

boost::system::system_error unreadable(const char* what, const std::string& file,
                                       boost::system::error_code why) {
    return {why, what + (" cannot be read from " + file)};
}

}  // namespace

asio::ssl::context make_tls(const server& s) {
    asio::ssl::context tls{asio::ssl::context::tls_client};
    tls.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    if (!s.tls) return tls;
    if (s.ca_file.empty()) {
        tls.set_default_verify_paths();
    } else {
        boost::system::error_code ec;
        tls.load_verify_file(s.ca_file, ec);
        if (ec) throw unreadable("ssl_ca_certs", s.ca_file, ec);
    }
    tls.set_verify_mode(s.verify ? asio::ssl::verify_peer : asio::ssl::verify_none);
    if (s.certificate_file.empty()) return tls;
    const auto& key_file = s.key_file.empty() ? s.certificate_file : s.key_file;
    boost::system::error_code ec;
    tls.use_certificate_chain_file(s.certificate_file, ec);
    if (ec) throw unreadable("ssl_certfile", s.certificate_file, ec);
    tls.set_password_callback([](auto, auto) { return std::string{}; });  // nobody is at a terminal
    tls.use_private_key_file(key_file, asio::ssl::context::pem, ec);
    if (ec) throw unreadable("ssl_keyfile", key_file, ec);
    return tls;
}

// Boost.Redis leaves the server's name and its check to its user.
void set_up(asio::ssl::stream<link_socket>& stream, const server& s, std::string& fault) {
    watch_reads(stream.native_handle());
    if (s.verify)
        stream.set_verify_callback([check = asio::ssl::host_name_verification{s.host}, &fault,
                                    host = s.host](bool is_trusted, auto& context) {
            auto* const handle = context.native_handle();
            const bool is_right = check(is_trusted, context);
            if (!is_trusted)
                fault = X509_verify_cert_error_string(X509_STORE_CTX_get_error(handle));
            else if (!is_right) fault = "it is not for " + host;
            return is_right;
        });
    boost::system::error_code is_name;
    asio::ip::make_address(s.host, is_name);
    if (is_name)  // SSL_set_tlsext_host_name, without the macro's cast
        SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(s.host.c_str()));
}

}  // namespace LARDER_NAMESPACE::valkey
