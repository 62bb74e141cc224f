#include "connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <system_error>
#include <utility>

#include "digest.hpp"
#include "sqlstate.hpp"
#include "trace/recorder.hpp"

namespace larder::pg {

namespace asio = boost::asio;

namespace {

using socket = asio::posix::stream_descriptor;
using clock = std::chrono::steady_clock;

constexpr const char* no_answer = "no answer in time";

// What was heard this long ago says nothing about now.
constexpr std::chrono::milliseconds heard_lately{10};

// It has one once it has changed something.
constexpr std::string_view ask_for_id = "SELECT txid_current_if_assigned()";

// libpq's messages end with a line break. There is a line for each address that was tried, and
// lines of hints, which are indented.
std::string in_one_line(std::string_view text) {
    std::string all;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.empty() || line.starts_with('\t') || line.starts_with("LOCATION:")) continue;
        if (!all.empty()) all += "; ";
        all += line;
    }
    return all;
}

std::string field(const PGresult* from, int code) {
    const char* text = PQresultErrorField(from, code);
    return text ? text : "";
}

// The server ends the session with it. It may do so right after a commit.
bool ends_session(const PGresult* refused) {
    const auto severity = field(refused, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity == "FATAL" || severity == "PANIC" ||
           sqlstate::ends_session(field(refused, PG_DIAG_SQLSTATE));
}

// The same SQL has the same name on every connection, and no other SQL has it. So whoever finds the
// name taken, behind a pooler say, finds his own statement.
std::string name_of(std::string_view sql) { return "larder_" + digest_of(sql, 16); }

// Behind a pooler that is not recognised others have the same sessions.
std::string random_digits() { return std::to_string(std::random_device{}()); }

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
    /// Without an end until one is set.
    explicit deadline(connection& c) : connection_(c) { c.timed_out_ = false; }
    deadline(connection& c, std::chrono::milliseconds timeout) : deadline{c} { set(timeout); }
    ~deadline() { connection_.timer_.cancel(); }
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    /// In place of the one before, from now on.
    void set(std::chrono::milliseconds timeout) {
        after(timeout, [&c = connection_] {
            c.timed_out_ = true;
            if (c.socket_.is_open()) c.socket_.cancel();
        });
    }
    /// As long as a statement may take. When the server has been silent for so long that it may be
    /// dead, somebody is told; not behind a pooler, which is silent while all its connections are
    /// busy.
    void set_for_statement() {
        const auto& c = connection_;
        const auto all = c.statement_timeout() + std::chrono::milliseconds{500};
        if (c.pooled_ || !c.when_silent_) return set(all);
        const auto suspicious = c.options_.connect_timeout / 2;
        if (suspicious >= all) return set(all);
        after(suspicious, [this, rest = all - suspicious] {
            set(rest);
            connection_.when_silent_();
        });
    }

private:
    // In place of what was to be done before.
    template <class Then>
    void after(std::chrono::milliseconds time, Then then) {
        here_ = std::make_shared<char>();
        connection_.timer_.expires_after(time);
        connection_.timer_.async_wait(
            [then, here = std::weak_ptr{here_}](boost::system::error_code) {
                if (!here.expired()) then();
            });
    }

    connection& connection_;
    std::shared_ptr<char> here_;
};

connection::connection(const asio::any_io_executor& executor, const pool_options& options)
    : socket_(executor), timer_(executor), names_(executor), options_(options) {}

connection::~connection() = default;

// libpq closes its socket whenever it finds the connection lost, and its number may be another
// socket's at once, of any thread. So what is waited for is a descriptor of our own.
void connection::attach() {
    if (socket_.is_open()) socket_.close();
    const int own = ::fcntl(PQsocket(libpq_.get()), F_DUPFD_CLOEXEC, 0);
    if (own < 0) lost(std::generic_category().message(errno));
    socket_.assign(own);
}

