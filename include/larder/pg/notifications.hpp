// What others say through PostgreSQL: LISTEN and NOTIFY.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "larder/pg/pool.hpp"

namespace LARDER_NAMESPACE::pg {

/// One NOTIFY or pg_notify(), committed by anyone.
struct notification {
    std::string channel;
    /// Less than 8,000 bytes; empty where NOTIFY has none. Nothing: it listens on this channel from
    /// now on, and what was notified before may have been missed.
    std::optional<std::string> payload;
};

/// Throws std::invalid_argument for a name that is no channel's: empty, longer than 63 bytes or
/// with a NUL; or that is larder's own.
void expect_channel(const std::string& name);

/// A connection of its own that LISTENs on some channels, and is made anew when it is lost. Each
/// time it tells so, for every channel: PostgreSQL keeps nothing for who does not listen.
///
/// Errors   the constructor throws as expect_channel() does.
/// Threads  call on the executor's thread, one next() at a time. It may go while one waits, after
///          stop().
/// Cost     one connection, and a statement after every two seconds of silence: a server that is
///          frozen says nothing of it.
class notifications {
public:
    /// `shared` is as for a pool.
    notifications(boost::asio::any_io_executor executor, pool_options options,
                  std::vector<std::string> channels, std::shared_ptr<logins> shared = nullptr);
    ~notifications();
    notifications(const notifications&) = delete;
    notifications& operator=(const notifications&) = delete;

    /// The next one, in the order of their commits; nothing once it was stopped. It waits for a
    /// server that is not there. Throws error{rejected} where nobody can LISTEN, behind a pooler
    /// or at a standby; the next call tries again.
    boost::asio::awaitable<std::optional<notification>> next();
    /// Nothing is told any more, also to who waits.
    void stop();

private:
    struct state;
    const std::shared_ptr<state> state_;
};

}  // namespace LARDER_NAMESPACE::pg
