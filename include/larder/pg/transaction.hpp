// Several statements that are committed together.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>

#include "larder/pg/statements.hpp"

namespace LARDER_NAMESPACE::pg {

inline constexpr auto notification_channel = "larder";

/// A transaction on a connection of its own, from pool::begin(). One that is not committed is
/// rolled back when it goes.
///
/// Errors   throws pg::error. Before commit() nothing is stored, whatever was thrown; a refused
///          statement ends the transaction. commit() that throws error{interrupted} may have
///          committed, or may still: pool::fate_of() knows.
/// Threads  call on the pool's worker, one call after the other.
/// Cost     a round trip a statement (BEGIN travels with the first), and one for commit().
class transaction : public statements<transaction> {
public:
    transaction(transaction&&) noexcept;
    transaction& operator=(transaction&&) = delete;
    ~transaction();

    boost::asio::awaitable<result> run(const statement& sql, parameters values);
    /// Tells all who LISTEN on `notification_channel`, when it is committed, and notes it in
    /// larder's own table, if that is there, for those who do not. At most 7,999 bytes.
    boost::asio::awaitable<void> notify(const std::string& payload);
    boost::asio::awaitable<void> commit();
    /// The same of what is probably the only one: needs no BEGIN and COMMIT.
    boost::asio::awaitable<result> run_only(const statement& sql, parameters values);
    /// A statement that is all of it, instead of run() and commit(), and fails as either does. Not
    /// everywhere, and after make_sure().
    /// Cost     one round trip.
    boost::asio::awaitable<result> run_and_commit(const statement& sql, parameters values);
    bool may_end_at_once() const;
    /// Before the first statement: finds out whether the connection has died unnoticed, with which
    /// a statement that is sent would be lost, its outcome unknown. Takes another one then.
    /// Cost     a round trip, or none where the server was heard in the last 10 ms.
    boost::asio::awaitable<void> make_sure();
    /// Once it is committed, what PostgreSQL calls it (`pg_current_xact_id()`); empty or "0" if it
    /// changed nothing.
    const std::string& id() const;
    boost::asio::awaitable<void> rollback();

private:
    friend class pool;
    struct state;
    explicit transaction(std::unique_ptr<state> s);
    boost::asio::awaitable<bool> note(const std::string& payload);
    boost::asio::awaitable<void> renew(std::chrono::steady_clock::time_point since);

    std::unique_ptr<state> state_;
};

}  // namespace LARDER_NAMESPACE::pg
