// Where a Valkey server is and how to log in there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Where a Valkey is, and as whom to log in.
struct server {
    std::string host = "localhost";  ///< a name or an address
    std::uint16_t port = 6379;
    std::string unix_socket;  ///< a path; used instead of host and port if it is not empty
    std::string user = "default";
    std::string password;  ///< empty: no login
    int database = 0;
    bool tls = false;
    bool verify = true;            ///< check the server's certificate and its name
    std::string ca_file;           ///< PEM; empty: the system's certificates (or SSL_CERT_FILE)
    std::string certificate_file;  ///< PEM, to show to the server; empty: none
    std::string key_file;          ///< its key; empty: it is in certificate_file

    /// For logs: no user, no password.
    std::string address() const;
};

/// Reads `valkey://`, `redis://`, with TLS `valkeys://`, `rediss://`
/// (`scheme://[[user]:password@]host[:port][/database]`) or `unix://[[user]:password@]/path`.
/// Parameters as valkey-py's: `db`, `username`, `password`; with TLS `ssl_cert_reqs=none`,
/// `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`. Those that are about Python's side of replies are
/// skipped. Empty if it is none of these, or has another parameter.
std::optional<server> parse_uri(std::string_view uri);

}  // namespace LARDER_NAMESPACE::valkey