void connection::lost(const std::string& why) {
    usable_ = false;
    reset_when_closed();
    const auto* const sentence = timed_out_ ? no_answer : "the connection was lost";
    throw error(failure::interrupted, sentence, {}, {}, transaction_).with_detail(why);
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
    if (timed_out_) lost(no_answer);
}

asio::awaitable<void> connection::connect(address served_last, std::size_t after) {
    const deadline limit{*this, options_.connect_timeout};
    std::optional<error> why;
    try {
        auto all = co_await with_addresses(options_.server, names_,
                                           clock::now() + options_.connect_timeout);
        begin_after(all, served_last, after);
        co_await start(all);
        co_return;
    } catch (const error& e) {
        why = e;
    }
    const auto said = why->detail();
    const auto state =
        why->sqlstate().empty() ? sqlstate::in_words_of_login(said) : why->sqlstate();
    auto sentence = !state.empty() ? sqlstate::sentence_for(state)
                    : timed_out_   ? no_answer
                                   : "no connection";
    if (state == "3D000")
        sentence = "database \"" + options_.server.get("dbname") + "\" does not exist";
    throw error(failure::unavailable, sentence, state).with_detail(said);
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
    PQsetErrorVerbosity(libpq_.get(), PQERRORS_VERBOSE);  // tells the SQLSTATE of a refusal
    co_await poll_until_connected();
    PQsetNoticeReceiver(libpq_.get(), &connection::hear, this);
    PQsetnonblocking(libpq_.get(), 1);
    usable_ = true;
    begun_ = clock::now();
    if (!options_.server.get("replication").empty()) co_return;
    PQenterPipelineMode(libpq_.get());
    co_await set_limits();
}

// A pooler hands out a key of its own, so the process that it names is not the one that answers.
// There the limits end with this very transaction, and each later one sets its own.
asio::awaitable<void> connection::set_limits() {
    static constexpr statement limit{
        "SELECT set_config('statement_timeout', $1, pg_backend_pid() <> $3::integer),"
        " set_config('lock_timeout', $2, pg_backend_pid() <> $3::integer),"
        " pg_backend_pid() <> $3::integer"};
    parameters values(1, std::to_string(options_.statement_timeout.count()));
    values.emplace_back(std::to_string(options_.lock_timeout.count()));
    values.emplace_back(std::to_string(PQbackendPID(libpq_.get())));
    auto* answer = co_await pipeline(limit, values, framing::bare);
    if (PQresultStatus(answer) == PGRES_FATAL_ERROR) reject(answer);
    const result row{answer};
    pooled_ = row.text(0, 2) == "t";
}

asio::awaitable<void> connection::poll_until_connected() {
    auto state =
        PQstatus(libpq_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    auto trying = at();
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED) lost(in_one_line(PQerrorMessage(libpq_.get())));
        // libpq may have opened another socket, for the next address say, of which nothing is
        // heard.
        attach();
        if (auto now = at(); now != trying) {
            heard_ = false;
            trying = std::move(now);
        }
        const bool reads = state == PGRES_POLLING_READING;
        co_await wait(reads ? socket::wait_read : socket::wait_write);
        heard_ = heard_ || reads;
        state = PQconnectPoll(libpq_.get());
    }
    attach();
}

