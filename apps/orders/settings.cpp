#include "settings.hpp"

#include <spdlog/spdlog.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace orders {

namespace {

constexpr std::chrono::seconds default_ttl{120};

// A variable's value; unset and empty are the same but for CACHE_TIMEOUT_SECONDS.
std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
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
            "postgresql://user:password@host:port/database?sslmode=require");
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
    const char* value = std::getenv("CACHE_TIMEOUT_SECONDS");
    if (!value) return default_ttl;
    const std::string_view text = value;
    std::int32_t seconds = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (ec == std::errc{} && end == text.data() + text.size() && seconds > 0)
        return std::chrono::seconds{seconds};
    spdlog::error(
        "Bad value '{}' for CACHE_TIMEOUT_SECONDS, using {}: it has to be a positive "
        "number of seconds",
        text, default_ttl.count());
    return default_ttl;
}

}  // namespace orders
