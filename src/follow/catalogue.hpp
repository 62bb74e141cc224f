// What PostgreSQL's catalogue says of the tables that are followed. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "follow/changes.hpp"
#include "larder/follow.hpp"
#include "larder/pg/statement.hpp"

namespace larder::pg {
class connection;
}

namespace larder::follow {

inline constexpr const char* publication = "larder";

/// The tables as they are now.
struct catalogue {
    followed_tables tables = {};
    /// Changes with whatever makes the log tell something else. Lines, `<table>: …`.
    std::string fingerprint = {};
    std::vector<std::string> faults = {};  ///< why they cannot be followed; empty if they can
};

/// One member of each, as an array of SQL.
std::string sql_array(const std::vector<followed>& what, std::string followed::* member);
inline std::string tables_of(const std::vector<followed>& what) {
    return sql_array(what, &followed::table);
}
/// To compile the questions for the catalogue takes longer than to answer them.
inline constexpr pg::statement without_compiling{"SET jit = off"};

/// Throws pg::error.
boost::asio::awaitable<catalogue> look_up_tables(pg::connection& with,
                                                 const std::vector<followed>& what);

}  // namespace larder::follow
