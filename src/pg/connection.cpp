#include "connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "resolve.hpp"

namespace larder::pg {

namespace asio = boost::asio;

namespace {

using socket = asio::posix::stream_descriptor;

// libpq's messages end with a line break and may give hints on further lines.
std::string first_line(std::string_view text) {
    return std::string{text.substr(0, text.find('\n'))};
}

std::string field(const PGresult* from, int code) {
    const char* text = PQresultErrorField(from, code);
    return text ? text : "";
}

// The server ends the session with these. It may do so right after a commit.
bool ends_session(std::string_view sqlstate) {
    return sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P05" ||
           sqlstate.starts_with("08");
}

// The server gave up a statement that took too long, or waited too long for somebody's lock.
bool took_too_long(std::string_view sqlstate) { return sqlstate == "57014" || sqlstate == "55P03"; }

// A prepared statement that the server forgot (a pooler in between, DISCARD) or that a change of
// the schema made unusable; nothing ran.
bool means_prepare_again(std::string_view sqlstate) {
    return sqlstate == "26000" || sqlstate == "0A000";
}

}  // namespace

pool_options with_defaults(pool_options options) {
    options.server.set("client_encoding", "UTF8");
    if (options.server.get("application_name").empty())
        options.server.set("fallback_application_name", "larder");
    return options;
}

// Cancels the connection's waits when the time is over. The timer may have ended just before it is
// cancelled: what it calls then finds that the deadline is gone.
class connection::deadline {
public:
    deadline(connection& c, std::chrono::milliseconds timeout) : connection_(c) {
        c.timed_out_ = false;
        c.timer_.expires_after(timeout);
        c.timer_.async_wait([&c, here = std::weak_ptr{here_}](boost::system::error_code) {
            if (here.expired()) return;
            c.timed_out_ = true;
            if (c.socket_.is_open()) c.socket_.cancel();
        });
    }
    ~deadline() { connection_.timer_.cancel(); }
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

private:
    connection& connection_;
    const std::shared_ptr<char> here_ = std::make_shared<char>();
};

connection::connection(const asio::any_io_executor& executor, const pool_options& options)
    : socket_(executor), timer_(executor), names_(executor), options_(options) {}

// The socket is libpq's: it closes it.
connection::~connection() {
    if (socket_.is_open()) socket_.release();
}

void connection::attach() {
    if (socket_.is_open()) socket_.release();
    socket_.assign(PQsocket(libpq_.get()));
}

void connection::lost(const std::string& why) {
    usable_ = false;
    reset_when_closed();
    throw error(failure::interrupted, why, {}, {}, backend_);
}

// What was sent and has not arrived yet is dropped: nobody waits for it, and nobody would know
// when it is committed at last.
void connection::reset_when_closed() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    if (libpq_ && PQsocket(libpq_.get()) >= 0)
        ::setsockopt(PQsocket(libpq_.get()), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

asio::awaitable<void> connection::wait(socket::wait_type what) {
    if (!timed_out_) co_await socket_.async_wait(what, asio::as_tuple(asio::use_awaitable));
    if (timed_out_) lost("no answer in time");
}

asio::awaitable<void> connection::connect() {
    const deadline limit{*this, options_.connect_timeout};
    std::string why;
    try {
        const auto addresses = co_await with_addresses(
            options_.server, names_, std::chrono::steady_clock::now() + options_.connect_timeout);
        co_await start(addresses);
        co_return;
    } catch (const error& e) {
        why = e.what();
    }
    throw error(failure::unavailable, why);
}

asio::awaitable<void> connection::start(const conninfo::parameters& all) {
    std::vector<const char*> keywords, values;
    for (const auto& [keyword, value] : all) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);

    libpq_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!libpq_) throw std::bad_alloc{};
    co_await poll_until_connected();
    PQsetNoticeReceiver(libpq_.get(), &connection::hear, this);
    PQsetnonblocking(libpq_.get(), 1);
    PQenterPipelineMode(libpq_.get());
    usable_ = true;

