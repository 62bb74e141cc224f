// Who gets which connection, and how one is made; what is done with it is pool.cpp's.
#include "pool_state.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "sqlstate.hpp"

namespace LARDER_NAMESPACE::pg {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

namespace {

constexpr const char* full = "53300";
constexpr std::chrono::milliseconds lateness_of_a_stop{100};

}  // namespace

// Who needs a connection; what it is given ends the wait.
class pool::state::waiter {
public:
    enum class given { nothing, connection, login, refusal };

    waiter(state& s, asio::steady_timer& turn) : of_(s), turn_(turn) {
        of_.waiting.push_back(this);
    }
    ~waiter() { std::erase(of_.waiting, this); }
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;

    void give(given what, owned c = nullptr) {
        has = what;
        with = std::move(c);
        turn_.cancel();
    }

    given has = given::nothing;
    owned with;
    std::shared_ptr<void> place;  // of the connection to be
    std::optional<error> why;

private:
    state& of_;
    asio::steady_timer& turn_;
};

// Who waits longest is served first. A login costs a server more than many statements, so a worker
// has one at a time, and the others wait for that or for a connection that comes back, whichever is
// first. Where a server refuses, each request would try for itself, and keep it busy with logins
// just when it comes back: so one tries, and the others share its answer, unless a connection is
// lent that they may have later.
void pool::state::serve_waiting() {
    using given = waiter::given;
    while (!waiting.empty() && in_use < options.max_connections) {
        auto& first = *waiting.front();
        if (!idle.empty()) {  // the one used last: the others may be closed
            waiting.pop_front();
            ++in_use;
            first.give(given::connection, std::move(idle.back()));
            idle.pop_back();
            continue;
        }
        if (logs_in) return;
        auto place = shared->connections->take(shared_from_this(), has());
        if (!place) return;
        if (auto refusal = shared->why_not()) {
            const bool is_full = refusal->sqlstate() == full;
            if (is_full) serve_later();
            if (in_use > 0 || is_full) return;
            waiting.pop_front();
            first.why = std::move(refusal);
            first.give(given::refusal);
            continue;
        }
        waiting.pop_front();
        ++in_use;
        logs_in = true;
        first.place = std::move(place);
        first.give(given::login);
    }
}

void pool::state::give_back(owned c) {
    --in_use;
    std::erase(lent, c.get());
    const bool is_good = c && c->is_usable() && !shared->is_outdated(c->begun());
    const bool is_wanted = shared->connections->is_wanted(has() + 1);
    if (c) c->end_statements_at(clock::time_point::max());
    if (c) c->is_part_of({});
    if (is_good && !closed && !is_wanted) keep_idle(std::move(c));
    c.reset();
    serve_waiting();
}

// A server that is full has room again when somebody's connection ends.
void pool::state::serve_later() {
    if (std::exchange(serves_later, true)) return;
    again.expires_after(logins::pause);
    again.async_wait([of = weak_from_this()](boost::system::error_code) {
        const auto still = of.lock();
        if (!still) return;
        still->serves_later = false;
        still->serve_waiting();
    });
}

void pool::state::may_open() {
    asio::post(executor, [of = weak_from_this()] {
        const auto still = of.lock();
        if (!still) return;
        still->serve_waiting();
        if (still->waiting.empty()) still->shared->connections->withdraw(still.get());
    });
}

void pool::state::is_asked_for_one() {
    asio::post(executor, [of = weak_from_this()] {
        const auto still = of.lock();
        if (!still || still->idle.empty()) return;
        if (still->shared->connections->is_wanted(still->has()))
            still->idle.erase(still->idle.begin());
    });
}

void pool::state::keep_idle(owned c) {
    idle.push_back(std::move(c));
    sweep_later();
}

// The one used last is at the end.
void pool::state::sweep_later() {
    if (options.idle_timeout.count() == 0 || idle.empty() || std::exchange(sweeps_later, true))
        return;
    sweep.expires_at(idle.front()->heard_at() + options.idle_timeout);
    sweep.async_wait([of = weak_from_this()](boost::system::error_code) {
        const auto still = of.lock();
        if (!still) return;
        const auto before = clock::now() - still->options.idle_timeout;
        std::erase_if(still->idle, [&](const owned& one) { return one->heard_at() <= before; });
        still->sweeps_later = false;
        still->sweep_later();
    });
}

void pool::state::close() {
    closed = true;
    idle.clear();
    again.cancel();
    sweep.cancel();
}

// Whose login was refused waits, too, if a connection is lent, or the server is full.
asio::awaitable<pool::state::lease> pool::state::acquire(std::chrono::milliseconds after) {
    using given = waiter::given;
    const auto self = shared_from_this();
    asio::steady_timer turn{executor, options.acquire_timeout};
    error why{failure::unavailable, "all connections are in use"};
    bool was_late = false;
    while (true) {
        waiter me{*this, turn};
        serve_waiting();
        if (me.has == given::nothing) co_await turn.async_wait(asio::as_tuple(asio::use_awaitable));
        // While the process was stopped nobody could give a connection back.
        const bool is_late = clock::now() - turn.expiry() > lateness_of_a_stop;
        if (me.has == given::nothing && is_late && !std::exchange(was_late, true)) {
            turn.expires_after(options.acquire_timeout);
            co_await turn.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        if (me.has == given::nothing) throw error{why};
        if (me.has == given::refusal) throw error{*me.why};
        if (me.has == given::connection) {
            lent.push_back(me.with.get());
            lease used{self, std::move(me.with), true};
            const bool is_good = (*used).is_alive() && !shared->is_outdated((*used).begun());
            if (is_good) co_return used;
            (*used).abandon();
            continue;
        }
        try {
            auto fresh = co_await log_in(std::move(me.place), after);
            co_return fresh;
        } catch (const error& e) {
            if (e.sqlstate() == full) shared->was_full();
            else if (in_use == 0 && idle.empty()) throw;
            why = e;
        }
    }
}

asio::awaitable<pool::state::lease> pool::state::log_in(std::shared_ptr<void> place,
                                                        std::chrono::milliseconds after) {
    struct login {
        ~login() {
            of.logs_in = false;
            of.serve_waiting();
        }
        state& of;
    };
    const login now{*this};
    lease fresh{shared_from_this(), nullptr, false};
    try {
        auto opened = co_await open(options.connect_timeout - after);
        opened->keep(std::move(place));
        lent.push_back(opened.get());
        fresh.holds(std::move(opened));
        shared->was_accepted((*fresh).at());
    } catch (const error& e) {
        shared->was_refused(e);
        throw;
    }
    co_return fresh;
}

// A statement may take its time, and a server that is dead or frozen would let all wait for as long
// as one may take. Whether it is, another login tells, which needs little of it.
void pool::state::suspect() {
    if (!std::exchange(suspects, true))
        asio::co_spawn(executor, examine(shared_from_this()), asio::detached);
}

asio::awaitable<void> pool::state::examine(std::shared_ptr<state> self) {
    const auto since = clock::now();
    try {
        co_await self->open(self->options.connect_timeout);
    } catch (const error& e) {
        if (e.sqlstate().empty()) {
            self->shared->renew();
            self->shared->was_refused(e);
            for (auto* one : self->lent)
                if (one->heard_at() < since) one->interrupt();
        }
    }
    self->suspects = false;
}

// The attempts at one login.
struct pool::state::race {
    explicit race(const asio::any_io_executor& e) : over(e) {}

    asio::steady_timer over;              // ends early when one is in, or all have failed
    std::vector<connection*> connecting;  // oldest first
    owned winner;
    std::optional<error> why;
};

// A login that was lost on the way would hold up everybody for its whole timeout. So while nothing
// is heard from the server another one is begun now and then, as RFC 8305 has it for addresses,
// each at the next address, and the first to be in is taken. There are two at most: the oldest,
// which a server that is only slow answers first, and the newest.
asio::awaitable<pool::state::owned> pool::state::open(std::chrono::milliseconds within) {
    constexpr std::chrono::milliseconds another_after{250};
    const auto self = shared_from_this();
    const auto attempts = std::make_shared<race>(executor);
    const auto until = clock::now() + within;
    auto begin = [&, begun = std::size_t{0}]() mutable {
        auto one = std::make_unique<connection>(executor, options);
        one->when_silent([of = weak_from_this()] {
            if (const auto still = of.lock()) still->suspect();
        });
        attempts->connecting.push_back(one.get());
        asio::co_spawn(executor, attempt(self, attempts, std::move(one), begun++), asio::detached);
    };
    auto& all = attempts->connecting;
    begin();
    while (!attempts->winner && !all.empty() && clock::now() < until) {
        attempts->over.expires_at(std::min(until, clock::now() + another_after));
        const auto [early] =
            co_await attempts->over.async_wait(asio::as_tuple(asio::use_awaitable));
        if (early || clock::now() >= until) continue;
        if (std::ranges::any_of(all, &connection::has_heard)) continue;
        if (all.size() > 1) all.back()->interrupt();
        begin();
    }
    for (auto* late : all) late->interrupt();
    if (attempts->winner) co_return std::move(attempts->winner);
    if (all.empty()) throw error{*attempts->why};
    throw error{failure::unavailable, "no answer in time"}.with_detail(
        "no answer to a login in time");
}

// A connection refers to the pool's options, so the pool stays until the last attempt has ended.
asio::awaitable<void> pool::state::attempt(std::shared_ptr<state> self, std::shared_ptr<race> in,
                                           owned mine, std::size_t first) {
    const auto* const me = mine.get();
    try {
        auto served_last = self->shared->served_last();
        co_await mine->connect(std::move(served_last), first);
        if (!in->winner) in->winner = std::move(mine);
    } catch (const error& e) {
        in->why = e;
    } catch (const std::exception& e) {  // the system lacks memory or descriptors
        in->why = error{failure::unavailable, "no connection"}.with_detail(e.what());
    }
    std::erase(in->connecting, me);
    if (in->winner || in->connecting.empty()) in->over.cancel();
}

bool pool::state::lease::is_to_be_renewed(const error& why) {
    const auto& state = why.sqlstate();
    const bool is_dead = why.kind() == failure::interrupted || sqlstate::ends_session(state);
    const bool is_unfit = sqlstate::is_of_session(state) || sqlstate::may_be_of_session(state);
    const bool is_old = logins::may_be_renewed((*connection_).begun());
    if (is_dead ? !reused_ : !is_unfit || !is_old) return false;
    home_->shared->renew();
    return true;
}

std::chrono::milliseconds pool::state::lost_since(clock::time_point begun) const {
    const auto lost = std::chrono::ceil<std::chrono::milliseconds>(clock::now() - begun);
    return std::min(lost, options.connect_timeout / 2);
}

}  // namespace LARDER_NAMESPACE::pg
