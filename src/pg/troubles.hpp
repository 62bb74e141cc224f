// What the log is told of a server that fails. Private to larder.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "larder/pg/error.hpp"

namespace LARDER_NAMESPACE::pg {

/// Each reason once: of a server that lets nobody in, until it does; of a statement, once in a
/// while.
///
/// Threads  call on any.
class troubles {
public:
    /// Nobody could log in.
    void was_refused(const error& why);
    /// Somebody could.
    void was_accepted();
    /// A request failed. Does nothing where that was a login, which is told already.
    void failed(const error& why);

private:
    using clock = std::chrono::steady_clock;

    bool is_new(const error& why, clock::time_point again);

    std::mutex mutex_;
    std::map<std::string, clock::time_point> told_;  // when each was told last
    bool refused_ = false;
};

}  // namespace LARDER_NAMESPACE::pg
