// What the connections of a process know about their server. Private to larder.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "larder/pg/error.hpp"
#include "resolve.hpp"
#include "troubles.hpp"

namespace larder::pg {

/// A login costs a server more than many statements do. One that refuses is tried by one at a time,
/// and the others share its answer: or all would keep it busy just when it comes back.
///
/// Threads  call on any.
class logins {
public:
    /// Before a login: why it has to wait, or nothing if it begins now.
    std::optional<error> why_not() {
        const std::lock_guard lock{mutex_};
        if (refused_lately()) return refused_;
        began_ = clock::now();
        return std::nullopt;
    }
    /// Before one that nobody waits for, which is not to be what refuses others.
    bool has_to_wait() {
        const std::lock_guard lock{mutex_};
        return refused_lately();
    }
    void was_refused(const error& why) {
        const std::lock_guard lock{mutex_};
        refused_ = why;
        told.was_refused(why);
    }
    void was_accepted(address where) {
        const std::lock_guard lock{mutex_};
        refused_.reset();
        served_ = std::move(where);
        told.was_accepted();
    }
    address served_last() {
        const std::lock_guard lock{mutex_};
        return served_;
    }

    /// A session turned out to be dead, or not what it was taken for: so may be all that are as
    /// old, and none of them is used again.
    void renew() { renewed_ = clock::now().time_since_epoch().count(); }
    bool is_outdated(std::chrono::steady_clock::time_point begun) const {
        return begun.time_since_epoch().count() <= renewed_;
    }
    /// Whether a session is old enough that a new one may be let do what it is not.
    static bool may_be_renewed(std::chrono::steady_clock::time_point begun) {
        return clock::now() - begun > std::chrono::milliseconds{500};
    }

    troubles told;
    /// Whether larder's own tables are known to be there, or known to be missing; see tables.hpp.
    std::atomic<bool> has_tables{false}, lacks_tables{false};
    /// How often something was announced and could not be noted there.
    std::atomic<unsigned> unnoted{0};

private:
    using clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds pause{200};

    bool refused_lately() const { return refused_ && clock::now() - began_ < pause; }

    std::mutex mutex_;
    std::optional<error> refused_;  // what the last one ended with
    clock::time_point began_;
    address served_;
    std::atomic<clock::rep> renewed_{0};
};

}  // namespace larder::pg
