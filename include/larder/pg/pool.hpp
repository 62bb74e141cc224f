// A worker's connections to PostgreSQL.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "larder/fate.hpp"
#include "larder/pg/conninfo.hpp"
#include "larder/pg/error.hpp"
#include "larder/pg/statement.hpp"
#include "larder/pg/transaction.hpp"
#include "larder/trace.hpp"

namespace larder::pg {

/// Which PostgreSQL a pool connects to, how often, and how long it waits.
struct pool_options {
    conninfo server;                                 ///< where and who
    std::size_t max_connections = 4;                 ///< of this worker, opened on demand
    std::size_t max_of_process = 20;                 ///< of all workers, with the one that listens
    std::chrono::milliseconds idle_timeout{30'000};  ///< after which it is closed; 0: never
    std::chrono::milliseconds connect_timeout{800};  ///< name, TCP, TLS and login together
    std::chrono::milliseconds acquire_timeout{800};  ///< for a connection to become free
    /// For one statement; PostgreSQL is told to end it then, and half a second later its
    /// connection is given up.
    std::chrono::milliseconds statement_timeout{10'000};
    std::chrono::milliseconds lock_timeout{2'000};  ///< for a lock that somebody else has
    /// Whether a cached load that reads a table on which its key does not depend fails, with the
    /// table's name, instead of being wrong later. By default as the library was built: in debug
    /// builds. Costs four statements, once for each worker, family and statement.
    bool checks_reads = debug_build;
    static const bool debug_build;
};

/// A statement that was run, and how many values it took.
struct read {
    std::string sql;
    std::size_t values = 0;
};

/// How many connections of a pool are in use and how many are kept, and how many requests wait for
/// one.
struct pool_stats {
    std::size_t in_use = 0, idle = 0, waiting = 0;
};

class listener;
class logins;

/// Connections that are opened when they are needed and kept. A connection that died while it was
/// idle (a restarted server, say) is noticed before it is used.
///
/// Errors   throws pg::error; never hangs longer than the timeouts together.
/// Threads  call on the worker it was made for.
/// Cost     one round trip a statement, also the first time (PREPARE travels with EXECUTE).
class pool {
public:
    /// `shared` is what the pools of an app know about logging in to their server; a pool that
    /// stands alone needs none.
    pool(boost::asio::any_io_executor executor, pool_options options,
         std::shared_ptr<logins> shared = nullptr);
    ~pool();
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;

    using time_point = std::chrono::steady_clock::time_point;

    /// A transaction of several statements, on a connection of its own. PostgreSQL is told to end
    /// what goes on beyond `until`. `within`: the span of which its statements are parts.
    boost::asio::awaitable<transaction> begin(time_point until = time_point::max(),
                                              trace::context within = {});

    /// Runs a statement in a transaction of its own; committed when this returns.
    boost::asio::awaitable<result> run(const statement& sql, parameters values,
                                       time_point until = time_point::max(),
                                       trace::context within = {});

    /// What became of an interrupted commit (error::transaction()). Unknown where the server cannot
    /// tell. A transaction to which no COMMIT has come for 20 s, as a proxy lost it, is ended.
    /// Throws pg::error where nobody answers.
    boost::asio::awaitable<fate> fate_of(std::string transaction);

    /// Tells all who LISTEN, and those who look into larder's table later, as
    /// transaction::notify() does. Never throws: who cannot be told now is told again anyway.
    boost::asio::awaitable<void> announce(std::vector<std::string> payloads);

    /// Tells the log why a request failed for now: each reason once in a while.
    void tell(const error& why) const;

    /// See pool_options.
    bool checks_reads() const;
    /// The tables that these statements read and that are none of `declared`, nor partitions or
    /// children of one, as PostgreSQL plans it: those of views are found, those of functions not.
    /// Of a statement that read no others it is asked once.
    boost::asio::awaitable<std::vector<std::string>> undeclared_tables(
        std::vector<read> reads, std::vector<std::string> declared);

    pool_stats stats() const;
    std::chrono::milliseconds acquire_timeout() const;

    /// Closes the connections that are idle; those in use close when they come back.
    void close();

private:
    boost::asio::awaitable<void> end_orphan(const parameters& transaction);

    friend class transaction;
    friend class listener;
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace larder::pg