    static constexpr statement limit_statements{
        "SELECT set_config('statement_timeout', $1, false),"
        " set_config('lock_timeout', $2, false),"
        " (SELECT pid || ' ' || extract(epoch FROM backend_start)"
        "    FROM pg_stat_get_activity(pg_backend_pid()))"};
    parameters limits(1, std::to_string(options_.statement_timeout.count()));
    limits.emplace_back(std::to_string(options_.lock_timeout.count()));
    auto* done = co_await pipeline(limit_statements, limits);
    if (PQntuples(done) == 1) backend_ = PQgetvalue(done, 0, 2);
    PQclear(done);
}

asio::awaitable<void> connection::poll_until_connected() {
    auto state =
        PQstatus(libpq_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED) lost(first_line(PQerrorMessage(libpq_.get())));
        // libpq may have opened another socket, for the next address say.
        attach();
        const bool reads = state == PGRES_POLLING_READING;
        co_await wait(reads ? socket::wait_read : socket::wait_write);
        heard_ = heard_ || reads;
        state = PQconnectPoll(libpq_.get());
    }
    attach();
}

// What the server says to an idle session is rarely more than its last words: a shutdown, an
// administrator's pg_terminate_backend, and then the end of the stream, each to be read by itself.
bool connection::is_alive() {
    pollfd said{.fd = PQsocket(libpq_.get()), .events = POLLIN, .revents = 0};
    while (usable_ && ::poll(&said, 1, 0) > 0) {
        usable_ = PQconsumeInput(libpq_.get()) == 1;
        PQisBusy(libpq_.get());  // reads the messages: the receiver of notices hears a FATAL one
    }
    return usable_;
}

// An error that answers no statement comes as a notice.
void connection::hear(void* connection, const PGresult* notice) {
    const auto severity = field(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity == "FATAL" || severity == "PANIC")
        static_cast<class connection*>(connection)->usable_ = false;
}

asio::awaitable<void> connection::listen(std::chrono::milliseconds most) {
    const deadline limit{*this, most};
    co_await socket_.async_wait(socket::wait_read, asio::as_tuple(asio::use_awaitable));
    if (!is_alive()) lost("the connection has ended");
}

void connection::interrupt() {
    usable_ = false;
    timed_out_ = true;
    names_.cancel();
    if (socket_.is_open()) socket_.cancel();
}

std::vector<std::string> connection::notifications() {
    std::vector<std::string> all;
    using owned = std::unique_ptr<PGnotify, decltype(&PQfreemem)>;
    for (owned one{PQnotifies(libpq_.get()), &PQfreemem}; one; one.reset(PQnotifies(libpq_.get())))
        all.emplace_back(one->extra);
    return all;
}

bool connection::forget(const statement& sql) {
    const auto prepared = prepared_.find(sql.sql);
    if (prepared == prepared_.end()) return false;
    prepared_.erase(prepared);
    return true;
}

asio::awaitable<result> connection::execute(const statement& sql, const parameters& values,
                                            bool begins) {
    for (const auto& value : values)
        if (value && value->find('\0') != std::string::npos)
            throw error(failure::rejected, "invalid byte sequence for encoding \"UTF8\": 0x00",
                        "22021");
    const deadline limit{*this, options_.statement_timeout + std::chrono::milliseconds{500}};
    auto* rows = co_await pipeline(sql, values, begins);
    if (means_prepare_again(field(rows, PG_DIAG_SQLSTATE)) && forget(sql)) {
        PQclear(rows);
        if (begins) {
            static constexpr statement undo{"ROLLBACK"};
            const parameters none;
            rows = co_await pipeline(undo, none, false, false);
            PQclear(rows);
        }
        rows = co_await pipeline(sql, values, begins);
    }
    if (PQresultStatus(rows) == PGRES_FATAL_ERROR) reject(rows);
    co_return result{rows};
}

asio::awaitable<void> connection::end(const std::string& how) {
    const deadline limit{*this, options_.statement_timeout + std::chrono::milliseconds{500}};
    const parameters none;
    auto* answer = co_await pipeline({how}, none, false, false);
    if (PQresultStatus(answer) == PGRES_FATAL_ERROR) reject(answer);
    const bool done = PQcmdStatus(answer) == how;
    PQclear(answer);
    if (!done) throw error(failure::rejected, "the transaction was rolled back");
}

