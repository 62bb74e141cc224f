// What PostgreSQL's catalogue says of the tables that are followed. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "follow/changes.hpp"
#include "larder/follow.hpp"

namespace larder::pg {
class connection;
}

namespace larder::follow {

inline constexpr const char* publication = "larder";

/// The tables as they are now.
struct catalogue {
    followed_tables tables = {};
    std::string fingerprint = {};  ///< changes with whatever makes the log tell something else
    std::string fault = {};        ///< why they cannot be followed; empty if they can
};

/// Their names, as an array of SQL.
std::string tables_of(const std::vector<followed>& what);

/// Throws pg::error.
boost::asio::awaitable<catalogue> look_up_tables(pg::connection& with,
                                                 const std::vector<followed>& what);

}  // namespace larder::follow
