// How many connections a process has. Private to pg.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::pg {

/// Who has connections. Both are called on any thread, while the budget is locked.
class spender {
public:
    virtual ~spender() = default;
    /// Something became free: ask for it again, or withdraw().
    virtual void may_open() = 0;
    /// Somebody who has less wants one: see budget::is_wanted().
    virtual void is_asked_for_one() = 0;

protected:
    spender() = default;
    spender(const spender&) = default;
    spender& operator=(const spender&) = default;
};

/// The connections that the pools of a process share. Each may have its part; what others leave it
/// may have as well, until they want it.
///
/// Threads  call on any.
class budget : public std::enable_shared_from_this<budget> {
public:
    explicit budget(std::size_t most) : most_(most) {}

    void join(const std::shared_ptr<spender>& who);
    /// What has to be kept for as long as the connection is there; null if none may be opened, and
    /// then `who`, who `has` so many, is told when that may have changed.
    std::shared_ptr<void> take(const std::shared_ptr<spender>& who, std::size_t has);
    /// `who` wants none any more.
    void withdraw(const spender* who);
    /// Whether who has so many should rather give one up than keep it.
    bool is_wanted(std::size_t has) const;
    /// The server lets in no more than there are: so many are shared, for a minute. Whether there
    /// is none at all.
    bool has_none_beyond();

private:
    struct want {
        std::weak_ptr<spender> who;
        std::size_t has;
    };

    void give_back();
    void tell_the_first();
    std::size_t most() const;
    std::size_t part() const;

    const std::size_t most_;
    mutable std::mutex mutex_;
    std::vector<std::weak_ptr<spender>> all_;
    std::deque<want> wanting_;  // oldest first
    std::size_t open_ = 0;
    std::size_t let_in_ = 0;
    std::chrono::steady_clock::time_point let_in_until_;
};

}  // namespace LARDER_NAMESPACE::pg
