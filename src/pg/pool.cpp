#include "larder/pg/pool.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>
#include <random>
#include <utility>

#include "pool_state.hpp"
#include "sqlstate.hpp"
#include "tables.hpp"

namespace LARDER_NAMESPACE::pg {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

// Two that are in each other's way are not to meet again.
asio::awaitable<void> pause_between_attempts(asio::any_io_executor executor) {
    thread_local std::minstd_rand chance{std::random_device{}()};
    asio::steady_timer pause{
        executor, std::chrono::milliseconds{std::uniform_int_distribution<int>{5, 50}(chance)}};
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
}

pool::pool(asio::any_io_executor executor, pool_options options, std::shared_ptr<logins> shared)
    : state_(std::make_shared<state>(std::move(executor), std::move(options), std::move(shared))) {
    state_->shared->connections->join(state_);
}

pool::~pool() { close(); }

void pool::close() { state_->close(); }

pool_stats pool::stats() const {
    return {state_->in_use, state_->idle.size(), state_->waiting.size()};
}

void pool::tell(const error& why) const { state_->shared->told.failed(why); }

std::chrono::milliseconds pool::acquire_timeout() const { return state_->options.acquire_timeout; }

asio::awaitable<transaction> pool::begin(time_point until, trace::context within) {
    auto s = std::make_unique<transaction::state>();
    s->home = state_;
    auto with = co_await state_->acquire();
    (*with).end_statements_at(until);
    (*with).is_part_of(within);
    s->within = within;
    s->with.emplace(std::move(with));
    co_return transaction{std::move(s)};
}

// An id that is unknown there, or of its future, is another server's.
asio::awaitable<fate> pool::fate_of(std::string transaction) {
    static constexpr statement ask{"SELECT txid_status($1::bigint)", true};
    if (transaction.empty()) co_return fate::unknown;
    if (transaction == "0") co_return fate::over;  // it has changed nothing
    const parameters which(1, std::move(transaction));
    std::string status;
    try {
        const auto rows = co_await run(ask, which);
        status = rows.text(0, 0).value_or("");
    } catch (const error& e) {
        if (e.kind() != failure::rejected) throw;
    }
    if (status == "in progress") co_await end_orphan(which);
    co_return status.empty() ? fate::unknown : status == "in progress" ? fate::pending : fate::over;
}

asio::awaitable<void> pool::announce(std::vector<std::string> payloads) {
    try {
        auto with = co_await state_->acquire();
        for (auto& one : payloads)
            co_await tables::announce_again(*with, std::move(one), !state_->shared->lacks_tables);
    } catch (const error& e) {
        spdlog::debug("The other instances are told later of a write: {}", e.detail());
    }
}

// A proxy or a pooler may keep a connection to the server after it has lost ours, and the COMMIT
// with it. PostgreSQL would wait for it for ever, and so would whoever asks. The backend is known
// by the lower half of the id, which no other backend has meanwhile.
asio::awaitable<void> pool::end_orphan(const parameters& transaction) {
    static constexpr statement end{
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE backend_xid = ($1::bigint & 4294967295)::text::xid"
        " AND (state LIKE 'idle in transaction%' OR state = 'active' AND wait_event = 'ClientRead')"
        " AND state_change < now() - interval '20 s'"};
    try {
        co_await run(end, transaction);
    } catch (const error& e) {
        if (e.kind() != failure::rejected) throw;  // else this role may not: it stays pending
    }
}

asio::awaitable<result> pool::run(const statement& sql, parameters values, time_point until,
                                  trace::context within) {
    attempts all;
    std::chrono::milliseconds lost{};
    while (true) {
        std::optional<error> failed;
        bool may_repeat = false, is_passing = false;
        {
            auto with = co_await state_->acquire(lost);
            const auto begun = clock::now();
            (*with).end_statements_at(until);
            (*with).is_part_of(within);
            try {
                co_return co_await (*with).execute(sql, values);
            } catch (const error& e) {
                failed = e;
            }
            const bool may_be_stored = failed->kind() == failure::interrupted && !sql.reads_only;
            may_repeat = !may_be_stored && with.is_to_be_renewed(*failed);
            is_passing = !may_be_stored && sqlstate::is_passing(failed->sqlstate());
            lost = state_->lost_since(begun);
        }
        if (may_repeat) continue;
        if (all.are_over(*failed, is_passing) || clock::now() >= until) throw error(*failed);
        co_await pause_between_attempts(state_->executor);
    }
}

}  // namespace LARDER_NAMESPACE::pg
