// For a program that checks a service: what a count may be, between what was acknowledged before a
// GET began and what was started before it ended. No I/O; the time is given.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::check {

using clock = std::chrono::steady_clock;

/// Of a count: that of all is key 0, those of its parts are the others.
using key = std::size_t;

/// A GET in flight: what was acknowledged before it was sent.
struct reading {
    check::key key = 0;
    std::int64_t at_least = 0;
    clock::time_point began;
};

/// What is wrong with a count, if anything.
struct judgement {
    std::int64_t at_least = 0;
    std::int64_t at_most = 0;
    bool overcounted = false;
    /// Of a stale answer: how long before the GET the oldest one that it lacks was acknowledged.
    /// At least that long: one of unknown outcome may stand in for one that is lacking.
    std::optional<clock::duration> stale_for;
    /// The answer lacks some from before the run: nobody knows how stale it is.
    bool below_base = false;
};

/// What is counted during one run, to which any number of writers add at a time: orders, say, each
/// of one customer.
///
/// Threads  any. Cost of a read: two atomic loads; of a violation: one lock.
class ledger {
public:
    /// The counts before the run, by key, and when they were asked for.
    ledger(const std::vector<std::int64_t>& base, clock::time_point since);

    /// Call before the POST is sent.
    void start(key part);
    /// Call when the POST was answered 200.
    void acknowledge(key part, clock::time_point now);

    /// Call before the GET is sent; `began` is for the caller to set right afterwards.
    reading begin(key of) const;
    /// Call when its answer is there.
    judgement judge(const reading& asked, std::int64_t count) const;

private:
    struct account {
        std::int64_t base = 0;
        std::atomic<std::int64_t> started{0};
        std::atomic<std::int64_t> acknowledged{0};
        mutable std::mutex mutex;
        std::deque<clock::time_point> times;  // of the acknowledgements, in order; guarded by mutex
    };
    static void acknowledge(account& of, clock::time_point now);

    std::vector<account> accounts_;
    clock::time_point since_;
};

}  // namespace LARDER_NAMESPACE::check
