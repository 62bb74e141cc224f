#include "settings.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace orders {

namespace {

constexpr std::int64_t default_ttl = 120, default_local_bytes = 64 << 20, default_deadline = 100,
                       default_source_deadline = 800;

// A variable's value; unset and empty are the same but for CACHE_TIMEOUT_SECONDS.
std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

// A number between the two, or the default and an error line.
std::int64_t number(const char* name, std::int64_t least, std::int64_t most, std::int64_t otherwise,
                    const char* meaning) {
    const char* value = std::getenv(name);
    if (!value) return otherwise;
    const std::string_view text = value;
    std::int64_t read = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), read);
    if (ec == std::errc{} && end == text.data() + text.size() && read >= least && read <= most)
        return read;
    spdlog::error("Bad value '{}' for {}, using {}: it has to be {}", text, name, otherwise,
                  meaning);
    return otherwise;
}

std::chrono::milliseconds deadline(const char* name, std::int64_t otherwise) {
    return std::chrono::milliseconds{
        number(name, 1, 60'000, otherwise, "a number of milliseconds from 1 to 60000")};
}

}  // namespace

std::string database_from_environment() {
    const auto name = variable("PG_DATABASE");
    return name.empty() ? "dellstore" : name;
}

std::optional<larder::pg::conninfo> source_from_environment() {
    const auto uri = variable("PG_SERVICE_URI");
    if (uri.empty()) return std::nullopt;
    auto server = larder::pg::conninfo::parse(uri);
    if (!server)
        throw setting_error(
            "PG_SERVICE_URI cannot be parsed: it should look like "
            "postgresql://user:password@host:port/database?sslmode=require, with what is special "
            "in the password percent-encoded");
    server->set("dbname", database_from_environment());
    return server;
}

std::optional<larder::valkey::server> shared_tier_from_environment() {
    const auto uri = variable("VALKEY_SERVICE_URI");
    if (uri.empty()) return std::nullopt;
    auto server = larder::valkey::parse_uri(uri);
    if (!server)
        throw setting_error(
            "VALKEY_SERVICE_URI cannot be parsed: it should look like "
            "valkey://user:password@host:port/database, valkeys:// for TLS, or unix:///path");
    return server;
}

std::chrono::seconds ttl_from_environment() {
    return std::chrono::seconds{number("CACHE_TIMEOUT_SECONDS", 1,
                                       std::numeric_limits<std::int32_t>::max(), default_ttl,
                                       "a positive number of seconds")};
}

std::size_t local_bytes_from_environment() {
    return static_cast<std::size_t>(number("CACHE_LOCAL_BYTES", 0,
                                           std::numeric_limits<std::int64_t>::max(),
                                           default_local_bytes, "a number of bytes, or 0"));
}

// What means something in a pattern or a slot would be somebody else's keys.
std::string cache_prefix_from_environment() {
    auto prefix = variable("CACHE_PREFIX");
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

bool client_reload_from_environment() {
    const auto text = variable("CACHE_CLIENT_RELOAD");
    if (text.empty() || text == "on" || text == "off") return text != "off";
    spdlog::error("Bad value '{}' for CACHE_CLIENT_RELOAD, using on: it has to be on or off", text);
    return true;
}

}  // namespace orders