void connection::reject(PGresult* refused) {
    const auto state = field(refused, PG_DIAG_SQLSTATE);
    const auto sentence = field(refused, PG_DIAG_MESSAGE_PRIMARY);
    const auto constraint = field(refused, PG_DIAG_CONSTRAINT_NAME);
    PQclear(refused);
    const auto kind = ends_session(state)    ? failure::interrupted
                      : took_too_long(state) ? failure::unavailable
                                             : failure::rejected;
    throw error(kind, sentence, state, constraint, backend_);
}

// Sends PREPARE, if need be and it is to be kept, and EXECUTE in one go and reads their answers up
// to the sync, where the transaction is committed. The first failure is the answer; what follows it
// was skipped.
asio::awaitable<PGresult*> connection::pipeline(const statement& sql, const parameters& values,
                                                bool begins, bool keeps) {
    usable_ = false;  // until the sync was read: a lost statement leaves answers behind
    const auto prepared = prepared_.find(sql.sql);
    const bool prepare = keeps && prepared == prepared_.end();
    std::string name;
    if (prepare) name = "larder_" + std::to_string(++statements_prepared_);
    else if (keeps) name = prepared->second;
    send(sql, name, prepare, values, begins);
    co_await flush();
    using owned = std::unique_ptr<PGresult, decltype(&PQclear)>;
    owned answer{nullptr, &PQclear};
    int before_prepared = begins ? 1 : 0;
    while (true) {
        auto* result = co_await next_result();
        owned next{result, &PQclear};
        if (!next) --before_prepared;
        if (!next) continue;  // the end of one statement's results
        const auto status = PQresultStatus(next.get());
        if (status == PGRES_PIPELINE_SYNC) break;
        // The server keeps it, also if it then fails.
        if (prepare && before_prepared == 0 && status == PGRES_COMMAND_OK)
            prepared_.emplace(sql.sql, name);
        const auto so_far = answer ? PQresultStatus(answer.get()) : PGRES_COMMAND_OK;
        if (so_far == PGRES_COMMAND_OK ||
            (status == PGRES_FATAL_ERROR && so_far != PGRES_FATAL_ERROR))
            answer = std::move(next);
        if (ends_session(field(answer.get(), PG_DIAG_SQLSTATE))) co_return answer.release();
    }
    if (!answer) lost("the server sent no result");
    usable_ = true;
    co_return answer.release();
}

void connection::send(const statement& sql, const std::string& name, bool prepare,
                      const parameters& values, bool begins) {
    std::vector<const char*> pointers;
    for (const auto& value : values) pointers.push_back(value ? value->c_str() : nullptr);
    auto* libpq = libpq_.get();
    const std::string text{sql.sql};
    const auto size = static_cast<int>(pointers.size());
    const bool sent =
        (!begins || PQsendQueryParams(libpq, "BEGIN", 0, nullptr, nullptr, nullptr, nullptr, 0)) &&
        (!prepare || PQsendPrepare(libpq, name.c_str(), text.c_str(), 0, nullptr)) &&
        (name.empty() ? PQsendQueryParams(libpq, text.c_str(), size, nullptr, pointers.data(),
                                          nullptr, nullptr, 0)
                      : PQsendQueryPrepared(libpq, name.c_str(), size, pointers.data(), nullptr,
                                            nullptr, 0)) &&
        PQpipelineSync(libpq);
    if (!sent) lost(first_line(PQerrorMessage(libpq)));
}

asio::awaitable<void> connection::flush() {
    for (int left = PQflush(libpq_.get()); left != 0; left = PQflush(libpq_.get())) {
        if (left < 0) lost(first_line(PQerrorMessage(libpq_.get())));
        co_await wait(socket::wait_write);
        if (!PQconsumeInput(libpq_.get())) lost(first_line(PQerrorMessage(libpq_.get())));
    }
}

asio::awaitable<PGresult*> connection::next_result() {
    while (PQisBusy(libpq_.get())) {
        co_await wait(socket::wait_read);
        if (!PQconsumeInput(libpq_.get())) lost(first_line(PQerrorMessage(libpq_.get())));
    }
    auto* next = PQgetResult(libpq_.get());
    // Without a connection there are no more results, only the same end for ever.
    if (!next && PQstatus(libpq_.get()) != CONNECTION_OK)
        lost(first_line(PQerrorMessage(libpq_.get())));
    co_return next;
}

}  // namespace larder::pg
