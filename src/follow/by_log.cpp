#include "by_log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "catalogue.hpp"
#include "pg/connection.hpp"
#include "pg/log_connection.hpp"
#include "same_server.hpp"

namespace LARDER_NAMESPACE::follow {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// What a session needs, until nobody works on it any more.
struct by_log::connections {
    connections(const asio::any_io_executor& by, const pg::pool_options& options,
                const pg::pool_options& log_options, const std::optional<pg::pool_options>& served)
        : reader(by, options), log(by, log_options), same(by, served) {}

    pg::connection reader;  // sees what readers see
    pg::log_connection log;
    same_server same;
    std::string server;
    std::optional<changes> read;
    position done = 0;
    clock::time_point tell_at = clock::now(), heard = clock::now();
};

namespace {

using connections_ptr = std::shared_ptr<by_log::connections>;

constexpr auto tell_every = 400ms;    // how far it is; the server waits for 2 s
constexpr auto longest_silence = 3s;  // of a server that says something every second
constexpr unsigned in_one_go = 500;   // pieces of the log, before others have their turn

constexpr pg::statement snapshot_now{
    "SELECT pg_current_snapshot()::text,"
    " extract(epoch FROM pg_postmaster_start_time())::text,"
    " pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint",
    true};
// Those of all databases: they share one log. Of other roles' sessions not everybody sees more than
// the locks.
constexpr pg::statement open_transactions{
    "SELECT format('transaction %s of process %s (%s), open since %s', x.id, x.pid,"
    " coalesce(a.state, 'of another role'),"
    " coalesce(to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SSOF'), '?'))"
    " FROM (SELECT pid, min(transactionid::text::bigint) AS id FROM pg_locks"
    "  WHERE locktype = 'transactionid' AND granted AND pid <> pg_backend_pid() GROUP BY pid) x"
    " LEFT JOIN pg_stat_activity a ON a.pid = x.pid"
    " UNION ALL SELECT format('the prepared transaction %L (%s in %I), of %s', gid, transaction,"
    " database, to_char(prepared, 'YYYY-MM-DD HH24:MI:SSOF')) FROM pg_prepared_xacts"
    " ORDER BY 1 LIMIT 5",
    true};
// An instance's slot is temporary, and goes with its connection.
constexpr pg::statement is_in_use{"SELECT temporary FROM pg_replication_slots WHERE slot_name = $1",
                                  true};

// Microseconds since 2000.
std::int64_t time_for_the_server() {
    using namespace std::chrono;
    constexpr sys_days epoch = year{2000} / 1 / 1;
    return duration_cast<microseconds>(system_clock::now() - epoch).count();
}

pg::error unreadable() {
    return {pg::failure::misused, "PostgreSQL's log has something that cannot be read"};
}

asio::awaitable<catalogue> connect_reader(connections_ptr to, std::vector<followed> what) {
    co_await to->reader.connect();
    const pg::parameters none;
    co_await to->reader.execute(without_compiling, none);
    co_await to->same.connect();
    co_await to->same.expect(to->reader);
    auto found = co_await look_up_tables(to->reader, what);
    if (found.faults.empty()) to->read.emplace(found.tables);
    co_return found;
}

asio::awaitable<catalogue> ask_for_tables(connections_ptr with, std::vector<followed> what) {
    co_await with->same.expect(with->reader);
    auto found = co_await look_up_tables(with->reader, what);
    co_return found;
}

asio::awaitable<bool> ask_whether_in_use(connections_ptr with, std::string slot) {
    const pg::parameters which(1, slot);
    const auto held = co_await with->reader.execute(is_in_use, which);
    if (held.size() == 0) co_return false;
    if (held.text(0, 0) != "t") throw cannot_follow{why_in_the_way(slot), false};
    co_return true;
}

// A slot is made once all transactions have ended that ran when that began.
asio::awaitable<std::string> who_is_in_the_way(pg::connection& ask) {
    const pg::parameters none;
    const auto open = co_await ask.execute(open_transactions, none);
    std::string all;
    for (std::size_t i = 0; i < open.size(); ++i)
        all.append(all.empty() ? "" : ", ").append(open.text(i, 0).value_or(""));
    co_return all.empty() ? "transactions that are open" : all;
}

asio::awaitable<bool> make_slot(connections_ptr with, std::string slot) {
    try {
        co_await with->log.make_slot(std::move(slot));
        co_return true;
    } catch (const pg::error& e) {
        if (e.sqlstate() != "55P03") throw;
    }
    co_return false;
}

asio::awaitable<bool> take_slot(connections_ptr with, std::string slot) {
    co_await with->log.connect();
    with->server = co_await with->log.server();
    const bool is_made = co_await make_slot(with, slot);
    if (!is_made) {
        const auto why = co_await who_is_in_the_way(with->reader);
        throw cannot_follow{"before it can, these have to end: " + why, false};
    }
    co_await with->log.start(slot, publication);
    with->heard = with->tell_at = clock::now();
    co_return true;
}

// The server that is asked has to be the one that tells of its log.
asio::awaitable<change_source::view> view_of(connections_ptr with) {
    const pg::parameters none;
    const auto said = co_await with->reader.execute(snapshot_now, none);
    if (said.text(0, 1) != with->server)
        throw pg::error{pg::failure::unavailable, "the address leads to two servers"};
    auto now = snapshot::parse(said.text(0, 0).value_or(""));
    if (!now) throw unreadable();
    co_return change_source::view{std::move(*now),
                                  std::stoull(std::string{said.text(0, 2).value_or("0")})};
}

void take_frame(by_log::connections& c, std::string_view bytes) {
    c.heard = clock::now();
    const auto frame = read_frame(bytes);
    if (!frame) throw unreadable();
    if (const auto* data = std::get_if<log_data>(&*frame)) {
        if (!c.read->read(data->message)) throw unreadable();
        c.done = std::max(c.done, c.read->end());
    } else if (const auto& alive = std::get<keepalive>(*frame); true) {
        if (!c.read->is_within()) c.done = std::max(c.done, alive.sent);
        if (alive.wants_answer) c.tell_at = c.heard;
    }
}

// The server has to hear of us again and again.
asio::awaitable<change_source::piece> read_some(connections_ptr from) {
    auto& c = *from;
    unsigned n = 0;
    for (; n < in_one_go; ++n) {
        const auto bytes = c.log.next();
        if (!bytes) break;
        take_frame(c, *bytes);
    }
    if (clock::now() - c.heard > longest_silence)
        throw pg::error{pg::failure::unavailable, "PostgreSQL is silent"};
    if (clock::now() >= c.tell_at) {
        c.tell_at = clock::now() + tell_every;
        auto told = status_update(c.done, time_for_the_server());
        co_await c.log.send(std::move(told));
    }
    if (n == in_one_go) {
        co_await asio::post(asio::use_awaitable);
    } else if (n == 0) {
        const bool has_come = co_await c.log.wait(tell_every);
        if (has_come) c.heard = clock::now();  // a part of what is long
    }
    co_return change_source::piece{.complete = c.read->take(), .done = c.done};
}

}  // namespace

by_log::by_log(asio_world& outside, waits& w, pg::pool_options options,
               std::optional<pg::pool_options> served, std::vector<followed> what)
    : outside_(outside),
      waits_(w),
      options_(pg::with_defaults(options)),
      log_options_(pg::for_the_log(std::move(options))),
      served_(std::move(served)),
      what_(std::move(what)) {}

by_log::~by_log() = default;

task<by_log::tables> by_log::connect() {
    now_ = std::make_shared<connections>(outside_.executor(), options_, log_options_, served_);
    auto found = co_await as_task(outside_, waits_, connect_reader(now_, what_));
    co_return tables{std::move(found.fingerprint), std::move(found.faults), false};
}

task<bool> by_log::is_held(std::string slot) {
    return as_task(outside_, waits_, ask_whether_in_use(now_, std::move(slot)));
}

task<void> by_log::take(std::string slot) {
    co_await as_task(outside_, waits_, take_slot(now_, std::move(slot)));
}

task<by_log::view> by_log::look() { return as_task(outside_, waits_, view_of(now_)); }

task<by_log::tables> by_log::look_up() {
    auto found = co_await as_task(outside_, waits_, ask_for_tables(now_, what_));
    const bool are_others = found.tables != now_->read->tables();
    co_return tables{std::move(found.fingerprint), std::move(found.faults), are_others};
}

task<by_log::piece> by_log::read() { return as_task(outside_, waits_, read_some(now_)); }

void by_log::interrupt() {
    if (!now_) return;
    now_->reader.interrupt();
    now_->log.interrupt();
    now_->same.interrupt();
}

}  // namespace LARDER_NAMESPACE::follow
