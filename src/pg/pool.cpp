#include "larder/pg/pool.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "connection.hpp"

namespace larder::pg {

namespace asio = boost::asio;

// Shared with the connections in use, so that one may come back after the pool has gone.
struct pool::state : std::enable_shared_from_this<state> {
    state(asio::any_io_executor e, pool_options o)
        : executor(std::move(e)), options(with_defaults(std::move(o))) {}

    class lease;
    using owned = std::unique_ptr<connection>;

    asio::awaitable<lease> acquire();
    asio::awaitable<void> take_place();
    void give_back(owned c);

    asio::any_io_executor executor;
    const pool_options options;
    std::vector<owned> idle;
    std::deque<asio::steady_timer*> waiting;  // oldest first; cancelling a timer wakes its owner
    std::size_t in_use = 0;
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

    connection& operator*() { return *connection_; }
    // Whether it was used before, and so may have died without a sign.
    bool reused() const { return reused_; }

private:
    std::shared_ptr<state> home_;
    owned connection_;
    bool reused_;
};

// Who waits longest gets the place at once, so that nobody who comes later can take it.
void pool::state::give_back(owned c) {
    if (c && c->is_usable() && !closed) idle.push_back(std::move(c));
    if (waiting.empty()) {
        --in_use;
        return;
    }
    waiting.front()->cancel();
    waiting.pop_front();
}

asio::awaitable<void> pool::state::take_place() {
    if (in_use < options.max_connections) {
        ++in_use;
        co_return;
    }
    asio::steady_timer turn{executor, options.acquire_timeout};
    waiting.push_back(&turn);
    co_await turn.async_wait(asio::as_tuple(asio::use_awaitable));
    if (std::erase(waiting, &turn) > 0)
        throw error(failure::unavailable, "all connections are in use");
}

asio::awaitable<pool::state::lease> pool::state::acquire() {
    co_await take_place();
    while (!idle.empty()) {
        auto last = std::move(idle.back());  // the one used last: the others may be closed
        idle.pop_back();
        if (last->is_alive()) co_return lease{shared_from_this(), std::move(last), true};
    }
    lease fresh{shared_from_this(), std::make_unique<connection>(executor, options), false};
    co_await (*fresh).connect();
    co_return fresh;
}

pool::pool(asio::any_io_executor executor, pool_options options)
    : state_(std::make_shared<state>(std::move(executor), std::move(options))) {}

pool::~pool() { close(); }

void pool::close() {
    state_->closed = true;
    state_->idle.clear();
}

struct transaction::state {
    std::shared_ptr<pool::state> home;
    std::optional<pool::state::lease> with;
    bool begun = false;  // BEGIN was sent
    bool ended = false;  // by commit, rollback or a failure
};

transaction::transaction(std::unique_ptr<state> s) : state_(std::move(s)) {}
transaction::transaction(transaction&&) noexcept = default;

// PostgreSQL rolls back what it has when the connection goes.
transaction::~transaction() {
    if (state_ && state_->begun && !state_->ended) (**state_->with).abandon();
}

asio::awaitable<transaction> pool::begin() {
    auto s = std::make_unique<transaction::state>();
    s->home = state_;
    auto with = co_await state_->acquire();
    s->with.emplace(std::move(with));
    co_return transaction{std::move(s)};
}

// Nothing is stored before the commit, so also a statement that was interrupted has not run.
asio::awaitable<result> transaction::run(const statement& sql, parameters values) {
    auto& s = *state_;
    if (s.ended) throw error(failure::misused, "the transaction has ended");
    std::optional<error> failed;
    while (true) {
        const bool first = !std::exchange(s.begun, true);
        const bool may_repeat = first && s.with->reused();
        try {
            co_return co_await (**s.with).execute(sql, values, first);
        } catch (const error& e) {
            failed = e;
        }
        if (failed->kind() != failure::interrupted) break;
        s.ended = true;
        if (!may_repeat) throw error(failure::unavailable, failed->what(), failed->sqlstate());
        // The connection had died unnoticed: once more. Each round uses up a dead connection.
        s.with.reset();
        auto with = co_await s.home->acquire();
        s.with.emplace(std::move(with));
        s.begun = s.ended = false;
    }
    co_await rollback();
    throw error(*failed);
}

asio::awaitable<void> transaction::notify(const std::string& payload) {
    static constexpr statement tell{"SELECT pg_notify($1, $2)"};
    co_await execute(tell, std::string{notification_channel}, payload);
}

asio::awaitable<void> transaction::commit() {
    static constexpr statement end{"COMMIT"};
    auto& s = *state_;
    if (s.ended) throw error(failure::misused, "the transaction has ended");
    s.ended = true;
    const parameters none;
    if (s.begun) co_await (**s.with).execute(end, none);
    s.with.reset();
}

asio::awaitable<void> transaction::rollback() {
    static constexpr statement end{"ROLLBACK"};
    auto& s = *state_;
    if (std::exchange(s.ended, true) || !s.begun) co_return;
    const parameters none;
    try {
        co_await (**s.with).execute(end, none);
    } catch (const error&) {
        (**s.with).abandon();
    }
    s.with.reset();
}

asio::awaitable<bool> pool::is_over(std::string_view backend) {
    if (backend.empty()) co_return false;
    static constexpr statement find{
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE pid || ' ' || extract(epoch FROM backend_start) = $1",
        true};
    const parameters which(1, std::string{backend});
    const auto rows = co_await run(find, which);
    co_return rows.text(0, 0) == "0";
}

asio::awaitable<result> pool::run(const statement& sql, parameters values) {
    while (true) {
        auto with = co_await state_->acquire();
        const bool may_repeat = sql.reads_only && with.reused();
        try {
            co_return co_await (*with).execute(sql, values);
        } catch (const error& e) {
            if (e.kind() != failure::interrupted || !may_repeat) throw;
        }
        // The connection had died unnoticed: once more. Each round uses up a dead connection.
    }
}

}  // namespace larder::pg
