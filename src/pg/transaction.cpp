#include "larder/pg/transaction.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "pool_state.hpp"
#include "tables.hpp"

namespace LARDER_NAMESPACE::pg {

namespace asio = boost::asio;

namespace {

error not_stored(const error& why) {
    return error{failure::unavailable, why.what(), why.sqlstate()}.with_detail(why.detail());
}

}  // namespace

transaction::transaction(std::unique_ptr<state> s) : state_(std::move(s)) {}
transaction::transaction(transaction&&) noexcept = default;

// PostgreSQL rolls back what it has when the connection goes.
transaction::~transaction() {
    if (state_ && state_->begun && !state_->ended) (**state_->with).abandon();
}

// Nothing is stored before the commit, so also a statement that was interrupted has not run.
asio::awaitable<result> transaction::run(const statement& sql, parameters values) {
    auto& s = *state_;
    if (s.ended) throw error(failure::misused, "the transaction has ended");
    std::optional<error> failed;
    while (true) {
        const bool first = !std::exchange(s.begun, true);
        const auto begun = std::chrono::steady_clock::now();
        try {
            const bool opens = s.is_short && !(**s.with).is_pooled();
            const auto how = !first ? framing::plain : opens ? framing::opens : framing::begins;
            co_return co_await (**s.with).execute(sql, values, how);
        } catch (const error& e) {
            failed = e;
        }
        const bool is_old = s.with->is_to_be_renewed(*failed);
        if (!first || !is_old) break;
        // It may be let do it on a new session, or the connection had died unnoticed: once more.
        co_await renew(begun);
    }
    if (failed->kind() == failure::interrupted) {
        s.ended = true;
        throw not_stored(*failed);
    }
    co_await rollback();
    throw error(*failed);
}

asio::awaitable<void> transaction::renew(std::chrono::steady_clock::time_point since) {
    auto& s = *state_;
    (**s.with).abandon();
    s.with.reset();
    s.ended = true;  // also if there is no other session
    auto with = co_await s.home->acquire(s.home->lost_since(since));
    (*with).is_part_of(s.within);
    s.with.emplace(std::move(with));
    s.begun = s.ended = false;
}

asio::awaitable<result> transaction::run_only(const statement& sql, parameters values) {
    state_->is_short = !state_->begun;
    return run(sql, std::move(values));
}

asio::awaitable<void> transaction::notify(const std::string& payload) {
    static constexpr statement tell{"SELECT pg_notify($1, $2)"};
    auto& shared = *state_->home->shared;
    co_await execute(tell, std::string{notification_channel}, payload);
    bool noted = false;
    if (!shared.lacks_tables) noted = co_await note(payload);
    if (!noted) ++shared.unnoted;
}

// A table that is missing is no reason to lose what the transaction has done before. One that
// somebody has locked is: nobody would know of the write if this process died.
asio::awaitable<bool> transaction::note(const std::string& payload) {
    static constexpr statement insert{tables::note};
    auto& s = *state_;
    const parameters values(1, payload);
    std::optional<error> failed;
    try {
        co_await (**s.with).execute(insert, values, framing::in_savepoint);
        co_return true;
    } catch (const error& e) {
        failed = e;
    }
    const bool goes_on = (**s.with).is_usable();
    if (goes_on && failed->kind() == failure::rejected) co_return false;
    if (goes_on) co_await rollback();
    s.ended = true;
    throw not_stored(*failed);
}

asio::awaitable<void> transaction::commit() {
    auto& s = *state_;
    if (s.ended) throw error(failure::misused, "the transaction has ended");
    s.ended = true;
    if (s.begun) s.id = (**s.with).transaction();
    if (s.begun) co_await (**s.with).end("COMMIT");
    s.with.reset();
}

// Not behind a pooler, whose server may have lost the statement and have it come later.
bool transaction::may_end_at_once() const {
    auto& s = *state_;
    return !s.begun && !s.ended && !(**s.with).is_pooled();
}

asio::awaitable<void> transaction::make_sure() {
    auto& s = *state_;
    while (!(**s.with).was_heard_lately()) {
        const auto begun = std::chrono::steady_clock::now();
        std::optional<error> failed;
        try {
            co_await (**s.with).probe();
        } catch (const error& e) {
            failed = e;
        }
        if (!failed) co_return;
        if (!s.with->is_to_be_renewed(*failed)) {
            (**s.with).abandon();
            s.ended = true;
            throw not_stored(*failed);
        }
        co_await renew(begun);
    }
}

asio::awaitable<result> transaction::run_and_commit(const statement& sql, parameters values) {
    auto& s = *state_;
    if (s.begun || s.ended) throw error(failure::misused, "the transaction has begun");
    s.ended = true;
    const auto begun = std::chrono::steady_clock::now();
    std::optional<error> failed;
    try {
        auto rows = co_await (**s.with).execute(sql, values, framing::alone);
        s.id = (**s.with).transaction();
        s.with.reset();
        co_return rows;
    } catch (const error& e) {
        failed = e;
    }
    // What the server refused has not run, and may on a new session.
    const bool may_run =
        failed->kind() != failure::interrupted && s.with->is_to_be_renewed(*failed);
    if (!may_run) {
        s.with.reset();
        throw error(*failed);
    }
    co_await renew(begun);
    auto rows = co_await run(sql, std::move(values));
    co_await commit();
    co_return rows;
}

const std::string& transaction::id() const { return state_->id; }

asio::awaitable<void> transaction::rollback() {
    auto& s = *state_;
    if (std::exchange(s.ended, true) || !s.begun) co_return;
    try {
        co_await (**s.with).end("ROLLBACK");
    } catch (const error&) {
        (**s.with).abandon();
    }
    s.with.reset();
}

}  // namespace LARDER_NAMESPACE::pg
