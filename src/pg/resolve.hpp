// Host names to addresses, without blocking the worker as libpq's own look-up would.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>

#include "larder/pg/conninfo.hpp"

namespace larder::pg {

/// The parameters with an address (`hostaddr`) beside each host name; a name with several addresses
/// is listed once for each. Throws error{unavailable} if no host has an address, or if it is not
/// known by `deadline`.
boost::asio::awaitable<conninfo::parameters> with_addresses(
    const conninfo& server, boost::asio::any_io_executor executor,
    std::chrono::steady_clock::time_point deadline);

}  // namespace larder::pg
