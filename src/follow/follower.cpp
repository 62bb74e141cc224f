#include "follower.hpp"

#include <openssl/evp.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <deque>
#include <exception>
#include <utility>

#include "catalogue.hpp"
#include "pg/connection.hpp"
#include "pg/log_connection.hpp"

namespace larder::follow {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr auto poll_every = 200ms;         // whether the one that follows is still there
constexpr auto again_after = 5s;           // where it is not allowed
constexpr auto tell_every = 400ms;         // how far it is; the server waits for 2 s
constexpr auto longest_silence = 3s;       // of a server that says something every second
constexpr auto look_around_every = 500ms;  // in the catalogue
constexpr std::size_t looks_behind = 3;    // that it may be
constexpr auto longest_pause = 100ms;      // between two looks whether a transaction is visible
constexpr std::size_t most_waiting = 1'000'000;  // transactions and keys, 100 bytes each
constexpr unsigned in_one_go = 500;              // pieces of the log, before others have their turn

// Microseconds since 2000.
std::int64_t time_for_the_server() {
    using namespace std::chrono;
    constexpr sys_days epoch = year{2000} / 1 / 1;
    return duration_cast<microseconds>(system_clock::now() - epoch).count();
}

// One that a slot may have.
std::string name_of(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(), hash.data(), &size) != 1)
        throw std::bad_alloc{};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name = "larder_";
    for (std::size_t i = 0; i < 16; ++i)
        name.append(1, digits[hash[i] / 16]).append(1, digits[hash[i] % 16]);
    return name;
}

pg::error unreadable() {
    return {pg::failure::misused, "PostgreSQL's log has something that cannot be read"};
}

constexpr pg::statement snapshot_now{
    "SELECT pg_current_snapshot()::text,"
    " extract(epoch FROM pg_postmaster_start_time())::text,"
    " pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint",
    true};
// To compile the question for the catalogue takes longer than to answer it.
constexpr pg::statement without_compiling{"SET jit = off"};
constexpr pg::statement is_held{"SELECT FROM pg_replication_slots WHERE slot_name = $1", true};

}  // namespace

// From the connections' begin to their end; it ends when nobody works on it any more.
struct follower::session {
    session(const asio::any_io_executor& by, const pg::pool_options& options,
            const pg::pool_options& log_options)
        : reader(by, options), log(by, log_options), wake(by) {}

    void end() {
        ended = true;
        wake.expires_at(clock::time_point::min());
        reader.interrupt();
        log.interrupt();
    }

    pg::connection reader;  // sees what readers see
    pg::log_connection log;
    asio::steady_timer wake;  // of who waits for what becomes visible
    std::string slot, server, fingerprint;
    std::optional<changes> read;
    gate waiting;
    position done = 0;           // all before it is known to the gate
    position written = 0;        // by the server, when it was asked last
    std::deque<position> ahead;  // the same of the last looks around
    std::exception_ptr failed;   // beside the log
    bool follows = false;
    bool has_news = false;  // since the gate looked
    bool ended = false;
};

follower::follower(const asio::any_io_executor& executor, pg::pool_options source,
                   std::vector<followed> what, events then)
    : options_(pg::with_defaults(source)),
      log_options_(pg::for_the_log(std::move(source))),
      what_(std::move(what)),
      then_(std::move(then)),
      pause_(executor) {}

follower::~follower() = default;

void follower::start() { asio::co_spawn(pause_.get_executor(), run(), asio::detached); }

void follower::stop() {
    stopped_ = true;
    pause_.cancel();
    if (session_) session_->end();
}

