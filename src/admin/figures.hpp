// What workers tell of themselves, for health and metrics. Private to larder.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "http/request_counts.hpp"
#include "larder/cache/key_reads.hpp"
#include "larder/cache/stats.hpp"
#include "larder/pg/pool.hpp"

namespace LARDER_NAMESPACE::admin {

/// Of the one worker that follows PostgreSQL.
struct follower_figures {
    bool is_following = false;  ///< this process does, and not another one
    std::chrono::milliseconds late{0};
    std::uint64_t behind_bytes = 0;
    std::uint64_t sessions = 0;      ///< times that it began
    std::uint64_t changed_keys = 0;  ///< that it told
    std::uint64_t purges = 0;        ///< times that it had all entries of families forgotten
};

/// Of a worker that compares entries with the source now and then.
struct self_check_figures {
    static constexpr std::array ages{"bound", "1m", "10m"};

    std::uint64_t compared = 0;
    /// Entries that have differed for longer than the promises allow, for a minute, for ten.
    std::array<std::uint64_t, ages.size()> inconsistent{};
};

/// Of a worker, as a copy that another thread may read.
struct worker_figures {
    http::request_figures requests;
    std::size_t connections = 0, in_flight = 0;
    cache::stats cache;
    cache::key_reads keys;  ///< of some of the most read ones
    pg::pool_stats pool;
    std::optional<follower_figures> follower;
    std::optional<self_check_figures> self_check;
    std::optional<bool> hears_source;  ///< of the one that listens to PostgreSQL
};

/// What PostgreSQL said when it was asked just now.
struct source_answer {
    bool is_reachable = false;
    bool is_busy = false;  ///< it was not asked, as all connections are in use
    std::string why_not = {};
};

}  // namespace LARDER_NAMESPACE::admin
