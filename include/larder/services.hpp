// What a handler works with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "larder/cache/tiers.hpp"
#include "larder/http/cache_control.hpp"
#include "larder/http/message.hpp"
#include "larder/pg/session.hpp"

namespace LARDER_NAMESPACE {

/// What a client asks of the cache, and how it was answered.
struct exchange {
    http::cache_directives asked = {};
    bool client_reload = true;                       ///< see http::plan()
    std::optional<cache::tiers::found> answer = {};  ///< set by a cached handler
    bool was_kept = false;                           ///< an entry, which was not allowed
    std::string key = {};                            ///< of the entry, for the log
    std::uint64_t version = 0;                       ///< of a hit in the local tier
    const http::request* request = nullptr;          ///< for a write with preconditions alone
};

/// One request's source and cache. A handler gets it as its first argument.
struct services {
    pg::session& db;
    cache::tiers& cache;
    exchange* http = nullptr;  ///< null: nobody asks by HTTP
};

}  // namespace LARDER_NAMESPACE
