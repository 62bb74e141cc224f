// What a connection sends and reads for a statement; how it is made and waited for is
// connection.cpp's.
#include <algorithm>
#include <random>
#include <utility>

#include "connection.hpp"
#include "deadline.hpp"
#include "digest.hpp"
#include "failure_text.hpp"
#include "sqlstate.hpp"
#include "trace/recorder.hpp"

namespace LARDER_NAMESPACE::pg {

namespace asio = boost::asio;

namespace {

using clock = std::chrono::steady_clock;

// What was heard this long ago says nothing about now.
constexpr std::chrono::milliseconds heard_lately{10};

// It has one once it has changed something.
constexpr std::string_view ask_for_id = "SELECT txid_current_if_assigned()";

// The same SQL has the same name on every connection, and no other SQL has it. So whoever finds the
// name taken, behind a pooler say, finds his own statement.
std::string name_of(std::string_view sql) { return "larder_" + digest_of(sql, 16); }

// Behind a pooler that is not recognised others have the same sessions.
std::string random_digits() { return std::to_string(std::random_device{}()); }

}  // namespace

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

asio::awaitable<void> connection::probe() {
    const deadline limit{*this, options_.connect_timeout / 2};
    auto* failed = co_await sync();
    if (failed) reject(failed);
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
        if (pooled_) to.send(part::other, "SET LOCAL datestyle = 'ISO'");
    } else if (how == framing::in_savepoint) {
        to.send(part::other, "SAVEPOINT larder");
    } else if (is_limited && how != framing::bare && !in_transaction_) {
        parameters limits(1, limit);
        limits.emplace_back(lock_timeout);
        to.send(part::other,
                "SELECT set_config('statement_timeout', $1, true),"
                " set_config('lock_timeout', $2, true), set_config('datestyle', 'ISO', true)",
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

}  // namespace LARDER_NAMESPACE::pg
