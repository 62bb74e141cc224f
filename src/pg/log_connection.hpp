// A connection that PostgreSQL's log is read from. Private to larder.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connection.hpp"

namespace LARDER_NAMESPACE::pg {

/// Which server answers, and since when it runs: another one has another text.
inline constexpr std::string_view which_server{
    "SELECT extract(epoch FROM pg_postmaster_start_time())::text"};

/// Options of a connection to the same server that the log is read from.
pool_options for_the_log(pool_options options);

/// Logical replication by pgoutput, from a slot that lives as long as the connection: it keeps no
/// log for anybody who has gone.
///
/// Errors   throws error: `rejected` if the server does not allow it.
class log_connection : private connection {
public:
    log_connection(const boost::asio::any_io_executor& executor, const pool_options& options)
        : connection(executor, options) {}

    using connection::connect, connection::interrupt;

    /// What it says to `which_server`.
    boost::asio::awaitable<std::string> server();
    /// Throws error{rejected} with 42710 if there is one of that name.
    boost::asio::awaitable<void> make_slot(std::string slot);
    /// What commits from now on, and is published.
    boost::asio::awaitable<void> start(std::string slot, std::string publication);
    /// The next piece of what has come, which lives until the next call; nothing if that is all.
    std::optional<std::string_view> next();
    /// Until more has come, for that long at most; says whether it has.
    boost::asio::awaitable<bool> wait(std::chrono::milliseconds most);
    boost::asio::awaitable<void> send(std::string piece);

private:
    std::unique_ptr<char, decltype(&PQfreemem)> piece_{nullptr, &PQfreemem};
};

}  // namespace LARDER_NAMESPACE::pg
