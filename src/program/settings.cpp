#include "program/settings.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <utility>

#include "larder/pg/fault_in.hpp"
#include "program/uri_faults.hpp"

namespace LARDER_NAMESPACE::program {

namespace {

constexpr std::int64_t default_ttl = 120, default_local_bytes = 64 << 20, default_deadline = 100,
                       default_source_deadline = 800;

// The variable's number, or the default where it is not set.
std::int64_t number(const char* name, std::int64_t least, std::int64_t most, std::int64_t otherwise,
                    const char* meaning) {
    const auto text = variable(name);
    return text ? number_from(name, *text, least, most, meaning) : otherwise;
}

std::chrono::milliseconds deadline(const char* name, std::int64_t otherwise) {
    return std::chrono::milliseconds{
        number(name, 1, 60'000, otherwise, "a number of milliseconds from 1 to 60000")};
}

// With the database that the URI names.
std::optional<pg::conninfo> server_of_uri(const std::string& name = "PG_SERVICE_URI") {
    const auto uri = variable(name);
    if (!uri) return std::nullopt;
    auto server = pg::conninfo::parse(*uri);
    if (!server)
        throw setting_error(
            name + " cannot be parsed: " + fault_of_source_uri(*uri) +
            "; it should look like postgresql://user:password@host:port/database?sslmode=require, "
            "with what is special in the password percent-encoded");
    if (const auto wrong = pg::fault_in(*server); !wrong.empty())
        throw setting_error(name + ": " + wrong);
    return server;
}

}  // namespace

std::string database_from_environment(const std::string& database) {
    return variable("PG_DATABASE").value_or(database);
}

// `postgres` is on every server, so a URI that names it may mean none.
database_choice explain_database(const std::string& database) {
    const auto used = database_from_environment(database);
    const bool is_set = variable("PG_DATABASE").has_value();
    const auto server = server_of_uri();
    const auto named = server ? server->get("dbname") : "";
    auto sentence = "The database is " + used +
                    (is_set ? ", as PG_DATABASE says" : ", as PG_DATABASE is not set");
    if (named.empty() || named == used) return {.sentence = std::move(sentence)};
    sentence += "; the one that PG_SERVICE_URI names, " + named + ", is not used";
    return {.sentence = std::move(sentence), .may_surprise = !is_set && named != "postgres"};
}

std::optional<pg::conninfo> source_from_environment(const std::string& database) {
    auto server = server_of_uri();
    if (server) server->set("dbname", database_from_environment(database));
    return server;
}

std::optional<pg::conninfo> follow_source_from_environment(const std::string& database) {
    auto server = server_of_uri("PG_FOLLOW_URI");
    if (server) server->set("dbname", database_from_environment(database));
    return server;
}

std::optional<valkey::server> shared_tier_from_environment() {
    const auto uri = variable("VALKEY_SERVICE_URI");
    if (!uri) return std::nullopt;
    auto server = valkey::parse_uri(*uri);
    if (!server)
        throw setting_error(
            "VALKEY_SERVICE_URI cannot be parsed: " + fault_of_cache_uri(*uri) +
            "; it should look like valkey://user:password@host:port/database, valkeys:// for TLS, "
            "or unix:///path");
    return server;
}

// The one variable whose value may make no sense, as in the program that orders stands in for.
std::chrono::seconds ttl_from_environment() {
    constexpr const char* name = "CACHE_TIMEOUT_SECONDS";
    const char* value = std::getenv(name);
    if (!value) return std::chrono::seconds{default_ttl};
    std::string_view text = value;
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    const auto read = number_between(text, 1, std::numeric_limits<std::int32_t>::max());
    if (!read)
        spdlog::error("Bad value '{}' for {}, using {}: it has to be a positive number of seconds",
                      text, name, default_ttl);
    return std::chrono::seconds{read.value_or(default_ttl)};
}

std::size_t local_bytes_from_environment() {
    return static_cast<std::size_t>(number("CACHE_LOCAL_BYTES", 0,
                                           std::numeric_limits<std::int64_t>::max(),
                                           default_local_bytes, "a number of bytes, or 0"));
}

// What means something in a pattern or a slot would be somebody else's keys.
std::string cache_prefix_from_environment() {
    auto prefix = variable("CACHE_PREFIX").value_or("");
    const auto is_allowed = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == ':';
    };
    if (!std::all_of(prefix.begin(), prefix.end(), is_allowed))
        throw setting_error("CACHE_PREFIX may have letters, digits, '_', '-', '.' and ':' only");
    return prefix;
}

std::chrono::milliseconds cache_deadline_from_environment() {
    return deadline("CACHE_DEADLINE_MS", default_deadline);
}

std::chrono::milliseconds source_deadline_from_environment() {
    return deadline("PG_DEADLINE_MS", default_source_deadline);
}

std::size_t source_connections_from_environment() {
    return static_cast<std::size_t>(
        number("PG_CONNECTIONS", 1, 10'000, 20, "a number of connections from 1 to 10000"));
}

std::chrono::seconds source_idle_from_environment() {
    return std::chrono::seconds{
        number("PG_IDLE_SECONDS", 0, 86'400, 30, "a number of seconds from 1 to 86400, or 0")};
}

following follow_from_environment() {
    const auto text = variable("CACHE_FOLLOW");
    if (!text || lower(*text) == "off") return following::off;
    if (lower(*text) == "auto") return following::automatic;
    if (lower(*text) == "on") return following::required;
    if (lower(*text) == "trigger") return following::triggers;
    throw setting_error("CACHE_FOLLOW has to be auto, on, trigger or off, not '" + *text + "'");
}

std::chrono::seconds unfollowed_from_environment() {
    return std::chrono::seconds{number("CACHE_UNFOLLOWED_SECONDS", 1, 1'000'000, 5,
                                       "a number of seconds from 1 to 1000000")};
}

std::chrono::seconds self_check_from_environment() {
    return std::chrono::seconds{number("CACHE_SELF_CHECK_SECONDS", 0, 86'400, 0,
                                       "a number of seconds from 1 to 86400, or 0")};
}

bool client_reload_from_environment() {
    constexpr const char* name = "CACHE_CLIENT_RELOAD";
    const auto text = variable(name);
    return !text || switch_from(name, *text);
}

}  // namespace LARDER_NAMESPACE::program