asio::awaitable<void> follower::sleep(milliseconds time) {
    pause_.expires_after(time);
    co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> follower::run() {
    while (!stopped_) {
        milliseconds pause = poll_every;
        try {
            co_await follow();
        } catch (const pg::error& e) {
            const bool is_taken = e.sqlstate() == "42710";
            if (e.kind() == pg::failure::rejected && !is_taken) pause = again_after;
            if (e.kind() == pg::failure::rejected && !is_taken) say(e.detail());
            else spdlog::debug("PostgreSQL's log is not followed now: {}", e.detail());
        } catch (const std::exception& e) {
            say(e.what());
        }
        if (session_) session_->end();
        if (session_ && session_->follows) then_.ends();
        session_ = nullptr;
        if (!stopped_) co_await sleep(pause);
    }
}

void follower::say(const std::string& why) {
    if (std::exchange(said_, why) == why) return;
    spdlog::warn(
        "Writes by others are seen late, and entries are kept for CACHE_UNFOLLOWED_SECONDS only, "
        "as "
        "PostgreSQL's log cannot be followed: {}. It needs wal_level = logical, a role with "
        "REPLICATION, no pooler "
        "in between, and: {} follow setup",
        why, then_.program);
}

asio::awaitable<void> follower::follow() {
    session_ = std::make_shared<session>(pause_.get_executor(), options_, log_options_);
    const auto s = session_;
    co_await s->reader.connect();
    const pg::parameters none;
    co_await s->reader.execute(without_compiling, none);
    auto found = co_await look_up_tables(s->reader, what_);
    if (!found.fault.empty()) throw pg::error{pg::failure::rejected, found.fault};
    s->fingerprint = std::move(found.fingerprint);
    s->read.emplace(std::move(found.tables));
    co_await stand_by();
    co_await take_the_slot();
    spdlog::info("Follows PostgreSQL's log: writes by others are seen");
    said_.clear();
    s->follows = true;
    asio::co_spawn(pause_.get_executor(), open_gate(s), [s](const std::exception_ptr& failed) {
        s->failed = failed;
        s->end();
    });
    co_await read_log();
}

// Nobody waits inside the server, where who waits keeps others from their work.
asio::awaitable<void> follower::stand_by() {
    const auto s = session_;
    while (!stopped_) {
        const auto name = slot();
        if (!name.empty()) {
            const pg::parameters which(1, name);
            const auto held = co_await s->reader.execute(is_held, which);
            if (held.size() == 0) co_return;
        }
        co_await sleep(poll_every);
    }
    throw pg::error{pg::failure::unavailable, "it ends"};
}

// What is committed and not visible yet when the slot is made, or was committed before, is not in
// the log from then on.
asio::awaitable<void> follower::take_the_slot() {
    const auto s = session_;
    s->slot = slot();
    co_await s->log.connect();
    s->server = co_await s->log.server();
    co_await s->log.make_slot(s->slot);
    const auto running = co_await look();
    s->waiting.add_all(running, families());
    co_await s->log.start(s->slot, publication);
}

// The server that is asked has to be the one that tells of its log.
asio::awaitable<snapshot> follower::look() {
    const auto s = session_;
    const pg::parameters none;
    const auto said = co_await s->reader.execute(snapshot_now, none);
    if (said.text(0, 1) != s->server)
        throw pg::error{pg::failure::unavailable, "the address leads to two servers"};
    s->written = std::stoull(std::string{said.text(0, 2).value_or("0")});
    auto now = snapshot::parse(said.text(0, 0).value_or(""));
    if (!now) throw unreadable();
    co_return std::move(*now);
}

// Nothing here waits for anybody but the server, which has to hear of us again and again. What is
// in the log and not known to Valkey is not asked for again, but everything forgotten by who
// follows next; so all that has come is done.
asio::awaitable<void> follower::read_log() {
    const auto s = session_;
    auto& done = s->done;
    auto tell_at = clock::now(), heard = clock::now();
    while (!s->ended) {
        unsigned n = 0;
        for (; n < in_one_go; ++n) {
            const auto piece = s->log.next();
            if (!piece) break;
            heard = clock::now();
            const auto one = read_frame(*piece);
            if (!one) throw unreadable();
            if (const auto* data = std::get_if<log_data>(&*one)) {
                if (!s->read->read(data->message)) throw unreadable();
                done = std::max(done, s->read->end());
            } else if (const auto& alive = std::get<keepalive>(*one); true) {
                if (!s->read->is_within()) done = std::max(done, alive.sent);
                if (alive.wants_answer) tell_at = heard;
            }
        }
        auto complete = s->read->take();
        for (auto& each : complete) s->waiting.add(std::move(each));
        if (s->waiting.size() > most_waiting)  // whoever begins anew has everything forgotten
            throw pg::error{pg::failure::unavailable, "too much waits to become visible"};
        s->has_news = s->has_news || !complete.empty();
        if (s->has_news) s->wake.cancel();
        if (clock::now() - heard > longest_silence)
            throw pg::error{pg::failure::unavailable, "PostgreSQL is silent"};
        if (clock::now() >= tell_at) {
            tell_at = clock::now() + tell_every;
            auto told = status_update(done, time_for_the_server());
            co_await s->log.send(std::move(told));
        }
        if (n < in_one_go) co_await s->log.wait(tell_every);
        else co_await asio::post(pause_.get_executor(), asio::use_awaitable);
    }
    if (s->failed) std::rethrow_exception(s->failed);
}

// What is in the log may not be visible yet: who loaded the old value now would keep it.
asio::awaitable<void> follower::open_gate(std::shared_ptr<session> of) {
    auto& s = *of;
    milliseconds pause = 1ms;
    auto look_around_at = clock::now();
    while (!s.ended) {
        if (clock::now() >= look_around_at) {
            co_await look_around(of);
            look_around_at = clock::now() + look_around_every;
        }
        s.has_news = false;
        if (!s.waiting.is_empty()) {
            const auto now = co_await look();
            auto what = s.waiting.take(now);
            pause = what.is_empty() ? std::min<milliseconds>(pause * 2, longest_pause) : 1ms;
            if (!what.is_empty()) then_.broken(std::move(what));
        }
        if (s.has_news) pause = 1ms;
        const auto until = s.waiting.is_empty() ? look_around_at : clock::now() + pause;
        s.wake.expires_at(std::min(until, look_around_at));
        if (!s.ended) co_await s.wake.async_wait(asio::as_tuple(asio::use_awaitable));
        if (s.has_news) pause = 1ms;
    }
}

// Changes of tables are in no log. And one that is read late is as good as none.
asio::awaitable<void> follower::look_around(std::shared_ptr<session> of) {
    auto& s = *of;
    if (slot() != s.slot) throw pg::error{pg::failure::unavailable, "Valkey is another one"};
    auto found = co_await look_up_tables(s.reader, what_);
    if (found.fingerprint != s.fingerprint) then_.broken({.families = families()});
    if (!found.fault.empty()) throw pg::error{pg::failure::rejected, found.fault};
    if (found.tables != s.read->tables())
        throw pg::error{pg::failure::unavailable, "other tables are to be followed now"};
    s.fingerprint = std::move(found.fingerprint);
    co_await look();
    s.ahead.push_back(s.written);
    if (s.ahead.size() > looks_behind) s.ahead.pop_front();
    if (s.ahead.front() <= s.done || s.ahead.size() < looks_behind) then_.follows();
}

std::string follower::slot() const {
    const auto valkey = then_.of();
    if (valkey.empty()) return {};
    std::string all = options_.server.get("dbname") + '\n' + valkey;
    for (const auto& one : what_) all += '\n' + one.family;
    return name_of(all);
}

std::set<std::string> follower::families() const {
    std::set<std::string> all;
    for (const auto& one : what_) all.insert(one.family);
    return all;
}

}  // namespace larder::follow
