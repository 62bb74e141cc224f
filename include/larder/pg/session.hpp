// What one request does with PostgreSQL.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "larder/pg/pool.hpp"
#include "larder/pg/statements.hpp"

namespace LARDER_NAMESPACE::pg {

/// What is known about a request's writes.
enum class outcome {
    nothing,  ///< none was committed: none was sent, or all were refused
    written,  ///< at least one was committed, and all are known to be over
    unknown   ///< one was sent and its connection was lost: it may be committed, now or later
};

/// Runs one request's statements, and knows whether any of them may have changed something.
///
/// Errors   throws pg::error.
/// Threads  call on the pool's worker, one statement after the other.
class session : public statements<session> {
public:
    explicit session(pool& connections, const trace::context& span = {})
        : pool_(connections), trace_(span) {}
    /// Its statements are a part of a transaction, which outlives it and which others commit.
    session(pool& connections, pg::transaction& within, const trace::context& span = {})
        : pool_(connections), trace_(span), within_(&within) {}
    /// The span of which what it does is a part.
    const trace::context& trace() const { return trace_; }
    bool is_in_transaction() const { return within_ != nullptr; }

    /// PostgreSQL is told to end statements that go on then. Those of a transaction that outlives
    /// the session are not ended.
    void end_statements_at(std::chrono::steady_clock::time_point when) { until_ = when; }

    /// Runs a statement in a transaction of its own; committed when this returns.
    boost::asio::awaitable<result> run(const statement& sql, parameters values);

    /// Whether a statement that is not reads_only was committed, or may have been: its connection
    /// was lost before the answer.
    bool may_have_written() const { return outcome_ != outcome::nothing; }
    pg::outcome written() const { return outcome_; }
    /// For a write that was made by other means than this session.
    void mark_written() {
        if (outcome_ == outcome::nothing) outcome_ = outcome::written;
    }

    /// What PostgreSQL calls the last of its writes that was committed; mostly there is one.
    const std::string& transaction() const { return transaction_; }

    /// Is awaited before each commit of a statement that is not reads_only, when it has run. What
    /// it returns is notified by that commit; see transaction::notify().
    using commit_hook = std::function<boost::asio::awaitable<std::vector<std::string>>()>;
    /// `may_go_without` is asked before such a statement: if so, the statement is committed where
    /// it ends, without that.
    void before_commit(commit_hook then, std::function<bool()> may_go_without = {}) {
        before_commit_ = std::move(then);
        may_go_without_ = std::move(may_go_without);
    }
    /// Is awaited in the transaction of the next statement that is not reads_only, before that runs
    /// and each time that it is tried. The transaction is serializable. What it throws is thrown,
    /// and nothing is written. It is forgotten once that statement is committed.
    using write_guard = std::function<boost::asio::awaitable<void>(pg::transaction&)>;
    void before_write(write_guard check) { guard_ = std::move(check); }
    bool has_guard() const { return static_cast<bool>(guard_); }
    /// The same for a transaction that somebody else has begun: asked at once, and forgotten.
    boost::asio::awaitable<void> check_guard(pg::transaction& begun);
    /// Asks PostgreSQL what became of the writes of unknown outcome; see pool::fate_of(). It may
    /// outlive the session.
    std::function<boost::asio::awaitable<fate>()> fate_check() const;
    /// What it has run, where the pool checks reads.
    const std::vector<read>& reads() const { return reads_; }
    /// As if it had run this.
    void note_read(read one) { reads_.push_back(std::move(one)); }
    /// The connections that it uses.
    pool& connections() const { return pool_; }

private:
    boost::asio::awaitable<result> write(const statement& sql, parameters values);
    boost::asio::awaitable<result> write_once(const statement& sql, parameters values);
    boost::asio::awaitable<void> ask_guard(pg::transaction& begun);

    pool& pool_;
    trace::context trace_;
    outcome outcome_ = outcome::nothing;
    std::string transaction_;
    std::vector<std::string> lost_;  // the transactions of unknown outcome
    commit_hook before_commit_;
    std::function<bool()> may_go_without_;
    write_guard guard_;
    pg::transaction* within_ = nullptr;
    std::vector<read> reads_;
    std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace LARDER_NAMESPACE::pg
