// A connection that LISTENs. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "larder/pg/pool.hpp"

namespace larder::pg {

class connection;

/// Hears what is notified on `notification_channel`, and notifies others. A connection that is lost
/// is made anew; what was notified meanwhile is read from larder's tables (tables.hpp), if they are
/// there. Behind a pooler, where nobody can LISTEN, it reads them all the time.
///
/// Errors   none: it logs, once, that the server lets nobody LISTEN (a standby, a pooler).
/// Threads  call on the worker it was made for.
/// Cost     one connection; a statement for each thing said.
class listener {
public:
    struct events {
        std::function<void(std::string_view payload)> heard;
        /// What to notify again now; asked every `say_every`.
        std::function<std::vector<std::string>()> say;
        /// Whether all that was heard is released.
        std::function<bool()> is_settled = [] { return false; };
        /// At each connection, when what is unreleased was heard: which database it is.
        std::function<void(std::string identity)> identified = [](auto&&) {};
        std::chrono::milliseconds say_every{250};
    };

    listener(const boost::asio::any_io_executor& executor, pool_options options,
             std::shared_ptr<logins> shared, events then);
    ~listener();
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    /// Connects; returns when it listens, or when that failed for now.
    boost::asio::awaitable<void> start();
    void stop();

private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> listen();
    boost::asio::awaitable<void> listen_for(const statement& begin);
    boost::asio::awaitable<void> read_rows();
    boost::asio::awaitable<void> forget_rows();

    const pool_options options_;
    const std::shared_ptr<logins> logins_;
    const events events_;
    std::unique_ptr<connection> connection_;
    std::set<std::string> known_;  // rows that were read, and heard
    boost::asio::steady_timer pause_;    // between two connections
    boost::asio::steady_timer started_;  // ends when the first one listens or failed
    bool stopped_ = false;
    bool said_why_ = false;
};

}  // namespace larder::pg
