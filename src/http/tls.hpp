// TLS from PEM files. Private to larder.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <string>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::http {

/// TLS 1.2 and later. `authorities`, if not empty: clients have to show a certificate of these.
/// Throws std::system_error with one sentence that names the file.
boost::asio::ssl::context tls_context(const std::string& key, const std::string& certificate,
                                      const std::string& authorities);

}  // namespace LARDER_NAMESPACE::http
