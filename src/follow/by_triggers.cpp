#include "by_triggers.hpp"

#include <utility>

#include "catalogue.hpp"
#include "pg/connection.hpp"
#include "same_server.hpp"
#include "triggers.hpp"

namespace LARDER_NAMESPACE::follow {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// What a session needs, until nobody works on it any more.
struct by_triggers::connections {
    connections(const asio::any_io_executor& by, const pg::pool_options& options,
                const std::optional<pg::pool_options>& served)
        : reader(by, options), ears(by, options), same(by, served) {}

    pg::connection reader;
    pg::connection ears;
    same_server same;
    clock::time_point asked = clock::now();
};

namespace {

using listening_ptr = std::shared_ptr<by_triggers::connections>;

constexpr auto ask_every = 400ms;  // whether the server is there; it waits for 2 s

const pg::parameters nothing;

constexpr pg::statement what_readers_see{"SELECT pg_current_snapshot()::text", true};
// By this text it is known among the sessions.
constexpr pg::statement are_you_there{"SELECT 1 AS larder_follows_by_triggers", true};
constexpr pg::statement begin_listening{"LISTEN larder_rows"};
constexpr pg::statement lock_slot{"SELECT pg_try_advisory_lock(hashtextextended($1::text, 0))",
                                  true};
// A holder that is frozen, or out of reach, is given up. PostgreSQL 13 has no such setting.
constexpr pg::statement end_when_silent{
    "SELECT set_config('idle_session_timeout', '2s', false)"
    " WHERE current_setting('idle_session_timeout', true) IS NOT NULL"};

asio::awaitable<change_source::tables> connect_both(listening_ptr to, std::vector<followed> what) {
    co_await to->ears.connect();
    if (to->ears.is_pooled())
        throw pg::error{pg::failure::rejected, "a pooler is in between, where nobody can LISTEN"};
    co_await to->ears.execute(end_when_silent, nothing);
    co_await to->reader.connect();
    co_await to->reader.execute(without_compiling, nothing);
    co_await to->same.connect();
    co_await to->same.expect(to->reader);
    auto found = co_await look_up_triggers(to->reader, what);
    co_return found;
}

asio::awaitable<bool> try_lock(listening_ptr with, std::string slot) {
    const pg::parameters which(1, std::move(slot));
    const auto got = co_await with->ears.execute(lock_slot, which);
    co_return got.text(0, 0) == "t";
}

asio::awaitable<bool> begin_to_listen(listening_ptr with) {
    co_await with->ears.execute(begin_listening, nothing);
    co_return true;
}

// Notifications have no position. But what is answered comes behind those of before it was asked,
// so the time does as well.
position position_of(clock::time_point when) {
    using milliseconds = std::chrono::milliseconds;
    return static_cast<position>(
        std::chrono::duration_cast<milliseconds>(when.time_since_epoch()).count());
}

asio::awaitable<change_source::view> view_of_rows(listening_ptr with) {
    const auto asked = clock::now();
    const auto said = co_await with->reader.execute(what_readers_see, nothing);
    auto now = snapshot::parse(said.text(0, 0).value_or(""));
    if (!now) throw pg::error{pg::failure::misused, "a snapshot that cannot be read"};
    co_return change_source::view{std::move(*now), position_of(asked)};
}

asio::awaitable<change_source::piece> hear(listening_ptr with, std::vector<followed> what) {
    auto& c = *with;
    co_await c.ears.listen(ask_every);
    change_source::piece all;
    if (clock::now() - c.asked >= ask_every) {
        c.asked = clock::now();
        co_await c.ears.execute(are_you_there, nothing);
        all.done = position_of(c.asked);
    }
    for (const auto& one : c.ears.notifications())
        all.seen.add(read_notification(*one.payload, what));
    co_return all;
}

asio::awaitable<change_source::tables> look_up_again(listening_ptr with,
                                                     std::vector<followed> what) {
    co_await with->same.expect(with->reader);
    auto found = co_await look_up_triggers(with->reader, what);
    co_return found;
}

}  // namespace

by_triggers::by_triggers(asio_world& outside, waits& w, pg::pool_options options,
                         std::optional<pg::pool_options> served, std::vector<followed> what)
    : outside_(outside),
      waits_(w),
      options_(pg::with_defaults(std::move(options))),
      served_(std::move(served)),
      what_(std::move(what)) {}

by_triggers::~by_triggers() = default;

task<by_triggers::tables> by_triggers::connect() {
    now_ = std::make_shared<connections>(outside_.executor(), options_, served_);
    return as_task(outside_, waits_, connect_both(now_, what_));
}

task<bool> by_triggers::is_held(std::string slot) {
    const bool got = co_await as_task(outside_, waits_, try_lock(now_, std::move(slot)));
    co_return !got;
}

task<void> by_triggers::take(std::string) {
    co_await as_task(outside_, waits_, begin_to_listen(now_));
}

task<by_triggers::view> by_triggers::look() {
    return as_task(outside_, waits_, view_of_rows(now_));
}

task<by_triggers::tables> by_triggers::look_up() {
    return as_task(outside_, waits_, look_up_again(now_, what_));
}

task<by_triggers::piece> by_triggers::read() {
    return as_task(outside_, waits_, hear(now_, what_));
}

void by_triggers::interrupt() {
    if (!now_) return;
    now_->reader.interrupt();
    now_->ears.interrupt();
    now_->same.interrupt();
}

}  // namespace LARDER_NAMESPACE::follow
