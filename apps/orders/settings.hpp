// The environment of the orders service, read in one place.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include "larder/pg/conninfo.hpp"
#include "larder/valkey/uri.hpp"

namespace orders {

/// A variable that is set to what it cannot be. `what()` names it, never its value.
class setting_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// PG_SERVICE_URI with its database replaced by PG_DATABASE (default `dellstore`); empty if
/// PG_SERVICE_URI is unset or empty. Throws setting_error.
std::optional<larder::pg::conninfo> source_from_environment();

/// VALKEY_SERVICE_URI; empty if it is unset or empty. Throws setting_error.
std::optional<larder::valkey::server> shared_tier_from_environment();

/// CACHE_TIMEOUT_SECONDS, default 120. A value that is no positive integer is logged as an error.
std::chrono::seconds ttl_from_environment();

/// CACHE_LOCAL_BYTES, default 64 MiB: what this process keeps itself; 0 keeps nothing. A value that
/// is no number is logged as an error.
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

/// CACHE_CLIENT_RELOAD, default on: whether clients may have a count loaded anew by `cache-control:
/// no-cache`. A value that is neither `on` nor `off` is logged as an error.
bool client_reload_from_environment();

/// PG_DATABASE, default `dellstore`.
std::string database_from_environment();

}  // namespace orders
