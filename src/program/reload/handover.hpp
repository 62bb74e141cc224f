// What `serve --reload` does when sources change and processes end. No I/O.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <set>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::program::reload {

/// At most one process serves, one is coming, one builds, and any number finish. A process that
/// serves is told to finish once its successor serves, and not before.
///
/// Each event returns what is to be done, in this order.
class handover {
public:
    using clock = std::chrono::steady_clock;

    enum class what {
        build,
        start,      ///< the program, and say its pid with started()
        terminate,  ///< `pid`: SIGTERM
        say_kept,   ///< a build or its program failed, and who serves goes on
        say_down,   ///< nobody serves until a build succeeds
        exit,       ///< with `status`
    };
    struct action {
        handover::what what;
        pid_t pid = 0;
        int status = 0;
        friend bool operator==(const action&, const action&) = default;
    };
    using actions = std::vector<action>;

    /// A program that ends sooner after it began to serve is not started again before a build.
    static constexpr std::chrono::seconds too_soon{1};

    actions changed();
    void builds(pid_t builder) { building_ = builder; }
    /// `made_new`: the program is another one than was started last.
    actions built(int status, bool made_new);
    void started(pid_t program) { coming_ = program; }
    /// It serves.
    actions ready(pid_t program, clock::time_point now);
    /// Of any process but the one that builds.
    actions ended(pid_t program, int status, clock::time_point now);
    /// The second time, who finishes is told again.
    actions stop();

    bool is_building(pid_t builder) const { return building_ == builder; }

private:
    actions end_of_stop() const;

    std::optional<pid_t> serving_, coming_, building_;
    std::set<pid_t> finishing_;
    clock::time_point serving_since_{};
    bool changed_meanwhile_ = false;
    bool has_served_ = false;
    bool stopping_ = false;
    int status_ = 0;  // of the last one that served
};

}  // namespace LARDER_NAMESPACE::program::reload
