// A connection that LISTENs. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>

#include "announcements.hpp"
#include "larder/pg/pool.hpp"

namespace larder::pg {

class connection;

/// Hears what was announced and is not released yet, and announces to others. It reads that from
/// larder's own table (tables.hpp): when it has connected, whenever something is notified on
/// `notification_channel`, and every `say_every` while there is something. Where nobody can LISTEN,
/// behind a pooler, it reads every `say_every`. Where there is no table it hears what is notified
/// while it listens, and repeats what it has to say. Where the server has no connection left but
/// the one to listen with, that is given up for a minute, and one of `lends` is asked instead.
///
/// Errors   none: it logs, once, what the server does not let it do.
/// Threads  call on the worker it was made for.
/// Cost     one connection; a statement each time that it reads or says something.
class listener {
public:
    using events = announcements::events;

    listener(const boost::asio::any_io_executor& executor, pool_options options,
             std::shared_ptr<logins> shared, events then, pool* lends = nullptr);
    ~listener();
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    /// Connects; returns when it has heard what is unreleased, or when that failed for now.
    boost::asio::awaitable<void> start();
    void stop();
    /// Whether the source was there when it was asked last, which is every two seconds.
    bool hears() const { return hears_; }

private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> listen();
    boost::asio::awaitable<void> look_in_turn();
    boost::asio::awaitable<void> log_in();
    boost::asio::awaitable<void> begin();
    boost::asio::awaitable<bool> subscribe();
    void take_notifications();
    boost::asio::awaitable<void> look(bool is_due);
    boost::asio::awaitable<void> ask();
    boost::asio::awaitable<void> read_rows();
    boost::asio::awaitable<void> say();

    const pool_options options_;
    const std::shared_ptr<logins> logins_;
    announcements decides_;
    pool* const lends_;
    std::unique_ptr<connection> connection_;
    connection* on_ = nullptr;           // that, or one that was lent
    bool has_tables_ = false;            // as of this connection
    bool is_notified_ = false;           // something was notified since it read last
    boost::asio::steady_timer pause_;    // between two connections
    boost::asio::steady_timer started_;  // ends when the first one listens or failed
    bool hears_ = false;
    bool stopped_ = false;
    bool said_why_ = false;
    bool said_limit_ = false;
};

}  // namespace larder::pg
