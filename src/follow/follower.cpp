#include "follower.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>
#include <optional>
#include <set>
#include <utility>

#include "asio_world.hpp"
#include "by_log.hpp"
#include "by_triggers.hpp"
#include "digest.hpp"
#include "following.hpp"
#include "pg/connection.hpp"
#include "pg/sqlstate.hpp"

namespace LARDER_NAMESPACE::follow {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr auto again_after = 5s;  // where it is not allowed
constexpr auto said_after = 3s;   // of what may pass
constexpr auto less_often_after = 10s;

// One that a slot may have.
std::string name_of(std::string_view text) { return "larder_" + digest_of(text, 16); }

std::set<std::string> families_of(const std::vector<followed>& what) {
    std::set<std::string> all;
    for (const auto& one : what) all.insert(one.family);
    return all;
}

}  // namespace

struct follower::state {
    state(const asio::any_io_executor& executor, larder::following how, pg::pool_options source,
          std::optional<pg::pool_options> served, std::vector<followed> all, events tell)
        : database(pg::with_defaults(source).server.get("dbname")),
          is_by_triggers(how == larder::following::triggers),
          what(std::move(all)),
          then(std::move(tell)),
          outside(std::make_shared<asio_world>(executor)),
          waiting(*outside),
          reads(make_source(std::move(source), std::move(served))),
          decides(waiting, *reads, families_of(what),
                  {.broken = then.broken,
                   .slot = [this] { return slot(); },
                   .begins = [this] { begins(); },
                   .follows = then.follows,
                   .ends = then.ends,
                   .pause_after =
                       [this](std::exception_ptr why) { return pause_after(std::move(why)); }}) {
        outside->run([this](wait_id id) { waiting.resume(id); });
    }
    ~state() { outside->end(); }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    std::unique_ptr<change_source> make_source(pg::pool_options source,
                                               std::optional<pg::pool_options> served) {
        if (is_by_triggers)
            return std::make_unique<by_triggers>(*outside, waiting, std::move(source),
                                                 std::move(served), what);
        return std::make_unique<by_log>(*outside, waiting, std::move(source), std::move(served),
                                        what);
    }
    std::string slot() const {
        const auto valkey = then.of();
        if (valkey.empty()) return {};
        std::string all = database + '\n' + valkey;
        for (const auto& one : what) {  // who follows other columns tells of other entries
            all += '\n' + one.family + ' ' + one.table + ' ' + one.column;
            for (const auto& more : one.more_columns) all += ' ' + more;
            if (one.is_only_counted) all += " counted";
            if (one.is_by_generation) all += " by generation";
        }
        return name_of(all);
    }
    void begins() {
        spdlog::info("Follows {}: writes by others are seen",
                     is_by_triggers ? "what triggers tell" : "PostgreSQL's log");
        said.clear();
        failed_last = {};
    }
    milliseconds pause_after(std::exception_ptr why);
    void say(const std::string& why, bool setup_helps);

    const std::string database;
    const bool is_by_triggers;
    const std::vector<followed> what;
    const events then;
    std::string said;
    std::chrono::steady_clock::time_point fails_since, failed_last;
    const std::shared_ptr<asio_world> outside;
    waits waiting;
    const std::unique_ptr<change_source> reads;
    following decides;
};

follower::follower(const asio::any_io_executor& executor, larder::following how,
                   pg::pool_options source, std::optional<pg::pool_options> served,
                   std::vector<followed> what, events then)
    : state_(std::make_unique<state>(executor, how, std::move(source), std::move(served),
                                     std::move(what), std::move(then))) {}

follower::~follower() = default;

void follower::start() { state_->decides.start(); }

void follower::stop() {
    state_->decides.stop();
    state_->outside->stop_the_clock();
}

milliseconds follower::state::pause_after(std::exception_ptr why) {
    if (!why) return {};
    std::string may_pass;
    try {
        std::rethrow_exception(std::move(why));
    } catch (const cannot_follow& e) {
        say(e.why, e.is_mended_by_setup);
        return again_after;
    } catch (const pg::error& e) {
        const auto& code = e.sqlstate();
        const bool is_refused = e.kind() == pg::failure::rejected && code != "42710";
        if (is_refused || pg::sqlstate::keeps_out(code)) {
            say(e.detail(), true);
            return again_after;
        }
        may_pass = e.detail();
    } catch (const std::exception& e) {
        may_pass = e.what();
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - failed_last > again_after) fails_since = now;  // it was well meanwhile
    failed_last = now;
    const auto fails_for = now - fails_since;
    if (fails_for >= said_after) say(may_pass, false);
    else spdlog::debug("Writes by others are not followed now: {}", may_pass);
    return fails_for >= less_often_after ? 1s : milliseconds{};
}

void follower::state::say(const std::string& why, bool setup_helps) {
    if (std::exchange(said, why) == why) return;
    const auto* late =
        "Writes by others are seen late, and entries are kept for CACHE_UNFOLLOWED_SECONDS only, "
        "as";
    if (!setup_helps) spdlog::warn("{} PostgreSQL's log cannot be followed: {}", late, why);
    else if (is_by_triggers)
        spdlog::warn(
            "{} no trigger is heard: {}. They need a role that may use them (GRANT USAGE ON SCHEMA "
            "larder), no pooler in between, and by the tables' owner: CACHE_FOLLOW=trigger {} "
            "follow setup",
            late, why, then.program);
    else
        spdlog::warn(
            "{} PostgreSQL's log cannot be followed: {}. It needs wal_level = logical, a "
            "role with REPLICATION, no pooler in between, and: {} follow setup. Where "
            "that cannot be had, CACHE_FOLLOW=trigger needs none of it but the last two",
            late, why, then.program);
}

}  // namespace LARDER_NAMESPACE::follow
