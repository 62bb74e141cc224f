// Whether a silent server is asked at all. Does no I/O.
#pragma once

#include <chrono>
#include <utility>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Open, nobody waits for the server: it has missed a deadline, and no PING was answered in time
/// since then. A PING that comes back late leaves it open, or a slow server would cost its deadline
/// again and again.
class breaker {
public:
    using duration = std::chrono::steady_clock::duration;

    explicit breaker(duration deadline) : deadline_(deadline) {}

    bool is_open() const { return open_; }
    /// True if that opened it.
    bool missed() { return !std::exchange(open_, true); }
    /// A probe was answered after this long. True if that closed it.
    bool probed(duration took) { return took <= deadline_ && std::exchange(open_, false); }
    /// A new connection, which has answered.
    void connected() { open_ = false; }

private:
    const duration deadline_;
    bool open_ = false;
};

}  // namespace LARDER_NAMESPACE::valkey
