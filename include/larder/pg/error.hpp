// What can go wrong between larder and PostgreSQL.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::pg {

enum class failure {
    unavailable,  ///< no connection, lock or room for now, or a conflict with another transaction;
                  ///< nothing was stored: 503, try again later
    interrupted,  ///< the connection was lost after the statement was sent: it may have run
    rejected,     ///< PostgreSQL refused the statement: see sqlstate(), change the input or the SQL
    misused,      ///< the result is not what the caller reads it as: mend the program
};

/// The one exception of larder::pg. `what()` is one sentence without SQL text or credentials; of
/// what is unavailable or was interrupted also without hosts, ports, users or paths: anybody may
/// read it.
class error : public std::runtime_error {
public:
    error(failure kind, const std::string& sentence, std::string sqlstate = {},
          std::string constraint = {}, std::string transaction = {})
        : std::runtime_error(sentence),
          kind_(kind),
          sqlstate_(std::move(sqlstate)),
          constraint_(std::move(constraint)),
          transaction_(std::move(transaction)) {}

    failure kind() const { return kind_; }
    /// What libpq or the server said, for the log: it may name hosts, users and paths.
    std::string detail() const { return detail_.empty() ? what() : detail_; }
    error& with_detail(std::string said) {
        detail_ = std::move(said);
        return *this;
    }
    /// A copy that shares nothing with it, for another thread: those of std::runtime_error share
    /// their text, behind a count that ThreadSanitizer does not see.
    error unshared() const {
        return error{kind_, std::string{what()}, sqlstate_, constraint_, transaction_}.with_detail(
            detail_);
    }
    /// Five characters, as in PostgreSQL's appendix A; empty if no server said anything.
    const std::string& sqlstate() const { return sqlstate_; }
    /// The constraint that was violated; empty if none was.
    const std::string& constraint() const { return constraint_; }
    /// Of an interrupted commit: its transaction's id, for pool::fate_of(). Empty if that is not
    /// known.
    const std::string& transaction() const { return transaction_; }
    /// Another transaction was in the way (a deadlock, a serialization failure), and nothing was
    /// stored: the whole transaction may succeed if it is made once more.
    bool is_conflict() const {
        return kind_ != failure::interrupted && (sqlstate_ == "40001" || sqlstate_ == "40P01");
    }
    /// Nothing was stored, and what was in the way passes by itself: a conflict, a lock, a lack of
    /// memory, room or connections, a server that begins or ends.
    bool is_passing() const;
    /// Whether the same statement may succeed if it is simply sent again.
    bool is_retryable() const { return kind_ == failure::unavailable || is_conflict(); }

private:
    failure kind_;
    std::string sqlstate_, constraint_, transaction_, detail_;
};

}  // namespace LARDER_NAMESPACE::pg
