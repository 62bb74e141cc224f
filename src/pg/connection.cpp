#include "connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

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

// It lacks memory, disk or connections for now.
bool lacks_resources(std::string_view sqlstate) { return sqlstate.starts_with("53"); }

// A prepared statement that the server forgot (a pooler in between, DISCARD) or that a change of
// the schema made unusable; nothing ran.
bool means_prepare_again(std::string_view sqlstate) {
    return sqlstate == "26000" || sqlstate == "0A000";
}

// Two programs behind one pooler may share its sessions: a name means the same statement to all.
std::string name_of(std::string_view sql) {
    std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
    for (const char c : sql) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "larder_%016llx", static_cast<unsigned long long>(hash));
    return text.data();
}

constexpr auto set_limits =
    "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true)";
constexpr auto ask_transaction = "SELECT txid_current_if_assigned()";

parameters limits_of(const pool_options& options) {
    parameters limits(1, std::to_string(options.statement_timeout.count()));
    limits.emplace_back(std::to_string(options.lock_timeout.count()));
    return limits;
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
    throw error(failure::interrupted, why, {}, {}, transaction_);
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

    co_await greet();
}

// A pooler hands out keys of its own to cancel by, and so another process id than the session's. Where
// the session is ours alone the limits are set once; a pooler's next client would have them, too.
asio::awaitable<void> connection::greet() {
    static constexpr statement limit{
        "SELECT pg_backend_pid(),"
        " set_config('statement_timeout', $1, pg_backend_pid()::text <> $3),"
        " set_config('lock_timeout', $2, pg_backend_pid()::text <> $3)"};
    pooled_ = true;  // until it is known better: nothing is prepared
    const auto own = std::to_string(PQbackendPID(libpq_.get()));
    auto values = limits_of(options_);
    values.emplace_back(own);
    auto* answer = co_await pipeline(limit, values, part::alone);
    if (PQresultStatus(answer) == PGRES_FATAL_ERROR) reject(answer);
    pooled_ = PQgetvalue(answer, 0, 0) != own;
    PQclear(answer);
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
                                            part of) {
    for (const auto& value : values)
        if (value && value->find('\0') != std::string::npos)
            throw error(failure::rejected, "invalid byte sequence for encoding \"UTF8\": 0x00",
                        "22021");
    const deadline limit{*this, options_.statement_timeout + std::chrono::milliseconds{500}};
    auto* rows = co_await pipeline(sql, values, of);
    if (means_prepare_again(field(rows, PG_DIAG_SQLSTATE)) && forget(sql)) {
        PQclear(rows);
        if (of == part::beginning) {
            static constexpr statement undo{"ROLLBACK"};
            const parameters none;
            rows = co_await pipeline(undo, none, part::end);
            PQclear(rows);
        }
        rows = co_await pipeline(sql, values, of);
    }
    if (PQresultStatus(rows) == PGRES_FATAL_ERROR) reject(rows);
    co_return result{rows};
}

asio::awaitable<void> connection::end(const std::string& how) {
    const deadline limit{*this, options_.statement_timeout + std::chrono::milliseconds{500}};
    const parameters none;
    auto* answer = co_await pipeline({how}, none, part::end);
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
                      : lacks_resources(state) ? failure::unavailable
                                             : failure::rejected;
    throw error(kind, sentence, state, constraint, transaction_);
}

// Sends everything in one go and reads the answers up to the sync, where a statement that is alone is
// committed. The first failure is the answer; what follows it was skipped.
asio::awaitable<PGresult*> connection::pipeline(const statement& sql, const parameters& values,
                                                part of) {
    usable_ = false;  // until the sync was read: a lost statement leaves answers behind
    const auto sent = send(sql, values, of);
    co_await flush();
    using owned = std::unique_ptr<PGresult, decltype(&PQclear)>;
    owned answer{nullptr, &PQclear};
    int which = 0;
    while (true) {
        auto* result = co_await next_result();
        owned next{result, &PQclear};
        if (!next) ++which;
        if (!next) continue;  // the end of one statement's results
        const auto status = PQresultStatus(next.get());
        if (status == PGRES_PIPELINE_SYNC) break;
        // The server keeps it, also if it then fails.
        if (which == sent.prepared && status == PGRES_COMMAND_OK)
            prepared_.emplace(sql.sql, name_of(sql.sql));
        if (which == sent.transaction) read_transaction(next.get());
        const bool failed = status == PGRES_FATAL_ERROR;
        const bool has_failed = answer && PQresultStatus(answer.get()) == PGRES_FATAL_ERROR;
        if (!has_failed && (failed || which == sent.answer)) answer = std::move(next);
        if (ends_session(field(answer.get(), PG_DIAG_SQLSTATE))) co_return answer.release();
    }
    if (!answer) lost("the server sent no result");
    usable_ = true;
    co_return answer.release();
}

// A transaction's id is asked for behind each of its statements: should its COMMIT be lost, that is
// what one can ask for then.
connection::flight connection::send(const statement& sql, const parameters& values, part of) {
    const parameters none;
    auto* libpq = libpq_.get();
    const std::string text{sql.sql};
    const auto name = name_of(sql.sql);
    const bool is_prepared = prepared_.contains(sql.sql);
    const bool keeps = of != part::end && !pooled_;
    flight all;
    if (of == part::beginning || of == part::alone) transaction_.clear();
    bool sent = of != part::beginning || push(all, "BEGIN", none);
    if (pooled_ && of != part::end) sent = sent && push(all, set_limits, limits_of(options_));
    if (keeps && !is_prepared) {
        all.prepared = all.statements++;
        sent = sent && PQsendPrepare(libpq, name.c_str(), text.c_str(), 0, nullptr);
    }
    all.answer = all.statements;
    if (keeps) {
        std::vector<const char*> pointers;
        for (const auto& value : values) pointers.push_back(value ? value->c_str() : nullptr);
        ++all.statements;
        sent = sent && PQsendQueryPrepared(libpq, name.c_str(), static_cast<int>(pointers.size()),
                                           pointers.data(), nullptr, nullptr, 0);
    } else {
        sent = sent && push(all, text.c_str(), values);
    }
    if (of == part::beginning || of == part::transaction) {
        all.transaction = all.statements;
        sent = sent && push(all, ask_transaction, none);
    }
    if (!sent || !PQpipelineSync(libpq)) lost(first_line(PQerrorMessage(libpq)));
    return all;
}

bool connection::push(flight& all, const char* sql, const parameters& values) {
    std::vector<const char*> pointers;
    for (const auto& value : values) pointers.push_back(value ? value->c_str() : nullptr);
    ++all.statements;
    return PQsendQueryParams(libpq_.get(), sql, static_cast<int>(pointers.size()), nullptr,
                             pointers.data(), nullptr, nullptr, 0) == 1;
}

void connection::read_transaction(const PGresult* id) {
    if (PQntuples(id) != 1) return;
    transaction_ = PQgetisnull(id, 0, 0) ? "0" : PQgetvalue(id, 0, 0);
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
