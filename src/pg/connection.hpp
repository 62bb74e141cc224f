// One connection to PostgreSQL: libpq's non-blocking calls as coroutines. Private to pg.
#pragma once

#include <libpq-fe.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../names.hpp"
#include "larder/pg/notifications.hpp"
#include "larder/pg/pool.hpp"
#include "resolve.hpp"

namespace LARDER_NAMESPACE::pg {

/// What every connection needs, where the user did not say otherwise.
pool_options with_defaults(pool_options options);

/// For a connection on which mostly nothing is said: it has to find out by itself that it is dead.
pool_options kept_alive(pool_options options);
/// Between two such connections, and how long its server may be silent before it is asked
/// something: it might be frozen.
inline constexpr std::chrono::milliseconds again_after{200};
inline constexpr std::chrono::seconds asked_every{2};

/// How a statement is sent.
enum class framing {
    plain,         ///< a transaction of its own, or a part of the one that is open
    begins,        ///< with BEGIN before it: a transaction, which stays open
    opens,         ///< a transaction that is open until end(), or what comes next, with no BEGIN
    alone,         ///< a transaction of its own, whose id is asked for
    in_savepoint,  ///< a part of the open transaction, which goes on without it if it fails
    bare           ///< with nothing beside it, and not prepared: COMMIT, say
};

class connection {
public:
    connection(const boost::asio::any_io_executor& executor, const pool_options& options);
    virtual ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Throws error{unavailable}. Of several addresses the first to be tried is the one so many
    /// after the one that served last.
    boost::asio::awaitable<void> connect(address served_last, std::size_t after);
    /// At the first address. (GCC 12 frees a default argument of a coroutine twice.)
    boost::asio::awaitable<void> connect() { return connect(address{}, 0); }
    /// Throws error; afterwards the connection may be used again if is_usable().
    boost::asio::awaitable<result> execute(const statement& sql, const parameters& values,
                                           framing how = framing::plain);
    /// The server is told to end what goes on then, though it might take longer by the options.
    void end_statements_at(std::chrono::steady_clock::time_point when) { until_ = when; }
    /// The span of which each statement is one.
    void is_part_of(const trace::context& span) { within_ = span; }
    /// COMMIT, ROLLBACK or the like, sent once. Throws error as well if the server did something
    /// else: it rolls back what a COMMIT finds broken.
    boost::asio::awaitable<void> end(const std::string& how);
    /// Asks the server for a sign of life. Throws error.
    boost::asio::awaitable<void> probe();
    /// Called when a statement has had no answer for half the time that a login may take.
    void when_silent(std::function<void()> then) { when_silent_ = std::move(then); }
    /// Until the server says something unasked, for that long at most. Throws error{interrupted}
    /// if the connection was lost.
    boost::asio::awaitable<void> listen(std::chrono::milliseconds most);
    /// What was notified since the last call, in the order of the commits.
    std::vector<notification> notifications();
    /// Lets go of it when the connection goes.
    void keep(std::shared_ptr<void> with_it) { kept_ = std::move(with_it); }
    /// Will not be used again.
    void abandon() { usable_ = false; }
    /// What the server calls the transaction that is open; "0" if that has changed nothing, empty
    /// if it has not said.
    const std::string& transaction() const { return transaction_; }
    /// The same, also for who waits in connect() or listen().
    void interrupt();

    /// Reads what the server may have said while the connection was idle; false if it has gone.
    bool is_alive();
    bool is_usable() const { return usable_; }
    std::chrono::steady_clock::time_point begun() const { return begun_; }
    /// When the last statement was answered.
    std::chrono::steady_clock::time_point heard_at() const { return heard_at_; }
    /// So lately that it cannot have died without a sign since.
    bool was_heard_lately() const;
    /// Where it leads, or is trying to.
    address at() const;
    /// Whether the server has said anything yet.
    bool has_heard() const { return heard_; }
    /// Whether a pooler gives each transaction, or each client, a server connection that others use
    /// before and after: nothing may be left behind there.
    bool is_pooled() const { return pooled_; }

protected:
    /// Sends it without a pipeline, and reads its answers up to the last one, or to where a stream
    /// begins: a connection that is made with `replication` takes nothing else. Throws error.
    boost::asio::awaitable<result> ask(std::string sql, std::chrono::milliseconds within);
    /// Until there is something to read, for that long at most; says whether there is.
    boost::asio::awaitable<bool> wait_to_read(std::chrono::milliseconds most);
    boost::asio::awaitable<void> flush();
    [[noreturn]] void lost(const std::string& why);
    PGconn* libpq() const { return libpq_.get(); }

private:
    class deadline;
    class sender;
    enum class part : char;

    boost::asio::awaitable<void> start(const conninfo::parameters& all);
    boost::asio::awaitable<void> set_limits();
    boost::asio::awaitable<void> poll_until_connected();
    boost::asio::awaitable<void> wait(boost::asio::posix::stream_descriptor::wait_type what);
    boost::asio::awaitable<PGresult*> next_result();
    boost::asio::awaitable<PGresult*> pipeline(const statement& sql, const parameters& values,
                                               framing how, deadline* asks = nullptr);
    boost::asio::awaitable<void> undo(framing how);
    boost::asio::awaitable<PGresult*> sync();
    boost::asio::awaitable<void> begin_late();
    bool has_own_limit() const { return until_ != std::chrono::steady_clock::time_point::max(); }
    boost::asio::awaitable<result> run(const statement& sql, const parameters& values, framing how);
    boost::asio::awaitable<void> run_end(const std::string& how);
    std::chrono::milliseconds statement_timeout() const;
    std::vector<part> send(const statement& sql, const parameters& values, framing how, bool asks);
    std::string name_for(std::string_view sql) const;
    bool has_to_prepare_again(const statement& sql, const PGresult* refused);
    void reset_when_closed();
    static void hear(void* connection, const PGresult* notice);
    void attach();
    [[noreturn]] void reject(PGresult* refused);

    std::shared_ptr<void> kept_;  // until the session has ended
    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer timer_;
    look_up names_;
    const pool_options& options_;
    std::unique_ptr<PGconn, decltype(&PQfinish)> libpq_{nullptr, &PQfinish};
    // The name of each statement that was prepared here, by its SQL.
    std::map<std::string, std::string, std::less<>> prepared_;
    std::map<std::string, std::string, std::less<>> renamed_;  // what was prepared anew
    std::function<void()> when_silent_;
    // The id of the open transaction, once it is known; "0" while it has changed nothing.
    std::string transaction_;
    trace::context within_;
    bool in_transaction_ = false;
    bool is_implicit_ = false;  // there was no BEGIN, and a sync commits it
    bool pooled_ = false;
    bool usable_ = false;
    bool timed_out_ = false;
    bool heard_ = false;
    std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::time_point::max();
    std::chrono::steady_clock::time_point begun_, heard_at_;
};

}  // namespace LARDER_NAMESPACE::pg
