// The environment of a service, read in one place. source_from_environment() is in
// larder/program.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "larder/follow.hpp"
#include "larder/pg/conninfo.hpp"
#include "larder/program.hpp"
#include "larder/valkey/uri.hpp"
#include "program/variables.hpp"

namespace larder::program {

/// PG_FOLLOW_URI, as PG_SERVICE_URI: where PostgreSQL's log is read from, if not there.
std::optional<pg::conninfo> follow_source_from_environment(const std::string& database);

/// What is said where they are needed, and not there.
inline constexpr auto no_source_uri =
    "PG_SERVICE_URI is empty/unset: it should look like "
    "postgresql://user:password@host:port/database?sslmode=require";
inline constexpr auto no_cache_uri =
    "VALKEY_SERVICE_URI is empty/unset: it should look like "
    "valkey://user:password@host:port/database, valkeys:// for TLS, or unix:///path";

/// VALKEY_SERVICE_URI; empty if it is unset or empty. Throws setting_error.
std::optional<valkey::server> shared_tier_from_environment();

/// CACHE_TIMEOUT_SECONDS, default 120. A value that is no positive integer is logged as an error.
std::chrono::seconds ttl_from_environment();

/// CACHE_LOCAL_BYTES, default 64 MiB: what this process keeps itself; 0 keeps nothing. Throws
/// setting_error.
std::size_t local_bytes_from_environment();

/// CACHE_PREFIX, default none: what the cache's keys begin with, before a colon. Throws
/// setting_error for what is not made of letters, digits, `_`, `-`, `.` and `:`.
std::string cache_prefix_from_environment();

/// CACHE_DEADLINE_MS, default 100: how long a request waits for Valkey. Likewise.
std::chrono::milliseconds cache_deadline_from_environment();

/// PG_DEADLINE_MS, default 800: how long a request waits for a connection to PostgreSQL. Likewise.
std::chrono::milliseconds source_deadline_from_environment();

/// PG_CONNECTIONS, default 20: how many connections to PostgreSQL the process may have, with the
/// one that listens. Likewise.
std::size_t source_connections_from_environment();

/// PG_IDLE_SECONDS, default 30: after which an idle one is closed; 0: never. Likewise.
std::chrono::seconds source_idle_from_environment();

/// CACHE_FOLLOW, default off: whether writes that others make are seen at once. Likewise.
following follow_from_environment();

/// CACHE_UNFOLLOWED_SECONDS, default 5: how long an entry is believed while nobody follows.
/// Likewise.
std::chrono::seconds unfollowed_from_environment();

/// CACHE_SELF_CHECK_SECONDS, default 0, which is never: how often entries are compared with
/// PostgreSQL. Likewise.
std::chrono::seconds self_check_from_environment();

/// CACHE_CLIENT_RELOAD, default on: whether clients may have an entry loaded anew by
/// `cache-control: no-cache`. See switch_from().
bool client_reload_from_environment();

/// PG_DATABASE, or else the program's.
std::string database_from_environment(const std::string& database);

/// Which database is used and what says so, for the log; also the one that PG_SERVICE_URI names, if
/// that is another one.
struct database_choice {
    std::string sentence;
    bool may_surprise = false;
};
database_choice explain_database(const std::string& database);

}  // namespace larder::program
