// The triggers that tell of rows: what they say, whether they are there, how they are made and
// dropped. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "follow/following.hpp"
#include "larder/follow.hpp"

namespace LARDER_NAMESPACE::pg {
class connection;
}

namespace LARDER_NAMESPACE::follow {

/// Of a notification: a family, and in lines of their own the values of its column; without any
/// line, and of a family with several columns, all of them. Nothing of other families: anybody may
/// notify.
untrue read_notification(std::string_view payload, const std::vector<followed>& what);

/// What has to be done still so that rows are told, as SQL.
boost::asio::awaitable<std::vector<std::string>> plan_triggers(pg::connection& with,
                                                               const std::vector<followed>& what);
/// The same to take it back, but for what is of other families.
boost::asio::awaitable<std::vector<std::string>> plan_no_triggers(
    pg::connection& with, const std::vector<followed>& what);
/// Lines for a person: the tables, and who listens. `program` has the command `follow setup`.
boost::asio::awaitable<std::vector<std::string>> status_of_triggers(
    pg::connection& with, const std::vector<followed>& what, const std::string& program);
/// Throws pg::error.
boost::asio::awaitable<change_source::tables> look_up_triggers(pg::connection& with,
                                                               const std::vector<followed>& what);

}  // namespace LARDER_NAMESPACE::follow
