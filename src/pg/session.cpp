#include "larder/pg/session.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "pool_state.hpp"

namespace LARDER_NAMESPACE::pg {

namespace asio = boost::asio;

asio::awaitable<result> session::run(const statement& sql, parameters values) {
    if (pool_.checks_reads()) reads_.push_back({std::string{sql.sql}, values.size()});
    if (within_) return within_->run(sql, std::move(values));
    if (sql.reads_only) return pool_.run(sql, std::move(values), until_, trace_);
    return write(sql, std::move(values));
}

// A transaction of one statement is wholly larder's, so it is made once more where what was in its
// way passes.
asio::awaitable<result> session::write(const statement& sql, parameters values) {
    attempts all;
    while (true) {
        try {
            co_return co_await write_once(sql, values);
        } catch (const error& e) {
            if (all.are_over(e)) throw;
        }
        const auto executor = co_await asio::this_coro::executor;
        co_await pause_between_attempts(executor);
    }
}

// The statement runs first, for as long as it takes, and only the commit is prepared for; or the
// statement is its transaction's last word as well as its first: a process that stops in between
// would leave the transaction open, and nobody could begin to follow the log before it has ended.
asio::awaitable<result> session::write_once(const statement& sql, parameters values) {
    auto change = co_await pool_.begin(until_, trace_);
    if (guard_) co_await ask_guard(change);
    const auto may_end_at_once = [&] {
        return !guard_ && may_go_without_ && change.may_end_at_once() && may_go_without_();
    };
    bool at_once = may_end_at_once();
    if (at_once) {
        co_await change.make_sure();
        at_once = may_end_at_once();  // still, and on this connection
    }
    std::optional<result> rows;
    if (!at_once) {
        rows = co_await change.run_only(sql, values);
        if (before_commit_) {
            const auto payloads = co_await before_commit_();
            for (const auto& one : payloads) co_await change.notify(one);
        }
    }
    const auto before = std::exchange(outcome_, outcome::unknown);  // also if it is abandoned
    try {
        if (at_once) rows = co_await change.run_and_commit(sql, std::move(values));
        else co_await change.commit();
    } catch (const error& e) {
        if (e.kind() == failure::interrupted) lost_.push_back(e.transaction());
        else outcome_ = before;
        throw;
    }
    outcome_ = std::max(before, outcome::written);
    transaction_ = change.id();
    guard_ = {};
    co_return std::move(*rows);
}

// What the guard has read, no other transaction as this one may have changed when this one commits:
// one of the two is refused (40001). Of all others' changes it sees those of the rows that this one
// changes, too.
asio::awaitable<void> session::ask_guard(pg::transaction& begun) {
    static constexpr statement serializable{"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"};
    co_await begun.execute(serializable);
    std::exception_ptr refused;
    try {
        co_await guard_(begun);
    } catch (...) {
        refused = std::current_exception();
    }
    if (!refused) co_return;
    co_await begun.rollback();
    std::rethrow_exception(refused);
}

asio::awaitable<void> session::check_guard(pg::transaction& begun) {
    if (!guard_) co_return;
    co_await ask_guard(begun);
    guard_ = {};
}

namespace {

// Of all of them: the worst.
asio::awaitable<fate> fate_of_all(pool& connections, std::vector<std::string> transactions) {
    auto all = transactions.empty() ? fate::unknown : fate::over;
    for (const auto& one : transactions) {
        const auto became = co_await connections.fate_of(one);
        if (became == fate::pending) co_return became;
        if (became == fate::unknown) all = became;
    }
    co_return all;
}

}  // namespace

std::function<asio::awaitable<fate>()> session::fate_check() const {
    return [&connections = pool_, lost = lost_] { return fate_of_all(connections, lost); };
}

}  // namespace LARDER_NAMESPACE::pg
