// TLS to Valkey: whom to trust. Private to valkey.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <string>

#include "larder/valkey/uri.hpp"
#include "valkey/guarded_executor.hpp"

namespace LARDER_NAMESPACE::valkey {

/// TLS 1.2 and later, with the authorities that the URI names or else the system's.
/// Errors   throws boost::system::system_error, whose text is for the log.
boost::asio::ssl::context make_tls(const server& s);

/// Before the handshake: the server's name, and the check of its certificate. What is wrong with
/// that is in `fault` afterwards, which lives as long as the stream.
void set_up(boost::asio::ssl::stream<link_socket>& stream, const server& s, std::string& fault);

}  // namespace LARDER_NAMESPACE::valkey
