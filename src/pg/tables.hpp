// What larder keeps in the database itself, in the schema `larder`. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "announcements.hpp"
#include "connection.hpp"

namespace LARDER_NAMESPACE::pg {

/// `larder.unreleased`: what was announced because Valkey could not be told, until it is known to
/// be released. So it outlives the process that wrote it, and reaches who did not listen.
/// `larder.server`: which Valkey a family's entries were last trusted in.
///
/// Errors   throws pg::error.
namespace tables {

/// Makes them if they are not there; whether they are, and may be used. Says once a process in the
/// log why not, and what would help.
boost::asio::awaitable<bool> make(connection& with);

using row = announcements::row;
inline constexpr std::size_t most_rows = 10'000;
/// The oldest, at most `most_rows`.
boost::asio::awaitable<std::vector<row>> unreleased(connection& with);
boost::asio::awaitable<void> remove(connection& with, const std::vector<std::string>& ids);
/// Notifies it, and keeps it if it is not there yet. Where that is locked it is notified all the
/// same, before the error.
boost::asio::awaitable<void> announce_again(connection& with, std::string payload, bool keep);

/// Which database this is: it differs from any other's, on any server.
boost::asio::awaitable<std::string> identity(connection& with);

inline constexpr std::string_view note = "INSERT INTO larder.unreleased (payload) VALUES ($1)";
inline constexpr std::string_view read_server = "SELECT name FROM larder.server WHERE family = $1";
inline constexpr std::string_view write_server =
    "WITH quick AS (SELECT set_config('synchronous_commit', 'local', true)) "
    "INSERT INTO larder.server AS known (family, name) SELECT $1, $3 FROM quick"
    " ON CONFLICT (family) DO UPDATE SET name = excluded.name WHERE known.name = $2";

}  // namespace tables

}  // namespace LARDER_NAMESPACE::pg
