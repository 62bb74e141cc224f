// Host names to addresses, without blocking the worker as libpq's own look-up would.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <string>

#include "../names.hpp"
#include "larder/pg/conninfo.hpp"

namespace LARDER_NAMESPACE::pg {

/// One of the addresses of a server.
struct address {
    std::string host;  ///< numeric, or the folder of a socket
    std::string port;
    bool operator==(const address&) const = default;
};

/// The first to be tried is the one so many `after` that which `served_last`; those before it come
/// last. libpq waits for a silent one without end.
void begin_after(conninfo::parameters& all, const address& served_last, std::size_t after);

/// The parameters with an address (`hostaddr`) beside each host name; a name with several addresses
/// is listed once for each. Throws error{unavailable} if no host has an address, or if it is not
/// known by `deadline`, or `names` is cancelled.
boost::asio::awaitable<conninfo::parameters> with_addresses(
    const conninfo& server, look_up& names, std::chrono::steady_clock::time_point deadline);

}  // namespace LARDER_NAMESPACE::pg
