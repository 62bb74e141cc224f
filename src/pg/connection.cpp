#include "connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "deadline.hpp"
#include "failure_text.hpp"
#include "sqlstate.hpp"

namespace LARDER_NAMESPACE::pg {

namespace asio = boost::asio;

namespace {

using socket = asio::posix::stream_descriptor;
using clock = std::chrono::steady_clock;

constexpr const char* no_answer = "no answer in time";

}  // namespace

pool_options with_defaults(pool_options options) {
    options.server.set("client_encoding", "UTF8");
    if (options.server.get("application_name").empty())
        options.server.set("fallback_application_name", "larder");
    return options;
}

pool_options kept_alive(pool_options options) {
    options = with_defaults(std::move(options));
    for (const auto& [keyword, value] : {std::pair{"keepalives_idle", "2"},
                                         {"keepalives_interval", "1"},
                                         {"keepalives_count", "3"}})
        if (options.server.get(keyword).empty()) options.server.set(keyword, value);
    return options;
}

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
// There the limits end with this very transaction, and each later one sets its own. Days and times
// are read as ISO 8601 has them, whatever is set for a database or a role; whether the day or the
// month comes first stays as it is.
asio::awaitable<void> connection::set_limits() {
    static constexpr statement limit{
        "SELECT set_config('statement_timeout', $1, pg_backend_pid() <> $3::integer),"
        " set_config('lock_timeout', $2, pg_backend_pid() <> $3::integer),"
        " pg_backend_pid() <> $3::integer,"
        " set_config('datestyle', 'ISO', pg_backend_pid() <> $3::integer)"};
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

asio::awaitable<bool> connection::wait_to_read(std::chrono::milliseconds most) {
    const deadline limit{*this, most};
    const auto [error] =
        co_await socket_.async_wait(socket::wait_read, asio::as_tuple(asio::use_awaitable));
    co_return !error;
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

std::vector<notification> connection::notifications() {
    std::vector<notification> all;
    using owned = std::unique_ptr<PGnotify, decltype(&PQfreemem)>;
    for (owned one{PQnotifies(libpq_.get()), &PQfreemem}; one; one.reset(PQnotifies(libpq_.get())))
        all.push_back({one->relname, one->extra});
    return all;
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

}  // namespace LARDER_NAMESPACE::pg
