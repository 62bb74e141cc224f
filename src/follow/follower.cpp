#include "follower.hpp"

#include <openssl/evp.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <set>
#include <utility>

#include "asio_world.hpp"
#include "catalogue.hpp"
#include "following.hpp"
#include "pg/connection.hpp"
#include "pg/log_connection.hpp"

namespace larder::follow {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr auto again_after = 5s;         // where it is not allowed
constexpr auto tell_every = 400ms;       // how far it is; the server waits for 2 s
constexpr auto longest_silence = 3s;     // of a server that says something every second
constexpr unsigned in_one_go = 500;      // pieces of the log, before others have their turn

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

std::set<std::string> families_of(const std::vector<followed>& what) {
    std::set<std::string> all;
    for (const auto& one : what) all.insert(one.family);
    return all;
}

constexpr pg::statement snapshot_now{
    "SELECT pg_current_snapshot()::text,"
    " extract(epoch FROM pg_postmaster_start_time())::text,"
    " pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint",
    true};
// To compile the question for the catalogue takes longer than to answer it.
constexpr pg::statement without_compiling{"SET jit = off"};
constexpr pg::statement is_in_use{"SELECT FROM pg_replication_slots WHERE slot_name = $1", true};

// What a session needs, until nobody works on it any more.
struct connections {
    connections(const asio::any_io_executor& by, const pg::pool_options& options,
                const pg::pool_options& log_options)
        : reader(by, options), log(by, log_options) {}

    pg::connection reader;  // sees what readers see
    pg::log_connection log;
    std::string server;
    std::optional<changes> read;
    position done = 0;
    clock::time_point tell_at = clock::now(), heard = clock::now();
};
using connections_ptr = std::shared_ptr<connections>;

asio::awaitable<catalogue> connect(connections_ptr to, std::vector<followed> what) {
    co_await to->reader.connect();
    const pg::parameters none;
    co_await to->reader.execute(without_compiling, none);
    auto found = co_await look_up_tables(to->reader, what);
    if (found.fault.empty()) to->read.emplace(found.tables);
    co_return found;
}

asio::awaitable<catalogue> look_up(connections_ptr with, std::vector<followed> what) {
    auto found = co_await look_up_tables(with->reader, what);
    co_return found;
}

asio::awaitable<bool> ask_whether_held(connections_ptr with, std::string slot) {
    const pg::parameters which(1, std::move(slot));
    const auto held = co_await with->reader.execute(is_in_use, which);
    co_return held.size() > 0;
}

asio::awaitable<bool> take_slot(connections_ptr with, std::string slot) {
    co_await with->log.connect();
    with->server = co_await with->log.server();
    co_await with->log.make_slot(slot);
    co_await with->log.start(slot, publication);
    with->heard = with->tell_at = clock::now();
    co_return true;
}

// The server that is asked has to be the one that tells of its log.
asio::awaitable<log_source::view> view_of(connections_ptr with) {
    const pg::parameters none;
    const auto said = co_await with->reader.execute(snapshot_now, none);
    if (said.text(0, 1) != with->server)
        throw pg::error{pg::failure::unavailable, "the address leads to two servers"};
    auto now = snapshot::parse(said.text(0, 0).value_or(""));
    if (!now) throw unreadable();
    co_return log_source::view{std::move(*now),
                               std::stoull(std::string{said.text(0, 2).value_or("0")})};
}

// The server has to hear of us again and again.
asio::awaitable<log_source::piece> read_some(connections_ptr from) {
    auto& c = *from;
    log_source::piece all;
    unsigned n = 0;
    for (; n < in_one_go; ++n) {
        const auto one = c.log.next();
        if (!one) break;
        c.heard = clock::now();
        const auto frame = read_frame(*one);
        if (!frame) throw unreadable();
        if (const auto* data = std::get_if<log_data>(&*frame)) {
            if (!c.read->read(data->message)) throw unreadable();
            all.done = std::max(all.done, c.read->end());
        } else if (const auto& alive = std::get<keepalive>(*frame); true) {
            if (!c.read->is_within()) all.done = std::max(all.done, alive.sent);
            if (alive.wants_answer) c.tell_at = c.heard;
        }
    }
    c.done = std::max(c.done, all.done);
    all.complete = c.read->take();
    if (clock::now() - c.heard > longest_silence)
        throw pg::error{pg::failure::unavailable, "PostgreSQL is silent"};
    if (clock::now() >= c.tell_at) {
        c.tell_at = clock::now() + tell_every;
        auto told = status_update(c.done, time_for_the_server());
        co_await c.log.send(std::move(told));
    }
    if (n == in_one_go) co_await asio::post(asio::use_awaitable);
    else if (n == 0) co_await c.log.wait(tell_every);
    co_return all;
}

}  // namespace

