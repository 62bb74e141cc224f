// Lets PostgreSQL's log tell of tables, and takes that back. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "larder/follow.hpp"

namespace LARDER_NAMESPACE::pg {
class connection;
}

namespace LARDER_NAMESPACE::follow {

enum class told_by { log, triggers };
/// Throws error{rejected} if one is not there, or is none whose rows are told.
boost::asio::awaitable<void> expect_tables(pg::connection& with, const std::vector<followed>& what,
                                           told_by by);
/// A line for each.
std::vector<std::string> described(const std::vector<followed>& what);
/// A line for each fault, and what helps; `none` where there is none.
void add_faults(std::vector<std::string>& to, const std::vector<std::string>& faults,
                const std::string& none, const std::string& help);
/// What has to be done still, as SQL: rows are told as they were before, and published. What the
/// tables' replica identities are is noted with the publication.
boost::asio::awaitable<std::vector<std::string>> plan_setup(pg::connection& with,
                                                            const std::vector<followed>& what);
/// The tables are not published any more, and their identities are what they were. The publication
/// goes, unless it has tables of another service.
boost::asio::awaitable<std::vector<std::string>> plan_drop(pg::connection& with,
                                                           const std::vector<followed>& what);
/// All of it or nothing. Waits for no lock longer than two seconds; throws error{unavailable} then.
boost::asio::awaitable<void> carry_out(pg::connection& with, std::vector<std::string> plan);
/// Lines for a person: the tables, and who follows how far behind. `program` has the command
/// `follow setup`.
boost::asio::awaitable<std::vector<std::string>> status(pg::connection& with,
                                                        const std::vector<followed>& what,
                                                        const std::string& program);

}  // namespace LARDER_NAMESPACE::follow
