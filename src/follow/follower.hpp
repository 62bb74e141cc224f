// Follows PostgreSQL, and tells what committed transactions make untrue. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "follow/following.hpp"
#include "larder/follow.hpp"
#include "larder/pg/pool.hpp"

namespace LARDER_NAMESPACE::follow {

/// Drives `following` over libpq, by the log or by triggers.
///
/// Errors   none: it logs, once, what keeps it from following, and tries again.
/// Threads  call on the worker it was made for.
/// Cost     two connections; by the log one of them is a walsender's.
class follower {
public:
    struct events {
        /// What readers see to have changed.
        std::function<void(untrue what)> broken;
        /// The Valkey that is served, so that each has one follower; empty while that is not known.
        std::function<std::string()> of;
        std::string program = {};  ///< of which `follow setup` helps
        /// What was committed a second ago is told: several times a second, while that is so.
        std::function<void(const progress& how)> follows = [](const progress&) {};
        /// It does not any more.
        std::function<void()> ends = [] {};
    };

    /// Where what is served has another address than `source`, that is asked whether both lead to
    /// the same database.
    follower(const boost::asio::any_io_executor& executor, larder::following how,
             pg::pool_options source, std::optional<pg::pool_options> served,
             std::vector<followed> what, events then);
    ~follower();
    follower(const follower&) = delete;
    follower& operator=(const follower&) = delete;

    void start();
    void stop();

private:
    struct state;

    std::unique_ptr<state> state_;
};

}  // namespace LARDER_NAMESPACE::follow
