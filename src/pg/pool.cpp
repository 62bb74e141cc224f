#include "larder/pg/pool.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

#include "pool_state.hpp"

namespace larder::pg {

namespace asio = boost::asio;

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

// A login costs a server more than many statements, so a worker has one at a time: who would need
// another waits for that or for a connection that comes back, whichever is first.
asio::awaitable<void> pool::state::take_place() {
    if (in_use < options.max_connections && (!idle.empty() || !logs_in)) {
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
    co_await connect(*fresh);
    co_return fresh;
}

// Where a server refuses, each request would try for itself, and keep it busy with logins just when
// it comes back. So then one tries at a time, and the others share its answer.
asio::awaitable<void> pool::state::connect(connection& c) {
    using clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds pause{200};
    if (refused && clock::now() - tried < pause) throw error{*refused};
    tried = clock::now();
    struct login {
        explicit login(state& s) : of(s) { of.logs_in = true; }
        ~login() { of.end_login(); }
        state& of;
    };
    const login now{*this};
    try {
        co_await c.connect();
        refused.reset();
    } catch (const error& e) {
        refused = e;
        throw;
    }
}

void pool::state::end_login() {
    logs_in = false;
    if (waiting.empty() || in_use == options.max_connections) return;
    ++in_use;
    waiting.front()->cancel();
    waiting.pop_front();
}

pool::pool(asio::any_io_executor executor, pool_options options)
    : state_(std::make_shared<state>(std::move(executor), std::move(options))) {}

pool::~pool() { close(); }

void pool::close() {
    state_->closed = true;
    state_->idle.clear();
}

asio::awaitable<transaction> pool::begin() {
    auto s = std::make_unique<transaction::state>();
    s->home = state_;
    auto with = co_await state_->acquire();
    s->with.emplace(std::move(with));
    co_return transaction{std::move(s)};
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
