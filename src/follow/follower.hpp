// Follows PostgreSQL's log, and tells what committed transactions make untrue. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "follow/changes.hpp"
#include "larder/follow.hpp"
#include "larder/pg/pool.hpp"

namespace larder::pg {
class connection;
class log_connection;
}  // namespace larder::pg

namespace larder::follow {

/// One of the processes that share a Valkey follows; the others wait for its end. Who begins does
/// not know what was committed before, so it has everything forgotten.
///
/// Errors   none: it logs, once, what keeps it from following, and tries again.
/// Threads  call on the worker it was made for.
/// Cost     two connections, one of them a walsender's; while a transaction is not visible yet a
///          query each millisecond, then less often.
class follower {
public:
    struct events {
        /// What readers see to have changed.
        std::function<void(untrue what)> broken;
        /// The Valkey that is served, so that each has one follower; empty while that is not known.
        std::function<std::string()> of;
        std::string program = {};  ///< of which `follow setup` helps
        /// What was committed a second ago is told: several times a second, while that is so.
        std::function<void()> follows = [] {};
        /// It does not any more.
        std::function<void()> ends = [] {};
    };

    follower(const boost::asio::any_io_executor& executor, pg::pool_options source,
             std::vector<followed> what, events then);
    ~follower();
    follower(const follower&) = delete;
    follower& operator=(const follower&) = delete;

    void start();
    void stop();

private:
    struct session;

    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> follow();
    boost::asio::awaitable<void> stand_by();
    boost::asio::awaitable<void> take_the_slot();
    boost::asio::awaitable<void> read_log();
    boost::asio::awaitable<void> open_gate(std::shared_ptr<session> of);
    boost::asio::awaitable<followed_tables> find_tables();
    boost::asio::awaitable<void> look_around(std::shared_ptr<session> of);
    boost::asio::awaitable<snapshot> look();
    boost::asio::awaitable<void> sleep(std::chrono::milliseconds time);
    std::string slot() const;
    std::set<std::string> families() const;
    void say(const std::string& why);

    const pg::pool_options options_;
    const pg::pool_options log_options_;
    const std::vector<followed> what_;
    const events then_;
    boost::asio::steady_timer pause_;
    std::shared_ptr<session> session_;
    std::string said_;
    bool stopped_ = false;
};

}  // namespace larder::follow
