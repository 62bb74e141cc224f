// What proxies say of the client before them: x-forwarded-for, x-forwarded-proto, and RFC 7239's
// forwarded. Private to http.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string_view>

#include "larder/http/message.hpp"
#include "larder/http/networks.hpp"

namespace LARDER_NAMESPACE::http {

struct forwarded_client {
    std::optional<boost::asio::ip::tcp::endpoint> client = {};  ///< port 0: nobody said it
    std::string_view scheme = {};                               ///< "http", "https" or empty
};

/// For a request that a trusted proxy has sent. The client is the last address that is no trusted
/// proxy's own: what stands before it anybody may have written. A name that is none (`unknown`,
/// `_hidden`) ends the search at the proxy that gave it. Where there is an x-forwarded-* header,
/// `forwarded` does not count: few proxies write the latter, and the others let a client's through.
forwarded_client read_forwarded(const header_fields& of, const networks& trusted);

}  // namespace LARDER_NAMESPACE::http
