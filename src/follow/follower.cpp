#include "follower.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <set>
#include <utility>

#include "asio_world.hpp"
#include "by_log.hpp"
#include "by_triggers.hpp"
#include "digest.hpp"
#include "following.hpp"
#include "pg/connection.hpp"

namespace LARDER_NAMESPACE::follow {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr auto again_after = 5s;  // where it is not allowed

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
          std::vector<followed> all, events tell)
        : database(pg::with_defaults(source).server.get("dbname")),
          is_by_triggers(how == larder::following::triggers),
          what(std::move(all)),
          then(std::move(tell)),
          outside(std::make_shared<asio_world>(executor)),
          waiting(*outside),
          reads(make_source(std::move(source))),
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

    std::unique_ptr<change_source> make_source(pg::pool_options source) {
        if (is_by_triggers)
            return std::make_unique<by_triggers>(*outside, waiting, std::move(source), what);
        return std::make_unique<by_log>(*outside, waiting, std::move(source), what);
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
    }
    milliseconds pause_after(std::exception_ptr why);
    void say(const std::string& why, bool setup_helps);

    const std::string database;
    const bool is_by_triggers;
    const std::vector<followed> what;
    const events then;
    std::string said;
    const std::shared_ptr<asio_world> outside;
    waits waiting;
    const std::unique_ptr<change_source> reads;
    following decides;
};

follower::follower(const asio::any_io_executor& executor, larder::following how,
                   pg::pool_options source, std::vector<followed> what, events then)
    : state_(std::make_unique<state>(executor, how, std::move(source), std::move(what),
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
        say(e.why, e.is_mended_by_setup);
        return again_after;
    } catch (const pg::error& e) {
        const bool is_taken = e.sqlstate() == "42710";
        if (e.kind() == pg::failure::rejected && !is_taken) {
            say(e.detail(), true);
            return again_after;
        }
        spdlog::debug("PostgreSQL's log is not followed now: {}", e.detail());
    } catch (const std::exception& e) {
        spdlog::debug("PostgreSQL's log is not followed now: {}", e.what());
    }
    return {};
}

void follower::state::say(const std::string& why, bool setup_helps) {
    if (std::exchange(said, why) == why) return;
    const auto* late =
        "Writes by others are seen late, and entries are kept for CACHE_UNFOLLOWED_SECONDS only, "
        "as";
    if (!setup_helps) spdlog::warn("{} PostgreSQL's log cannot be followed: {}", late, why);
    else if (is_by_triggers)
        spdlog::warn(
            "{} no trigger is heard: {}. They need a role that owns the tables, no pooler "
            "in between, and: CACHE_FOLLOW=trigger {} follow setup",
            late, why, then.program);
    else
        spdlog::warn(
            "{} PostgreSQL's log cannot be followed: {}. It needs wal_level = logical, a "
            "role with REPLICATION, no pooler in between, and: {} follow setup. Where "
            "that cannot be had, CACHE_FOLLOW=trigger needs none of it but the last two",
            late, why, then.program);
}

}  // namespace LARDER_NAMESPACE::follow
