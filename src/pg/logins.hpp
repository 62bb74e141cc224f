// What the connections of a process know about their server. Private to larder.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

#include "larder/pg/error.hpp"

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
    }
    void was_accepted() {
        const std::lock_guard lock{mutex_};
        refused_.reset();
    }

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
};

}  // namespace larder::pg
