// What one request does with PostgreSQL.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "larder/pg/pool.hpp"
#include "larder/pg/statements.hpp"

namespace larder::pg {

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
    explicit session(pool& connections) : pool_(connections) {}

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
    void before_commit(commit_hook then) { before_commit_ = std::move(then); }
    /// Asks PostgreSQL what became of the writes of unknown outcome; see pool::fate_of(). It may
    /// outlive the session.
    std::function<boost::asio::awaitable<fate>()> fate_check() const;
    /// What it has run, where the pool checks reads.
    const std::vector<read>& reads() const { return reads_; }
    /// The connections that it uses.
    pool& connections() const { return pool_; }

private:
    boost::asio::awaitable<result> write(const statement& sql, parameters values);
    boost::asio::awaitable<result> write_once(const statement& sql, parameters values);

    pool& pool_;
    outcome outcome_ = outcome::nothing;
    std::string transaction_;
    std::vector<std::string> lost_;  // the transactions of unknown outcome
    commit_hook before_commit_;
    std::vector<read> reads_;
};

}  // namespace larder::pg
