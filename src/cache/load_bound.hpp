// How many loads of a family go on at a time. Private to cache.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::cache {

/// The turns to load that the workers of a process share.
///
/// Threads  any.
class load_bound {
public:
    explicit load_bound(std::size_t most) : most_(most) {}
    load_bound(const load_bound&) = delete;
    load_bound& operator=(const load_bound&) = delete;

    /// Of who wants to load: a place in the queue, and then his turn, until he leaves.
    class place {
    public:
        /// `called` when it becomes his turn, from any thread, while the queue is locked; not if it
        /// is at once.
        place(std::shared_ptr<load_bound> in, std::function<void()> called);
        ~place();
        place(const place&) = delete;
        place& operator=(const place&) = delete;

        bool has_turn() const;

    private:
        const std::shared_ptr<load_bound> in_;
        const std::function<void()> called_;
        bool has_turn_ = false;
    };

private:
    const std::size_t most_;
    std::mutex mutex_;  // guards the rest, and whose turn it is
    std::size_t loading_ = 0;
    std::deque<place*> waiting_;  // oldest first
};

}  // namespace LARDER_NAMESPACE::cache
