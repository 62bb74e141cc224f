// What a pool and its transactions share. Private to pg.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connection.hpp"
#include "larder/pg/error.hpp"
#include "logins.hpp"

namespace LARDER_NAMESPACE::pg {

/// How often a transaction that is wholly larder's is made, while what is in its way passes, and
/// until when it is made once more. Who was in a conflict has waited already.
inline constexpr int most_attempts = 4;
inline constexpr std::chrono::seconds attempts_end_after{1};
boost::asio::awaitable<void> pause_between_attempts(boost::asio::any_io_executor executor);

/// Counts the attempts at one.
class attempts {
public:
    bool are_over(const error& why) { return are_over(why, why.is_passing()); }
    bool are_over(const error& why, bool is_passing) {
        const bool is_late = std::chrono::steady_clock::now() - since_ > attempts_end_after;
        return !is_passing || ++made_ >= most_attempts || (is_late && !why.is_conflict());
    }

private:
    const std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
    int made_ = 0;
};

// Shared with the connections in use, so that one may come back after the pool has gone.
struct pool::state : spender, std::enable_shared_from_this<state> {
    state(boost::asio::any_io_executor e, pool_options o, std::shared_ptr<logins> l)
        : executor(std::move(e)),
          options(with_defaults(std::move(o))),
          shared(l ? std::move(l) : std::make_shared<logins>(options.max_of_process)),
          again(executor),
          sweep(executor) {}

    class lease;
    class waiter;
    struct race;
    using owned = std::unique_ptr<connection>;

    /// `after` this long a wait for a session that turned out to be dead.
    boost::asio::awaitable<lease> acquire(std::chrono::milliseconds after = {});
    boost::asio::awaitable<lease> log_in(std::shared_ptr<void> place,
                                         std::chrono::milliseconds after);
    boost::asio::awaitable<owned> open(std::chrono::milliseconds within);
    static boost::asio::awaitable<void> attempt(std::shared_ptr<state> self,
                                                std::shared_ptr<race> in, owned mine,
                                                std::size_t first);
    void give_back(owned c);
    void suspect();
    static boost::asio::awaitable<void> examine(std::shared_ptr<state> self);
    /// Of what a request waits for a login, so much is over when its session was dead.
    std::chrono::milliseconds lost_since(std::chrono::steady_clock::time_point begun) const;
    void serve_waiting();
    void serve_later();
    void may_open() override;
    void is_asked_for_one() override;
    std::size_t has() const { return in_use + idle.size(); }
    void keep_idle(owned c);
    void sweep_later();
    void close();

    boost::asio::any_io_executor executor;
    const pool_options options;
    const std::shared_ptr<logins> shared;
    std::vector<owned> idle;
    std::deque<waiter*> waiting;  // oldest first
    std::size_t in_use = 0;       // connections lent, with the one that is being opened
    std::vector<connection*> lent;
    boost::asio::steady_timer again;  // to serve who waits for a server that is full
    boost::asio::steady_timer sweep;  // of idle connections
    bool serves_later = false, sweeps_later = false;
    bool logs_in = false;   // a connection is being opened
    bool suspects = false;  // the server, of being dead
    bool closed = false;
    std::set<std::string> right_reads;  // with what they may read
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
    // A statement failed on it, and nothing of it was stored. Whether a new session may be let do
    // it: the server ended this one, or it is not what it was taken for. Then all old ones go.
    bool is_to_be_renewed(const error& why);

private:
    std::shared_ptr<state> home_;
    owned connection_;
    bool reused_;
};

struct transaction::state {
    std::shared_ptr<pool::state> home;
    std::optional<pool::state::lease> with;
    bool begun = false;     // BEGIN was sent, or what stands for it
    bool is_short = false;  // it may go without
    bool ended = false;     // by commit, rollback or a failure
    std::string id = {};
    trace::context within = {};
};

}  // namespace LARDER_NAMESPACE::pg
