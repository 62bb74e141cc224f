// Whether an instance is ready, and what is worth knowing of it. Does no I/O. Private to larder.
#pragma once

#include <boost/describe/class.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/figures.hpp"
#include "larder/follow.hpp"

namespace LARDER_NAMESPACE::admin {

/// What is known of a process.
struct condition {
    bool is_stopping = false;  ///< a signal has asked it to end
    bool has_started = false;  ///< every worker accepts
    std::string not_set_up;    ///< a setting is missing, so that all requests fail; mostly empty
    following follow = following::off;
    std::size_t local_limit = 0;  ///< of the local tier, in bytes
    std::size_t unreleased_keys = 0;
    bool is_foreign = false;  ///< Valkey has entries of another database
    source_answer source;
    /// Of each worker; none: it did not answer in time.
    std::vector<std::optional<worker_figures>> workers;
};

struct workers_health {
    std::int64_t all = 0, answering = 0;
};
BOOST_DESCRIBE_STRUCT(workers_health, (), (all, answering))

struct postgresql_health {
    bool is_reachable = false;
    std::int64_t connections_in_use = 0, connections_idle = 0, requests_waiting = 0;
};
BOOST_DESCRIBE_STRUCT(postgresql_health, (),
                      (is_reachable, connections_in_use, connections_idle, requests_waiting))

struct valkey_health {
    std::int64_t connected_workers = 0, trusted_workers = 0, silent_workers = 0;
    bool has_foreign_entries = false;
    std::int64_t unreleased_keys = 0;
};
BOOST_DESCRIBE_STRUCT(valkey_health, (),
                      (connected_workers, trusted_workers, silent_workers, has_foreign_entries,
                       unreleased_keys))

struct follower_health {
    std::string mode;  ///< of CACHE_FOLLOW
    bool is_followed = false, follows_here = false;
    std::optional<std::int64_t> late_ms;  ///< of the one that follows here
};
BOOST_DESCRIBE_STRUCT(follower_health, (), (mode, is_followed, follows_here, late_ms))

struct local_tier_health {
    std::int64_t usable_workers = 0, entries = 0, bytes = 0, limit_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(local_tier_health, (), (usable_workers, entries, bytes, limit_bytes))

/// The body of /health/ready.
struct report {
    std::string status;                 ///< `ready` or `not ready`
    std::vector<std::string> reasons;   ///< why it is not
    std::vector<std::string> degraded;  ///< what it goes without
    workers_health workers;
    postgresql_health postgresql;
    valkey_health valkey;
    follower_health follower;
    local_tier_health local_tier;

    bool is_ready() const { return reasons.empty(); }
};
BOOST_DESCRIBE_STRUCT(report, (),
                      (status, reasons, degraded, workers, postgresql, valkey, follower,
                       local_tier))

/// An instance is ready if it can answer correctly: it serves, and PostgreSQL can be reached.
/// Without Valkey it can, from PostgreSQL, so that is only told; but with CACHE_FOLLOW=on it is not
/// ready while nobody follows.
report judge(const condition& of);

}  // namespace LARDER_NAMESPACE::admin
