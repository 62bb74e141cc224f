// Host names to addresses, without blocking the worker as libpq's own look-up would.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>

#include "../names.hpp"
#include "larder/pg/conninfo.hpp"

namespace larder::pg {

/// The parameters with an address (`hostaddr`) beside each host name; a name with several addresses
/// is listed once for each. Throws error{unavailable} if no host has an address, or if it is not
/// known by `deadline`, or `names` is cancelled.
boost::asio::awaitable<conninfo::parameters> with_addresses(
    const conninfo& server, look_up& names, std::chrono::steady_clock::time_point deadline);

}  // namespace larder::pg
