// What PostgreSQL's catalogue says of the tables that are followed. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "follow/changes.hpp"
#include "larder/follow.hpp"
#include "larder/pg/statement.hpp"

namespace LARDER_NAMESPACE::pg {
class connection;
}

namespace LARDER_NAMESPACE::follow {

inline constexpr const char* publication = "larder";

/// The tables as they are now.
struct catalogue {
    followed_tables tables = {};
    /// Changes with whatever makes the log tell something else. Lines, `<table>: …`.
    std::string fingerprint = {};
    std::vector<std::string> faults = {};  ///< why they cannot be followed; empty if they can
};

/// SQL, of a row `c` of pg_class.
inline constexpr std::string_view columns_and_schema =
    "(SELECT hashtextextended(string_agg(concat(a.attnum, ' ', a.xmin), ',' ORDER BY a.attnum), 0)"
    "  FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),"
    " (SELECT xmin FROM pg_namespace WHERE oid = c.relnamespace)";
/// SQL for a number that changes with what decides on rows and is in no row of a table's own: a
/// child that came and went, a policy, the name of an enumerator. By PostgreSQL's statistics, which
/// a session may report some seconds late.
inline constexpr std::string_view what_came_and_went =
    "(SELECT sum(pg_stat_get_tuples_inserted(id) + pg_stat_get_tuples_updated(id)"
    "  + pg_stat_get_tuples_deleted(id)) FROM (SELECT to_regclass('pg_catalog.' || name)::oid AS id"
    "  FROM unnest(ARRAY['pg_inherits', 'pg_policy', 'pg_enum', 'pg_publication_rel',"
    "  'pg_publication_namespace']) name) counted)";

/// Why nothing tells of its rows: not even setup lets it. Kind and persistence as in pg_class.
std::string why_unfit(std::string_view table, std::string_view kind, std::string_view persistence);
/// Of a slot that somebody else made, and that no instance gives back; for people.
std::string why_in_the_way(std::string_view slot);
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

}  // namespace LARDER_NAMESPACE::follow
