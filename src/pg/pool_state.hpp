// What a pool and its transactions share. Private to pg.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "connection.hpp"
#include "larder/pg/error.hpp"
#include "logins.hpp"

namespace larder::pg {

/// How often a transaction that is wholly larder's is made, while others are in its way.
inline constexpr int conflict_attempts = 4;
boost::asio::awaitable<void> pause_after_conflict(boost::asio::any_io_executor executor);

// Shared with the connections in use, so that one may come back after the pool has gone.
struct pool::state : std::enable_shared_from_this<state> {
    state(boost::asio::any_io_executor e, pool_options o, std::shared_ptr<logins> l)
        : executor(std::move(e)),
          options(with_defaults(std::move(o))),
          shared(l ? std::move(l) : std::make_shared<logins>()) {}

    class lease;
    class waiter;
    struct race;
    using owned = std::unique_ptr<connection>;

    boost::asio::awaitable<lease> acquire();
    boost::asio::awaitable<lease> log_in();
    boost::asio::awaitable<owned> open();
    static boost::asio::awaitable<void> attempt(std::shared_ptr<state> self,
                                                std::shared_ptr<race> in, owned mine);
    void give_back(owned c);
    void serve_waiting();

    boost::asio::any_io_executor executor;
    const pool_options options;
    const std::shared_ptr<logins> shared;
    std::vector<owned> idle;
    std::deque<waiter*> waiting;  // oldest first
    std::size_t in_use = 0;       // connections lent, with the one that is being opened
    bool logs_in = false;         // a connection is being opened
    bool closed = false;
};

// A connection that goes back to the pool however the statement ends.
class pool::state::lease {
public:
    lease(std::shared_ptr<state> home, owned c, bool reused)
        : home_(std::move(home)), connection_(std::move(c)), reused_(reused) {}
    lease(lease&&) = default;
    lease& operator=(lease&&) = delete;
    ~lease() {
        if (home_) home_->give_back(std::move(connection_));
    }

    void holds(owned c) { connection_ = std::move(c); }
    connection& operator*() { return *connection_; }
    // Whether it was used before, and so may have died without a sign.
    bool reused() const { return reused_; }

private:
    std::shared_ptr<state> home_;
    owned connection_;
    bool reused_;
};

struct transaction::state {
    std::shared_ptr<pool::state> home;
    std::optional<pool::state::lease> with;
    bool begun = false;  // BEGIN was sent
    bool ended = false;  // by commit, rollback or a failure
};

}  // namespace larder::pg