address connection::at() const {
    const auto text = [](const char* one) { return std::string{one ? one : ""}; };
    const auto* numeric = PQhostaddr(libpq_.get());
    return {text(numeric && *numeric ? numeric : PQhost(libpq_.get())), text(PQport(libpq_.get()))};
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

asio::awaitable<void> connection::wait_to_read(std::chrono::milliseconds most) {
    const deadline limit{*this, most};
    co_await socket_.async_wait(socket::wait_read, asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> connection::listen(std::chrono::milliseconds most) {
    co_await wait_to_read(most);
    if (!is_alive()) lost("the connection has ended");
}

asio::awaitable<result> connection::ask(std::string sql, std::chrono::milliseconds within) {
    const deadline limit{*this, within};
    usable_ = false;
    if (PQsendQuery(libpq_.get(), sql.c_str()) != 1)
        lost(in_one_line(PQerrorMessage(libpq_.get())));
    co_await flush();
    using owned = std::unique_ptr<PGresult, decltype(&PQclear)>;
    owned answer{nullptr, &PQclear};
    for (;;) {
        auto* result = co_await next_result();
        if (!result) break;
        owned next{result, &PQclear};
        const bool is_stream = PQresultStatus(next.get()) == PGRES_COPY_BOTH;
        if (!answer || PQresultStatus(answer.get()) != PGRES_FATAL_ERROR) answer = std::move(next);
        if (is_stream) break;
    }
    if (!answer) lost("the server sent no result");
    usable_ = true;
    if (PQresultStatus(answer.get()) == PGRES_FATAL_ERROR) reject(answer.release());
    co_return result{answer.release()};
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

// What became known of the statement's name on the server: it is there, or no longer.
bool connection::has_to_prepare_again(const statement& sql, const PGresult* refused) {
    const auto state = field(refused, PG_DIAG_SQLSTATE);
    if (state == "42P05" && !pooled_)
        return prepared_.emplace(sql.sql, name_for(sql.sql)).second ||
               prepared_.emplace(ask_for_id, name_for(ask_for_id)).second;
    const auto prepared = prepared_.find(sql.sql);
    if (!sqlstate::is_of_preparation(state) || prepared == prepared_.end()) return false;
    // The server keeps the old one under its name: a column has another type since.
    if (state == "0A000") renamed_[prepared->first] = name_of(sql.sql) + '_' + random_digits();
    prepared_.erase(prepared);
    prepared_.erase(std::string{ask_for_id});
    return true;
}

std::string connection::name_for(std::string_view sql) const {
    const auto renamed = renamed_.find(sql);
    return renamed == renamed_.end() ? name_of(sql) : renamed->second;
}

namespace {

// What OpenTelemetry calls it. The text has no values.
trace::active span_of(const trace::context& within, std::string_view sql) {
    if (!within) return {};
    const auto first = sql.substr(0, sql.find_first_of(" \n(;"));
    trace::active one{within, trace::kind::client, first};
    one.say("db.system.name", "postgresql");
    one.say("db.operation.name", first);
    one.say("db.query.text", sql);
    return one;
}

void fail(trace::active& one, const error& why) {
    one.fail(why.what());
    if (!why.sqlstate().empty()) one.say("db.response.status_code", why.sqlstate());
}

}  // namespace

bool connection::was_heard_lately() const { return heard_at_ + heard_lately >= clock::now(); }

asio::awaitable<result> connection::execute(const statement& sql, const parameters& values,
                                            framing how) {
    auto span = span_of(within_, sql.sql);
    try {
        co_return co_await run(sql, values, how);
    } catch (const error& e) {
        fail(span, e);
        throw;
    }
}

asio::awaitable<void> connection::end(const std::string& how) {
    auto span = span_of(within_, how);
    try {
        co_await run_end(how);
    } catch (const error& e) {
        fail(span, e);
        throw;
    }
}

asio::awaitable<result> connection::run(const statement& sql, const parameters& values,
                                        framing how) {
    for (const auto& value : values)
        if (value && value->find('\0') != std::string::npos)
            throw error(failure::rejected, "invalid byte sequence for encoding \"UTF8\": 0x00",
                        "22021");
    if (is_implicit_) co_await begin_late();
    const bool is_further = in_transaction_ && how == framing::plain;
    const bool begins = !in_transaction_ && how != framing::bare;
    const bool asks = begins && !was_heard_lately();
    deadline limit{*this};
    if (asks) limit.set(options_.connect_timeout / 2);
    else limit.set_for_statement();
    auto* rows = co_await pipeline(sql, values, how, asks ? &limit : nullptr);
    for (int left = 3; left > 0 && has_to_prepare_again(sql, rows); --left) {
        // What was done before it in the transaction would have to be done again, too.
        if (is_further) break;
        PQclear(rows);
        co_await undo(how);
        rows = co_await pipeline(sql, values, how);
    }
    if (PQresultStatus(rows) != PGRES_FATAL_ERROR) co_return result{rows};
    const bool goes_on = how == framing::in_savepoint && !ends_session(rows);
    std::unique_ptr<PGresult, decltype(&PQclear)> refused{rows, &PQclear};
    if (goes_on) co_await undo(how);
    reject(refused.release());
}

// The transaction is as it was before the statement.
asio::awaitable<void> connection::undo(framing how) {
    if (how == framing::begins) co_await end("ROLLBACK");
    if (how != framing::in_savepoint) co_return;
    static constexpr statement back{"ROLLBACK TO SAVEPOINT larder"};
    const parameters none;
    auto* answer = co_await pipeline(back, none, framing::bare);
    if (PQresultStatus(answer) == PGRES_FATAL_ERROR) reject(answer);
    PQclear(answer);
}

// What was begun without BEGIN is a block from then on, with what it has done before.
asio::awaitable<void> connection::begin_late() {
    is_implicit_ = false;
    deadline limit{*this};
    limit.set_for_statement();
    const parameters none;
    auto* answer = co_await pipeline({"BEGIN"}, none, framing::bare);
    if (PQresultStatus(answer) == PGRES_FATAL_ERROR) reject(answer);
    PQclear(answer);
}

asio::awaitable<void> connection::run_end(const std::string& how) {
    if (!in_transaction_) co_return;  // it has failed
    deadline limit{*this};
    limit.set_for_statement();
    if (std::exchange(is_implicit_, false) && how == "COMMIT") {
        auto* failed = co_await sync();
        in_transaction_ = false;
        if (failed) reject(failed);
        co_return;
    }
    const parameters none;
    auto* answer = co_await pipeline({how}, none, framing::bare);
    if (PQresultStatus(answer) == PGRES_FATAL_ERROR) reject(answer);
    in_transaction_ = false;
    const bool done = PQcmdStatus(answer) == how;
    PQclear(answer);
    if (!done) throw error(failure::rejected, "the transaction was rolled back");
}

void connection::reject(PGresult* refused) {
    const auto state = field(refused, PG_DIAG_SQLSTATE);
    const auto sentence = field(refused, PG_DIAG_MESSAGE_PRIMARY);
    const auto constraint = field(refused, PG_DIAG_CONSTRAINT_NAME);
    const auto kind = ends_session(refused)         ? failure::interrupted
                      : sqlstate::is_for_now(state) ? failure::unavailable
                                                    : failure::rejected;
    PQclear(refused);
    if (kind == failure::rejected) throw error(kind, sentence, state, constraint, transaction_);
    throw error(kind, sqlstate::sentence_for(state), state, {}, transaction_).with_detail(sentence);
}

// What is sent in one go, each with an answer of its own.
enum class connection::part : char { other, preparation, statement, preparation_of_id, id };

// Sends the parts, until one cannot be sent.
class connection::sender {
public:
    explicit sender(PGconn* to) : to_(to) {}

    void send(part what, const std::string& sql, const parameters& values = {}) {
        const auto texts = pointers_to(values);
        add(what, PQsendQueryParams(to_, sql.c_str(), static_cast<int>(texts.size()), nullptr,
                                    texts.data(), nullptr, nullptr, 0));
    }
    void prepare(part what, const std::string& name, const std::string& sql) {
        add(what, PQsendPrepare(to_, name.c_str(), sql.c_str(), 0, nullptr));
    }
    void send_prepared(part what, const std::string& name, const parameters& values) {
        const auto texts = pointers_to(values);
        add(what, PQsendQueryPrepared(to_, name.c_str(), static_cast<int>(texts.size()),
                                      texts.data(), nullptr, nullptr, 0));
    }
    // Until here the server answers at once, and not when all is done.
    void ask() { is_well_ = is_well_ && PQsendFlushRequest(to_) == 1; }
    bool is_well() const { return is_well_; }
    bool finish() { return is_well_ && PQpipelineSync(to_) == 1; }
    std::vector<part> sent() { return std::move(sent_); }

private:
    static std::vector<const char*> pointers_to(const parameters& values) {
        std::vector<const char*> pointers;
        pointers.reserve(values.size());
        for (const auto& value : values) pointers.push_back(value ? value->c_str() : nullptr);
        return pointers;
    }
    void add(part what, int is_sent) {
        is_well_ = is_well_ && is_sent == 1;
        sent_.push_back(what);
    }

    PGconn* to_;
    std::vector<part> sent_;
    bool is_well_ = true;
};

// Sends a statement with what belongs to it and reads the answers up to the sync, where a
// transaction of its own is committed. The first failure is the answer; what follows it was
// skipped. Who asks is answered before the statement runs, within another deadline: a connection
// that was idle may be dead without a sign, and a statement may take its time.
asio::awaitable<PGresult*> connection::pipeline(const statement& sql, const parameters& values,
                                                framing how, deadline* asks) {
    usable_ = false;  // until the sync was read: a lost statement leaves answers behind
    const auto sent = send(sql, values, how, asks != nullptr);
    co_await flush();
    using owned = std::unique_ptr<PGresult, decltype(&PQclear)>;
    owned answer{nullptr, &PQclear};
    for (std::size_t at = 0;;) {
        auto* result = co_await next_result();
        owned next{result, &PQclear};
        if (asks) std::exchange(asks, nullptr)->set_for_statement();
        if (!next && ++at == sent.size() && how == framing::opens) break;
        if (!next) continue;  // the end of one part's results
        const auto status = PQresultStatus(next.get());
        if (status == PGRES_PIPELINE_SYNC) break;
        if (status == PGRES_FATAL_ERROR) {
            const bool is_first = !answer || PQresultStatus(answer.get()) != PGRES_FATAL_ERROR;
            const bool is_end = ends_session(next.get());
            if (is_first) answer = std::move(next);
            if (is_end) co_return answer.release();
        } else if (status != PGRES_PIPELINE_ABORTED && at < sent.size()) {
            // The server keeps it, also if it then fails.
            if (sent[at] == part::preparation) prepared_.emplace(sql.sql, name_for(sql.sql));
            if (sent[at] == part::preparation_of_id)
                prepared_.emplace(ask_for_id, name_for(ask_for_id));
            if (sent[at] == part::id && PQntuples(next.get()) == 1)
                transaction_ = PQgetisnull(next.get(), 0, 0) ? "0" : PQgetvalue(next.get(), 0, 0);
            if (sent[at] == part::statement && !answer) answer = std::move(next);
        }
    }
    if (!answer) lost("the server sent no result");
    if (how == framing::opens && PQresultStatus(answer.get()) == PGRES_FATAL_ERROR) {
        in_transaction_ = is_implicit_ = false;
        PQclear(co_await sync());
    }
    usable_ = true;
    heard_at_ = clock::now();
    co_return answer.release();
}

// Commits what was begun without BEGIN, or comes to the end of what has failed. Why it could not;
// null if it could.
asio::awaitable<PGresult*> connection::sync() {
    usable_ = false;
    if (PQpipelineSync(libpq_.get()) != 1) lost(in_one_line(PQerrorMessage(libpq_.get())));
    co_await flush();
    using owned = std::unique_ptr<PGresult, decltype(&PQclear)>;
    owned failed{nullptr, &PQclear};
    for (;;) {
        auto* result = co_await next_result();
        owned next{result, &PQclear};
        const auto status = PQresultStatus(next.get());
        if (next && status == PGRES_PIPELINE_SYNC) break;
        if (!next || status != PGRES_FATAL_ERROR) continue;
        if (!failed) failed = std::move(next);
        if (ends_session(failed.get())) co_return failed.release();
    }
    usable_ = true;
    heard_at_ = clock::now();
    co_return failed.release();
}

std::chrono::milliseconds connection::statement_timeout() const {
    if (!has_own_limit()) return options_.statement_timeout;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - clock::now());
    return std::clamp(left, std::chrono::milliseconds{1}, options_.statement_timeout);
}

// Behind a pooler nothing is prepared, and the limits are set in each transaction: by SET where one
// begins, as a query would make a snapshot before its first statement. The question for the
// transaction's id costs no round trip.
std::vector<connection::part> connection::send(const statement& sql, const parameters& values,
                                               framing how, bool asks) {
    sender to{libpq_.get()};
    if (!in_transaction_) transaction_.clear();
    const auto limit = std::to_string(statement_timeout().count());
    const bool is_limited = pooled_ || has_own_limit();
    const auto lock_timeout = std::to_string(options_.lock_timeout.count());
    if (how == framing::begins) {
        in_transaction_ = true;
        to.send(part::other, "BEGIN");
        if (is_limited) to.send(part::other, "SET LOCAL statement_timeout = " + limit);
        if (is_limited) to.send(part::other, "SET LOCAL lock_timeout = " + lock_timeout);
    } else if (how == framing::in_savepoint) {
        to.send(part::other, "SAVEPOINT larder");
    } else if (is_limited && how != framing::bare && !in_transaction_) {
        parameters limits(1, limit);
        limits.emplace_back(lock_timeout);
        to.send(part::other,
                "SELECT set_config('statement_timeout', $1, true),"
                " set_config('lock_timeout', $2, true)",
                limits);
    } else if (asks) {
        to.send(part::other, "");
    }
    if (asks) to.ask();
    const std::string text{sql.sql};
    const auto send_by_name = [&](part prepares, part what, std::string_view which,
                                  const parameters& with) {
        const auto known = prepared_.find(which);
        const auto name = known == prepared_.end() ? name_for(which) : known->second;
        if (known == prepared_.end()) to.prepare(prepares, name, std::string{which});
        to.send_prepared(what, name, with);
    };
    if (pooled_ || how == framing::bare) to.send(part::statement, text, values);
    else send_by_name(part::preparation, part::statement, sql.sql, values);
    if (how == framing::in_savepoint) to.send(part::other, "RELEASE SAVEPOINT larder");
    const bool has_id = !transaction_.empty() && transaction_ != "0";
    if (how == framing::opens) in_transaction_ = is_implicit_ = true;
    const bool has_one = in_transaction_ || how == framing::alone;
    if (has_one && how != framing::bare && !has_id) {
        const parameters none;
        if (pooled_) to.send(part::id, std::string{ask_for_id});
        else send_by_name(part::preparation_of_id, part::id, ask_for_id, none);
    }
    if (how == framing::opens) to.ask();
    const bool is_sent = how == framing::opens ? to.is_well() : to.finish();
    if (!is_sent) lost(in_one_line(PQerrorMessage(libpq_.get())));
    return to.sent();
}

asio::awaitable<void> connection::flush() {
    for (int left = PQflush(libpq_.get()); left != 0; left = PQflush(libpq_.get())) {
        if (left < 0) lost(in_one_line(PQerrorMessage(libpq_.get())));
        co_await wait(socket::wait_write);
        if (!PQconsumeInput(libpq_.get())) lost(in_one_line(PQerrorMessage(libpq_.get())));
    }
}

asio::awaitable<PGresult*> connection::next_result() {
    while (PQisBusy(libpq_.get())) {
        co_await wait(socket::wait_read);
        if (!PQconsumeInput(libpq_.get())) lost(in_one_line(PQerrorMessage(libpq_.get())));
    }
    auto* next = PQgetResult(libpq_.get());
    // Without a connection there are no more results, only the same end for ever.
    if (!next && PQstatus(libpq_.get()) != CONNECTION_OK)
        lost(in_one_line(PQerrorMessage(libpq_.get())));
    co_return next;
}

}  // namespace larder::pg
