// What clients ask of the cache and what larder tells theirs (RFC 9111).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::http {

/// A request's directives (5.2.1). No-transform is not among them: larder transforms nothing.
struct cache_directives {
    std::optional<std::chrono::seconds> max_age = {};
    std::optional<std::chrono::seconds> min_fresh = {};
    std::optional<std::chrono::seconds> max_stale = {};  ///< `any_age` if it has no value
    bool no_cache = false;
    bool no_store = false;
    bool only_if_cached = false;

    bool operator==(const cache_directives&) const = default;
};

/// What a number that is too large counts as (1.2.2).
inline constexpr std::chrono::seconds any_age{2'147'483'648};

/// Header values, several lines joined by ", "; empty if there is none. Pragma only counts where
/// there is no Cache-Control.
cache_directives parse_cache_directives(std::string_view cache_control, std::string_view pragma);

/// What is known of an entry.
struct entry_times {
    std::chrono::milliseconds age;  ///< since its value was loaded
    std::chrono::milliseconds ttl;  ///< what is left of it; not positive: the entry is stale
};

enum class cache_plan {
    use,             ///< the entry
    load_and_store,  ///< anew, even if there is an entry
    load,            ///< likewise, and store nothing
    refuse           ///< answer 504: nothing that may be used, and it must not be loaded
};

/// `client_reload`: clients may have a value loaded although there is an entry that is fresh.
cache_plan plan(const cache_directives& asked, bool client_reload,
                const std::optional<entry_times>& entry);

/// How long clients and their caches may use an answer without asking. By default: not at all.
struct client_policy {
    std::chrono::seconds max_age{0};
    std::chrono::seconds stale_while_revalidate{0};  ///< used while they ask in the background
    std::chrono::seconds stale_if_error{0};          ///< used if nobody answers
    /// Whether those two are what the key's policy says, where nothing else is said here. Clients
    /// and proxies hear of no invalidation, and serve what is stale all the same.
    bool tells_of_stale = false;
};

/// The value of an answer's cache-control.
std::string cache_control(const client_policy& policy);

}  // namespace LARDER_NAMESPACE::http
