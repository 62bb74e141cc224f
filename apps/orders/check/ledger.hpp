// What a count may be: between the orders acknowledged before a GET began and those started before
// it ended. No I/O; the time is given.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace orders::check {

using clock = std::chrono::steady_clock;

/// The count of all orders is key 0, that of customer N is key N.
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
    /// Of a stale answer: how long before the GET the oldest order that it lacks was acknowledged.
    /// At least that long: an order of unknown outcome may stand in for one that is lacking.
    std::optional<clock::duration> stale_for;
    /// The answer lacks orders from before the run: nobody knows how stale it is.
    bool below_base = false;
};

/// The orders of one run.
///
/// Threads  any. Cost of a read: two atomic loads; of a violation: one lock.
class ledger {
public:
    /// The counts before the run, by key, and when they were asked for.
    ledger(const std::vector<std::int64_t>& base, clock::time_point since);

    /// Call before the POST is sent.
    void start(key customer);
    /// Call when the POST was answered 200.
    void acknowledge(key customer, clock::time_point now);

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

}  // namespace orders::check
