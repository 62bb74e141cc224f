#include "larder/pg/transaction.hpp"

#include <utility>

#include "pool_state.hpp"

namespace larder::pg {

namespace asio = boost::asio;

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
        const bool may_repeat = first && s.with->reused();
        try {
            const auto part = first ? connection::part::beginning : connection::part::transaction;
            co_return co_await (**s.with).execute(sql, values, part);
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
    throw failed->is_conflict() ? unavailable(*failed) : error(*failed);
}

asio::awaitable<void> transaction::notify(const std::string& payload) {
    static constexpr statement tell{"SELECT pg_notify($1, $2)"};
    co_await execute(tell, std::string{notification_channel}, payload);
    if (state_->home->shared->has_tables) co_await remember(payload);
}

// Should the table be gone meanwhile, what was written before stays.
asio::awaitable<void> transaction::remember(const std::string& payload) {
    static constexpr statement before{"SAVEPOINT larder"}, back{"ROLLBACK TO SAVEPOINT larder"},
        insert{"INSERT INTO larder.unreleased (payload) VALUES ($1)"};
    auto& with = **state_->with;
    const auto part = connection::part::transaction;
    const parameters none, what(1, payload);
    co_await with.execute(before, none, part);
    bool refused = false;
    try {
        co_await with.execute(insert, what, part);
    } catch (const error& e) {
        if (e.kind() != failure::rejected) throw;
        refused = true;
    }
    if (!refused) co_return;
    state_->home->shared->has_tables = false;
    co_await with.execute(back, none, part);
}

asio::awaitable<void> transaction::commit() {
    auto& s = *state_;
    if (s.ended) throw error(failure::misused, "the transaction has ended");
    s.ended = true;
    std::optional<error> conflict;
    try {
        if (s.begun) co_await (**s.with).end("COMMIT");
    } catch (const error& e) {
        if (!e.is_conflict()) throw;
        conflict = e;
    }
    s.with.reset();
    if (conflict) throw unavailable(*conflict);
}

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

}  // namespace larder::pg
