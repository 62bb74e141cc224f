// What an app does instead of serving.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "app_state.hpp"
#include "follow/setup.hpp"
#include "follow/triggers.hpp"
#include "pg/connection.hpp"
#include "pg/tables.hpp"

namespace larder {

namespace asio = boost::asio;

namespace {

asio::awaitable<std::optional<std::size_t>> take_over(pg::connection& source, cache::tiers& cache,
                                                      cache::own_writes& own) {
    co_await source.connect();
    const auto database = co_await pg::tables::identity(source);
    own.identify(database);
    co_await cache.start();
    const auto purged = co_await cache.take_over();
    cache.stop();
    co_return purged;
}

void log_purge(const std::exception_ptr& failed) {
    try {
        std::rethrow_exception(failed);
    } catch (const pg::error& e) {
        spdlog::error("Cannot purge: {}", e.detail());
    } catch (const std::exception& e) {
        spdlog::error("Cannot purge: {}", e.what());
    }
}

}  // namespace

std::optional<std::size_t> app::purge_cache() {
    const auto& o = state_->options;
    asio::io_context io{1};
    const auto source_options = pg::with_defaults(o.source.value_or(pg::pool_options{}));
    pg::connection source{io.get_executor(), source_options};
    cache::own_writes own;
    own.expect_source();
    cache::tiers cache{io.get_executor(),
                       o.shared.value_or(valkey::client_options{}),
                       own,
                       {.families = state_->families.names, .prefix = o.cache_prefix}};
    std::optional<std::size_t> purged;
    asio::co_spawn(io, take_over(source, cache, own),
                   [&](const std::exception_ptr& failed, std::optional<std::size_t> all) {
                       if (!failed) purged = all;
                       else log_purge(failed);
                       cache.stop();
                       io.stop();
                   });
    io.run();
    return purged;
}

namespace {

using lines = std::vector<std::string>;

// Of another instance that begins at the same time.
bool is_already_there(const pg::error& e) {
    const auto& state = e.sqlstate();
    return state == "42710" || state == "42P06" || state == "23505" || state == "42723";
}

asio::awaitable<lines> plan_of(pg::connection& source, follow_command what, bool by_triggers,
                               const std::vector<followed>& tables) {
    lines plan;
    if (what == follow_command::drop) {
        plan = co_await follow::plan_drop(source);
        const auto rest = co_await follow::plan_no_triggers(source);
        plan.insert(plan.end(), rest.begin(), rest.end());
    } else if (by_triggers) {
        plan = co_await follow::plan_triggers(source, tables);
    } else {
        plan = co_await follow::plan_setup(source, tables);
    }
    co_return plan;
}

asio::awaitable<lines> follow_by(pg::connection& source, follow_command what, bool by_triggers,
                                 std::vector<followed> tables, bool dry_run) {
    co_await source.connect();
    lines said;
    if (what == follow_command::status) {
        if (by_triggers) said = co_await follow::status_of_triggers(source, tables);
        else said = co_await follow::status(source, tables);
        co_return said;
    }
    for (int left = 3;; --left) {
        said = co_await plan_of(source, what, by_triggers, tables);
        if (dry_run) co_return said;
        try {
            co_await follow::carry_out(source, said);
            co_return said;
        } catch (const pg::error& e) {
            if (left == 0 || !is_already_there(e)) throw;
        }
        co_await source.end("ROLLBACK");
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
    asio::co_spawn(
        io, follow_by(source, what, o.follow == following::triggers, state_->dependencies, dry_run),
        [&](const std::exception_ptr& failed, lines all) {
            why_not = failed;
            said = std::move(all);
        });
    io.run();
    if (why_not) std::rethrow_exception(why_not);
    return said;
}

}  // namespace larder
