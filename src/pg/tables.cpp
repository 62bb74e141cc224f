#include "tables.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <optional>
#include <utility>

#include "larder/pg/transaction.hpp"

namespace larder::pg::tables {

namespace asio = boost::asio;

namespace {

constexpr statement are_there{
    "SELECT to_regclass('larder.unreleased') IS NOT NULL"
    " AND to_regclass('larder.server') IS NOT NULL"};

// One at a time, as IF NOT EXISTS alone fails where two begin at once.
constexpr statement create{
    "DO $$ BEGIN"
    " PERFORM pg_advisory_xact_lock(7239041568014021);"
    " CREATE SCHEMA IF NOT EXISTS larder;"
    " CREATE TABLE IF NOT EXISTS larder.unreleased ("
    "  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    "  payload text NOT NULL,"
    "  noted timestamptz NOT NULL DEFAULT now());"
    " CREATE TABLE IF NOT EXISTS larder.server (family text PRIMARY KEY, name text NOT NULL);"
    " END $$"};

// Whoever may read may not yet write.
constexpr statement may_use{
    "SELECT has_table_privilege('larder.unreleased', 'SELECT, INSERT, DELETE')"
    " AND has_table_privilege('larder.server', 'SELECT, INSERT, UPDATE')"
    " AND NOT pg_is_in_recovery()"};

const parameters none;

void say_why_not(const std::string& why) {
    static std::atomic<bool> said = false;
    if (said.exchange(true)) return;
    spdlog::warn(
        "larder keeps no tables in PostgreSQL ({}): a process that ends while Valkey cannot be "
        "reached may leave entries wrong until their TTL ends. Cure, by the database's owner: "
        "CREATE SCHEMA larder AUTHORIZATION <this service's role>",
        why);
}

}  // namespace

asio::awaitable<bool> make(connection& with) {
    std::optional<error> refused;
    try {
        const auto there = co_await with.execute(are_there, none);
        if (there.text(0, 0) != "t") {
            const auto made = co_await with.execute(create, none);
        }
        const auto usable = co_await with.execute(may_use, none);
        if (usable.text(0, 0) == "t") co_return true;
    } catch (const error& e) {
        if (e.kind() != failure::rejected) throw;
        refused = e;
    }
    say_why_not(refused ? refused->what() : "this role may not use them");
    co_return false;
}

asio::awaitable<std::vector<row>> unreleased(connection& with) {
    static constexpr statement read{
        "SELECT id, payload FROM larder.unreleased ORDER BY id LIMIT 10000"};
    const auto rows = co_await with.execute(read, none);
    std::vector<row> all;
    for (std::size_t i = 0; i < rows.size(); ++i)
        all.push_back({std::string{*rows.text(i, 0)}, std::string{*rows.text(i, 1)}});
    co_return all;
}

asio::awaitable<void> remove(connection& with, const std::vector<std::string>& ids) {
    static constexpr statement forget{
        "DELETE FROM larder.unreleased WHERE id = ANY(string_to_array($1, ',')::bigint[])"};
    std::string list;
    for (const auto& id : ids) list += (list.empty() ? "" : ",") + id;
    const parameters which(1, std::move(list));
    const auto done = co_await with.execute(forget, which);
}

asio::awaitable<void> announce_again(connection& with, std::string payload, bool keep) {
    static constexpr statement insert{
        "INSERT INTO larder.unreleased (payload) SELECT $1::text WHERE NOT EXISTS"
        " (SELECT FROM larder.unreleased WHERE payload = $1::text)"};
    static constexpr statement tell{"SELECT pg_notify($1, $2)"};
    if (keep) {
        const parameters what(1, payload);
        const auto kept = co_await with.execute(insert, what);
    }
    parameters what(1, std::string{notification_channel});
    what.emplace_back(std::move(payload));
    const auto told = co_await with.execute(tell, what);
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

}  // namespace larder::pg::tables
