// What an app does instead of serving.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "app_state.hpp"
#include "follow/setup.hpp"
#include "follow/standing.hpp"
#include "follow/triggers.hpp"
#include "pg/connection.hpp"
#include "pg/log_connection.hpp"
#include "pg/tables.hpp"

namespace LARDER_NAMESPACE {

namespace asio = boost::asio;

namespace {

using lines = std::vector<std::string>;

constexpr int most_attempts = 4;

// Of another instance that begins at the same time.
bool is_already_there(const pg::error& e) {
    const auto& state = e.sqlstate();
    return state == "42710" || state == "42P06" || state == "23505" || state == "42723";
}

asio::awaitable<lines> plan_of(pg::connection& source, follow_command what, bool by_triggers,
                               const std::vector<followed>& tables) {
    lines plan;
    if (what == follow_command::drop) {
        plan = co_await follow::plan_drop(source, tables);
        const auto rest = co_await follow::plan_no_triggers(source, tables);
        plan.insert(plan.end(), rest.begin(), rest.end());
    } else if (by_triggers) {
        plan = co_await follow::plan_triggers(source, tables);
    } else {
        plan = co_await follow::plan_setup(source, tables);
    }
    co_return plan;
}

// A family without a table: nobody can know when its entries are untrue.
lines not_followed(const std::vector<std::string>& families, const std::vector<followed>& tables) {
    lines all;
    for (const auto& one : families)
        if (std::ranges::find(tables, one, &followed::family) == tables.end())
            all.push_back(one + " is not followed, as no table is named that its entries are of");
    return all;
}

// Whether a role may, and whether a pooler is in between, only trying tells.
asio::awaitable<lines> why_no_log(pg::pool_options source) {
    const auto executor = co_await asio::this_coro::executor;
    const auto options = pg::for_the_log(std::move(source));
    pg::log_connection log{executor, options};
    lines why;
    try {
        co_await log.connect();
    } catch (const pg::error& e) {
        why.push_back("the log cannot be read: " + e.detail());
    }
    co_return why;
}

asio::awaitable<lines> status_of(pg::connection& source, const app_options& options,
                                 cached_families cached, std::vector<followed> tables) {
    co_await source.connect();
    lines said;
    if (options.follow == following::triggers)
        said = co_await follow::status_of_triggers(source, tables, options.name);
    else said = co_await follow::status(source, tables, options.name);
    if (options.follow != following::triggers) {
        const auto& log = options.follow_source ? options.follow_source : options.source;
        const auto why = co_await why_no_log(log.value_or(pg::pool_options{}));
        said.insert(said.end(), why.begin(), why.end());
    }
    auto families = std::move(cached.names);
    const auto left_out = not_followed(families, tables);
    said.insert(said.end(), left_out.begin(), left_out.end());
    if (!options.shared) {
        said.emplace_back("no Valkey is given, which knows since when it is followed");
        co_return said;
    }
    if (!options.cache_prefix.empty())
        for (auto& one : families) one.insert(0, options.cache_prefix + ':');
    const auto executor = co_await asio::this_coro::executor;
    const auto known = co_await follow::standing_in_valkey(executor, *options.shared, families,
                                                           cached.declared, options.unfollowed);
    said.insert(said.end(), known.begin(), known.end());
    co_return said;
}

// Others wait behind who waits for a lock, so he waits four times for a short time.
asio::awaitable<void> let_others_pass(int attempts) {
    asio::steady_timer pause{co_await asio::this_coro::executor,
                             std::chrono::milliseconds{100 * attempts}};
    co_await pause.async_wait(asio::use_awaitable);
}

asio::awaitable<lines> follow_by(pg::connection& source, follow_command what, bool by_triggers,
                                 std::vector<followed> tables, bool dry_run) {
    co_await source.connect();
    lines said;
    for (int attempts = 1;; ++attempts) {
        said = co_await plan_of(source, what, by_triggers, tables);
        if (dry_run) co_return said;
        bool is_locked = false;
        try {
            co_await follow::carry_out(source, said);
            co_return said;
        } catch (const pg::error& e) {
            is_locked = e.sqlstate() == "55P03";
            if (is_locked && attempts == most_attempts)
                throw pg::error{e.kind(),
                                "somebody keeps a lock on one of the tables: end the transactions "
                                "that are open for long, then try again",
                                e.sqlstate()};
            if (attempts == most_attempts || !(is_locked || is_already_there(e))) throw;
        }
        co_await source.end("ROLLBACK");
        if (is_locked) co_await let_others_pass(attempts);
    }
}

}  // namespace

std::vector<std::string> app::follow(follow_command what, bool dry_run) {
    const auto& o = state_->options;
    asio::io_context io{1};
    const auto& where = o.follow_source ? o.follow_source : o.source;
    const auto source_options = pg::with_defaults(where.value_or(pg::pool_options{}));
    pg::connection source{io.get_executor(), source_options};
    lines said;
    std::exception_ptr why_not;
    const auto& tables = state_->dependencies;
    auto work = what == follow_command::status
                    ? status_of(source, o, state_->families, tables)
                    : follow_by(source, what, o.follow == following::triggers, tables, dry_run);
    asio::co_spawn(io, std::move(work), [&](const std::exception_ptr& failed, lines all) {
        why_not = failed;
        said = std::move(all);
        io.stop();
    });
    io.run();
    if (why_not) std::rethrow_exception(why_not);
    return said;
}

}  // namespace LARDER_NAMESPACE
