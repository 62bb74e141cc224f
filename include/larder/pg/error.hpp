// What can go wrong between larder and PostgreSQL.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace larder::pg {

enum class failure {
    unavailable,  ///< no connection, lock or room for now, or a conflict with another transaction;
                  ///< nothing was stored: 503, try again later
    interrupted,  ///< the connection was lost after the statement was sent: it may have run
    rejected,     ///< PostgreSQL refused the statement: see sqlstate(), change the input or the SQL
    misused,      ///< the result is not what the caller reads it as: mend the program
};

/// The one exception of larder::pg. `what()` is one sentence without SQL text or credentials.
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
    /// Whether the same statement may succeed if it is simply sent again.
    bool is_retryable() const { return kind_ == failure::unavailable || is_conflict(); }

private:
    failure kind_;
    std::string sqlstate_, constraint_, transaction_;
};

}  // namespace larder::pg
