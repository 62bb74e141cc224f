// How the tiers of a worker's cache behave.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "larder/cache/policy.hpp"

namespace larder::cache {

class load_bound;

/// A family's policy, with what the workers of a process share of it.
struct family_policy {
    policy how = {};
    std::shared_ptr<load_bound> turns = {};  ///< if its loads are bounded
};

/// What both tiers of a worker are told when they are made.
struct tiers_options {
    std::chrono::seconds ttl{120};  ///< of an entry; some live a twentieth shorter
    /// Of some families.
    std::map<std::string, family_policy, std::less<>> policies = {};
    /// How long a load waits for its turn, where its family's are bounded.
    std::chrono::milliseconds turn_timeout{800};
    /// How long an entry is believed while nobody says that the writes of others are followed
    /// (tiers::say_followed()), if that is shorter; nothing: as long as it lives.
    std::optional<std::chrono::milliseconds> unfollowed = {};
    /// Whether whoever says so reads the source's log, which tells of each commit whatever becomes
    /// of who made it: then a write needs no hold while somebody follows.
    bool is_followed_by_log = false;
    std::vector<std::string> families = {};  ///< of all keys that are read through these tiers
    /// Which tables and columns their entries are of, as one text: instances with another do not
    /// take each other's follower for theirs.
    std::string declared = {};
    /// Those of them whose entries become untrue all at once: by `<family>:all`, and by no other.
    std::set<std::string, std::less<>> by_generation = {};
    /// Before all keys, with a colon, so that two databases can share a Valkey; empty: none.
    std::string prefix = {};
    /// Whose command `cache purge` helps, for the log.
    std::string program = {};
    /// In bytes; a longer one is not kept, and what others put under a key and is longer is a miss.
    std::size_t largest_value = 1 << 20;
    std::size_t local_bytes = 0;  ///< of this worker's own entries; 0: keeps none
    bool counts_keys = false;     ///< for tiers::hottest(), at 0.3 to 0.9 % of a local hit
    /// Of a lease; renewed while its load goes on, so this is how long a crash keeps it.
    std::chrono::milliseconds lease{1'000};
    /// Of a hold: longer than a statement takes from when it is begun to when it is known to be
    /// over.
    std::chrono::milliseconds hold{20'000};
    /// Of the lock of who purges; renewed while that goes on, so this is how long a crash keeps it.
    std::chrono::milliseconds purge_lock{500};
};

/// What whoever follows the writes of others says of itself (tiers::say_followed()), for people.
struct followed_how {
    std::string by = {};                 ///< the process: machine and number
    std::chrono::milliseconds since{0};  ///< how long ago it began
    std::chrono::milliseconds late{0};   ///< how much later than its commit a write is told
};

}  // namespace larder::cache