struct follower::state final : log_source {
    state(const asio::any_io_executor& executor, pg::pool_options source,
          std::vector<followed> followed_tables, events tell)
        : options(pg::with_defaults(source)),
          log_options(pg::for_the_log(std::move(source))),
          what(std::move(followed_tables)),
          then(std::move(tell)),
          outside(std::make_shared<asio_world>(executor)),
          waiting(*outside),
          decides(waiting, *this, families_of(what),
                  {.broken = then.broken,
                   .slot = [this] { return slot(); },
                   .begins = [this] { begins(); },
                   .follows = then.follows,
                   .ends = then.ends,
                   .pause_after = [this](std::exception_ptr why) {
                       return pause_after(std::move(why));
                   }}) {
        outside->run([this](wait_id id) { waiting.resume(id); });
    }
    ~state() { outside->end(); }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    template <class T>
    task<T> run(asio::awaitable<T> work) {
        return as_task(*outside, waiting, std::move(work));
    }
    task<tables> connect() override {
        now = std::make_shared<connections>(outside->executor(), options, log_options);
        auto found = co_await run(follow::connect(now, what));
        co_return tables{std::move(found.fingerprint), std::move(found.fault), false};
    }
    task<tables> look_up() override {
        auto found = co_await run(follow::look_up(now, what));
        const bool are_others = found.tables != now->read->tables();
        co_return tables{std::move(found.fingerprint), std::move(found.fault), are_others};
    }
    task<bool> is_held(std::string slot) override {
        return run(ask_whether_held(now, std::move(slot)));
    }
    task<void> take(std::string slot) override {
        co_await run(take_slot(now, std::move(slot)));
    }
    task<view> look() override { return run(view_of(now)); }
    task<piece> read() override { return run(read_some(now)); }
    void interrupt() override {
        if (!now) return;
        now->reader.interrupt();
        now->log.interrupt();
    }

    std::string slot() const {
        const auto valkey = then.of();
        if (valkey.empty()) return {};
        std::string all = options.server.get("dbname") + '\n' + valkey;
        for (const auto& one : what) all += '\n' + one.family;
        return name_of(all);
    }
    void begins() {
        spdlog::info("Follows PostgreSQL's log: writes by others are seen");
        said.clear();
    }
    milliseconds pause_after(std::exception_ptr why);
    void say(const std::string& why);

    const pg::pool_options options, log_options;
    const std::vector<followed> what;
    const events then;
    std::string said;
    const std::shared_ptr<asio_world> outside;
    waits waiting;
    connections_ptr now;
    following decides;
};

follower::follower(const asio::any_io_executor& executor, pg::pool_options source,
                   std::vector<followed> what, events then)
    : state_(std::make_unique<state>(executor, std::move(source), std::move(what),
                                     std::move(then))) {}

follower::~follower() = default;

void follower::start() { state_->decides.start(); }

void follower::stop() {
    state_->decides.stop();
    state_->outside->stop_the_clock();
}

milliseconds follower::state::pause_after(std::exception_ptr why) {
    if (!why) return {};
    try {
        std::rethrow_exception(std::move(why));
    } catch (const cannot_follow& e) {
        say(e.why);
        return again_after;
    } catch (const pg::error& e) {
        const bool is_taken = e.sqlstate() == "42710";
        if (e.kind() == pg::failure::rejected && !is_taken) {
            say(e.detail());
            return again_after;
        }
        spdlog::debug("PostgreSQL's log is not followed now: {}", e.detail());
    } catch (const std::exception& e) {
        spdlog::debug("PostgreSQL's log is not followed now: {}", e.what());
    }
    return {};
}

void follower::state::say(const std::string& why) {
    if (std::exchange(said, why) == why) return;
    spdlog::warn(
        "Writes by others are seen late, and entries are kept for CACHE_UNFOLLOWED_SECONDS only, "
        "as PostgreSQL's log cannot be followed: {}. It needs wal_level = logical, a role with "
        "REPLICATION, no pooler in between, and: {} follow setup",
        why, then.program);
}

}  // namespace larder::follow
