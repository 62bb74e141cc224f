// What an app does with the cache in Valkey instead of serving.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <optional>
#include <utility>

#include "admin/cache_desk.hpp"
#include "app_state.hpp"
#include "cache/scripts.hpp"
#include "larder/json.hpp"
#include "pg/connection.hpp"
#include "pg/tables.hpp"
#include "valkey/asker.hpp"

namespace larder {

namespace asio = boost::asio;

namespace {

template <class Report>
cache_answer answer_of(const Report& found, bool as_json, bool is_positive = true) {
    return {.text = as_json ? json::text(found) + '\n' : admin::text_of(found),
            .is_positive = is_positive};
}

// Where larder may keep no tables, each process knows only what it saw itself.
asio::awaitable<void> ask_for_servers(pg::connection& source, std::string prefix,
                                      admin::trust_facts& facts) {
    static constexpr pg::statement ask{pg::tables::read_server, true};
    try {
        for (auto& one : facts.families) {
            const pg::parameters which(1, prefix + one.family);
            const auto rows = co_await source.execute(ask, which);
            one.recorded = rows.size() > 0 ? std::string{*rows.text(0, 0)} : std::string{};
        }
    } catch (const pg::error& e) {
        if (e.kind() != pg::failure::rejected) throw;
    }
}

// What the source knows: which database it is, and which servers the entries were in.
asio::awaitable<void> ask_source(const app_options& options, std::string prefix,
                                 admin::trust_facts& facts) {
    facts.is_source_asked = options.source.has_value();
    facts.why_no_database =
        "PG_SERVICE_URI is empty/unset, so whether they are of the service's database is not known";
    if (!options.source) co_return;
    const auto executor = co_await asio::this_coro::executor;
    const auto how = pg::with_defaults(*options.source);
    pg::connection source{executor, how};
    try {
        co_await source.connect();
        facts.database = co_await pg::tables::identity(source);
        co_await ask_for_servers(source, std::move(prefix), facts);
    } catch (const pg::error& e) {
        facts.why_no_database =
            "An instance trusts nothing before PostgreSQL has answered it, and that does not: " +
            e.detail();
        facts.database.reset();
    }
}

struct job {
    const app_options& options;
    const admin::cache_names& names;
    admin::cache_desk& desk;
    valkey::asker& by;
    bool as_json;
};

asio::awaitable<admin::trust_report> trust_of(const job& of) {
    auto asking = as_awaitable(of.by.home(), of.desk.facts_of_trust());
    auto facts = co_await std::move(asking);
    auto prefix = of.names.full("");
    co_await ask_source(of.options, std::move(prefix), facts);
    co_return admin::judge_trust(facts);
}

asio::awaitable<cache_answer> stats_of(const job& of) {
    auto asking = as_awaitable(of.by.home(), of.desk.stats());
    auto all = co_await std::move(asking);
    all.valkey = of.options.shared->server.address();
    all.trust = co_await trust_of(of);
    co_return answer_of(all, of.as_json);
}

// Which database this is, PostgreSQL says first.
asio::awaitable<admin::purge_report> take_over(const job& of) {
    const auto executor = co_await asio::this_coro::executor;
    const auto how = pg::with_defaults(*of.options.source);
    pg::connection source{executor, how};
    co_await source.connect();
    auto database = co_await pg::tables::identity(source);
    auto telling = as_awaitable(of.by.home(), of.desk.take_over(std::move(database)));
    co_return co_await std::move(telling);
}

asio::awaitable<cache_answer> carry_out(const job& of, cache_command what,
                                        std::vector<std::string> names) {
    auto connecting = as_awaitable(of.by.home(), of.by.connect());
    const bool is_connected = co_await std::move(connecting);
    if (!is_connected) throw of.by.failure();
    switch (what) {
        case cache_command::get: {
            auto asking = as_awaitable(of.by.home(), of.desk.get(std::move(names.front())));
            const auto found = co_await std::move(asking);
            co_return answer_of(found, of.as_json, found.is_there);
        }
        case cache_command::invalidate: {
            auto telling = as_awaitable(of.by.home(), of.desk.invalidate(std::move(names)));
            const auto done = co_await std::move(telling);
            co_return answer_of(done, of.as_json);
        }
        case cache_command::purge: {
            if (names.empty()) {
                const auto done = co_await take_over(of);
                co_return answer_of(done, of.as_json);
            }
            auto telling = as_awaitable(of.by.home(), of.desk.purge(std::move(names.front())));
            const auto done = co_await std::move(telling);
            co_return answer_of(done, of.as_json);
        }
        case cache_command::trust: {
            const auto found = co_await trust_of(of);
            co_return answer_of(found, of.as_json, found.is_trusted);
        }
        case cache_command::stats: break;
    }
    auto all = co_await stats_of(of);
    co_return all;
}

// Names are looked at before anybody is asked.
void check_names(const admin::cache_names& all, cache_command what,
                 const std::vector<std::string>& names) {
    const bool are_keys = what == cache_command::get || what == cache_command::invalidate;
    for (const auto& one : names)
        if (are_keys) (void)all.entry(one);
        else (void)all.family(one);
}

}  // namespace

cache_answer app::look_after_cache(cache_command what, const std::vector<std::string>& names,
                                   bool as_json) {
    const auto& o = state_->options;
    const admin::cache_names known{state_->keys, o.cache_prefix};
    check_names(known, what, names);
    const bool changes = what == cache_command::invalidate || what == cache_command::purge;
    asio::io_context io{1};
    valkey::asker by{io.get_executor(), o.shared.value_or(valkey::client_options{}),
                     changes ? cache::scripts() : std::vector<std::string>{}};
    admin::cache_desk desk{by, known};
    std::optional<cache_answer> answer;
    std::exception_ptr why_not;
    const job of{o, known, desk, by, as_json};
    auto work = carry_out(of, what, names);
    asio::co_spawn(io, std::move(work), [&](const std::exception_ptr& failed, cache_answer done) {
        why_not = failed;
        answer = std::move(done);
        io.stop();
    });
    io.run();
    if (why_not) std::rethrow_exception(why_not);
    return std::move(*answer);
}

}  // namespace larder
