// What the connections of a process know about their server. Private to larder.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "budget.hpp"
#include "larder/pg/error.hpp"
#include "larder/pg/pool.hpp"
#include "resolve.hpp"
#include "troubles.hpp"

namespace LARDER_NAMESPACE::pg {

/// A login costs a server more than many statements do. One that refuses is tried by one at a time,
/// and the others share its answer: or all would keep it busy just when it comes back.
///
/// Threads  call on any.
class logins {
public:
    /// Between two logins at a server that refuses.
    static constexpr std::chrono::milliseconds pause{200};

    /// For a process that may have so many connections, with the one that listens.
    explicit logins(std::size_t most = pool_options{}.max_of_process)
        : connections(std::make_shared<budget>(std::max<std::size_t>(most, 2) - 1)),
          leaves_none_to_listen_(most < 2) {}

    /// Before a login: why it has to wait, or nothing if it begins now.
    std::optional<error> why_not() {
        const std::lock_guard lock{mutex_};
        if (refused_lately()) return refused_->unshared();
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
        ++refusals_;
        refused_ = why.unshared();
        told.was_refused(why);
    }
    void was_accepted(address where) {
        const std::lock_guard lock{mutex_};
        ++acceptances_;
        refused_.reset();
        served_ = std::move(where);
        told.was_accepted();
    }
    /// Whether the last one was.
    bool is_refused() const {
        const std::lock_guard lock{mutex_};
        return refused_.has_value();
    }
    std::uint64_t acceptances() const { return acceptances_; }
    std::uint64_t refusals() const { return refusals_; }
    address served_last() {
        const std::lock_guard lock{mutex_};
        return served_;
    }

    /// A session turned out to be dead, or not what it was taken for: so may be all that are as
    /// old, and none of them is used again.
    void renew() { renewed_ = ticks(clock::now()); }
    bool is_outdated(std::chrono::steady_clock::time_point begun) const {
        return ticks(begun) <= renewed_;
    }
    /// Whether a session is old enough that a new one may be let do what it is not.
    static bool may_be_renewed(std::chrono::steady_clock::time_point begun) {
        return clock::now() - begun > std::chrono::milliseconds{500};
    }

    /// The server has no connection left for a request. If this process has only the one that
    /// listens, that is to go, for a while.
    void was_full() {
        if (connections->has_none_beyond())
            listens_again_ = ticks(clock::now() + without_listening);
    }
    bool may_listen() const {
        return !leaves_none_to_listen_ && ticks(clock::now()) >= listens_again_;
    }

    troubles told;
    const std::shared_ptr<budget> connections;
    /// Whether larder's own tables are known to be there, or known to be missing; see tables.hpp.
    std::atomic<bool> has_tables{false}, lacks_tables{false};
    /// How often something was announced and could not be noted there.
    std::atomic<unsigned> unnoted{0};

private:
    using clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds without_listening{60};

    static clock::rep ticks(clock::time_point at) { return at.time_since_epoch().count(); }

    bool refused_lately() const { return refused_ && clock::now() - began_ < pause; }

    mutable std::mutex mutex_;
    std::atomic<std::uint64_t> acceptances_{0}, refusals_{0};
    std::optional<error> refused_;  // what the last one ended with
    clock::time_point began_;
    address served_;
    std::atomic<clock::rep> renewed_{0}, listens_again_{0};
    const bool leaves_none_to_listen_;
};

}  // namespace LARDER_NAMESPACE::pg
