#include "tables.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <optional>
#include <utility>

#include "larder/pg/transaction.hpp"

namespace LARDER_NAMESPACE::pg::tables {

namespace asio = boost::asio;

namespace {

// What larder keeps here does not wait for a standby, which may be away: what is lost with a
// failover is made again, or deleted again.

constexpr statement are_there{
    "SELECT to_regclass('larder.unreleased') IS NOT NULL"
    " AND to_regclass('larder.server') IS NOT NULL"};

// One at a time, as IF NOT EXISTS alone fails where two begin at once; and for a schema it asks for
// the right to make one also if it is there.
constexpr statement create{
    "DO $$ BEGIN"
    " PERFORM set_config('synchronous_commit', 'local', true);"
    " PERFORM pg_advisory_xact_lock(7239041568014021);"
    " IF to_regnamespace('larder') IS NULL THEN CREATE SCHEMA larder; END IF;"
    " CREATE TABLE IF NOT EXISTS larder.unreleased ("
    "  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    "  payload text NOT NULL,"
    "  noted timestamptz NOT NULL DEFAULT now());"
    " CREATE TABLE IF NOT EXISTS larder.server (family text PRIMARY KEY, name text NOT NULL);"
    " END $$"};

// Whoever may read may not yet write. A list of privileges would mean any of them.
constexpr statement may_use{
    "SELECT NOT pg_is_in_recovery() AND bool_and(has_table_privilege(name, privilege))"
    " FROM (VALUES ('larder.unreleased', 'SELECT'), ('larder.unreleased', 'INSERT'),"
    " ('larder.unreleased', 'DELETE'), ('larder.server', 'SELECT'), ('larder.server', 'INSERT'),"
    " ('larder.server', 'UPDATE')) AS needed (name, privilege)"};

constexpr statement who_and_where{
    "SELECT quote_ident(current_user), quote_ident(current_database())"};

const parameters none;

asio::awaitable<void> say_why_not(connection& with, std::string why) {
    static std::atomic<bool> said = false;
    if (said.exchange(true)) co_return;
    const auto names = co_await with.execute(who_and_where, none);
    const std::string role{*names.text(0, 0)}, database{*names.text(0, 1)};
    spdlog::warn(
        "PostgreSQL does not let {0} keep what Valkey could not be told ({1}): a process that is "
        "killed before Valkey is back leaves entries wrong until their TTL ends. What helps: GRANT "
        "CREATE ON DATABASE {2} TO {0}; or, where the schema larder is there already, GRANT USAGE "
        "ON SCHEMA larder TO {0}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "
        "larder TO {0}",
        role, why, database);
}

}  // namespace

asio::awaitable<bool> make(connection& with) {
    std::optional<error> refused;
    try {
        const auto there = co_await with.execute(are_there, none);
        if (there.text(0, 0) != "t") co_await with.execute(create, none);
        const auto usable = co_await with.execute(may_use, none);
        if (usable.text(0, 0) == "t") co_return true;
    } catch (const error& e) {
        if (e.kind() != failure::rejected) throw;
        refused = e;
    }
    std::string why = refused ? refused->what() : "it may not read and write the tables";
    co_await say_why_not(with, std::move(why));
    co_return false;
}

asio::awaitable<std::vector<row>> unreleased(connection& with) {
    static constexpr statement read{
        "SELECT id, payload FROM larder.unreleased ORDER BY id LIMIT $1::integer"};
    const parameters limit(1, std::to_string(most_rows));
    const auto rows = co_await with.execute(read, limit);
    std::vector<row> all;
    all.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        all.push_back({std::string{*rows.text(i, 0)}, std::string{*rows.text(i, 1)}});
    co_return all;
}

asio::awaitable<void> remove(connection& with, const std::vector<std::string>& ids) {
    // An array as it is, as a call would be made again for each row.
    static constexpr statement forget{
        "WITH quick AS (SELECT set_config('synchronous_commit', 'local', true)) "
        "DELETE FROM larder.unreleased USING quick"
        " WHERE id = ANY($1::bigint[])"};
    std::string list;
    for (const auto& id : ids) list += (list.empty() ? '{' : ',') + id;
    const parameters which(1, list + '}');
    co_await with.execute(forget, which);
}

asio::awaitable<void> announce_again(connection& with, std::string payload, bool keep) {
    static constexpr statement insert{
        "WITH quick AS (SELECT set_config('synchronous_commit', 'local', true)) "
        "INSERT INTO larder.unreleased (payload) SELECT $1::text FROM quick WHERE NOT EXISTS"
        " (SELECT FROM larder.unreleased WHERE payload = $1::text)"};
    static constexpr statement tell{"SELECT pg_notify($1, $2)"};
    std::optional<error> locked;
    const parameters kept(1, payload);
    try {
        if (keep) co_await with.execute(insert, kept);
    } catch (const error& e) {
        if (e.kind() != failure::unavailable) throw;
        locked = e;
    }
    parameters told(1, std::string{notification_channel});
    told.emplace_back(std::move(payload));
    co_await with.execute(tell, told);
    if (locked) throw error(*locked);
}

asio::awaitable<std::string> identity(connection& with) {
    static constexpr statement ask{
        "SELECT (SELECT system_identifier FROM pg_control_system()) || ':' || oid"
        " FROM pg_database WHERE datname = current_database()"};
    static constexpr statement ask_less{
        "SELECT '-:' || oid || ':' || datname"
        " FROM pg_database WHERE datname = current_database()"};
    std::optional<result> said;
    try {
        said = co_await with.execute(ask, none);
    } catch (const error& e) {
        if (e.kind() != failure::rejected) throw;
    }
    if (!said) said = co_await with.execute(ask_less, none);
    co_return std::string{said->text(0, 0).value_or("-")};
}

}  // namespace LARDER_NAMESPACE::pg::tables
