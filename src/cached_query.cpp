#include "larder/cached_query.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "larder/cache/load_error.hpp"
#include "larder/http/error.hpp"
#include "trace/recorder.hpp"

namespace larder {

namespace asio = boost::asio;

namespace {

// The look-up of one key, in whichever tier.
trace::active span_of(const services& at, std::string_view key) {
    trace::active one{at.db.trace(), trace::kind::internal, "cache"};
    one.say("larder.cache.key", key);
    return one;
}

void end(trace::active& one, const cache::found& it) {
    if (!one) return;
    static constexpr std::array tiers{"local", "shared", "source"};
    one.say("larder.cache.tier", std::string_view{tiers.at(static_cast<std::size_t>(it.from))});
    if (it.collapsed) one.say("larder.cache.collapsed", true);
    if (it.is_stale()) one.say("larder.cache.stale", true);
    if (!it.bypassed.empty()) one.say("larder.cache.bypassed", it.bypassed);
    one.end(std::chrono::steady_clock::now());
}

}  // namespace

std::optional<std::string_view> find_local(services& at, std::string_view key) {
    if (at.http && at.http->asked != http::cache_directives{}) return std::nullopt;
    spdlog::debug("Checking cache key {}", key);
    trace::active span;
    if (at.db.trace()) span = span_of(at, key);
    const auto found = at.cache.find(key);
    if (!found) span.forget();
    if (!found) return std::nullopt;
    span.say("larder.cache.tier", std::string_view{"local"});
    spdlog::debug("Found {}, value is {}", key, found->text);
    if (at.http) {
        at.http->answer = {std::string{found->text}, cache::origin::local, found->age, found->left};
        at.http->key = key;
        at.http->version = found->version;
    }
    return found->text;
}

namespace {

// Whether no entry is allowed, whatever it is like, and what is loaded in its place is stored.
bool takes_no_entry(const exchange& client) {
    const auto& asked = client.asked;
    return client.client_reload && asked.no_cache && !asked.no_store && !asked.only_if_cached;
}

// An entry that the client allows, or how to load the value.
awaitable<std::optional<cache::tiers::found>> look(services& at, std::string_view key,
                                                   cache::tiers::check is_value, cache::wish& how) {
    auto& client = *at.http;
    spdlog::debug("Checking cache key {}", key);
    how.again = takes_no_entry(client);
    if (how.again) co_return std::nullopt;
    auto entry = co_await at.cache.look(std::string{key}, is_value, how.trace);
    std::optional<http::entry_times> times;
    if (entry) times = {entry->age, entry->left};
    switch (plan(client.asked, client.client_reload, times)) {
        case http::cache_plan::use: at.cache.count_hit(entry->from, key); co_return entry;
        case http::cache_plan::refuse: throw http::error(504, "Not in the cache");
        case http::cache_plan::load: how.keep = false; break;
        case http::cache_plan::load_and_store: break;
    }
    // Others may board the same flight, and have it store.
    how.anew = entry.has_value();
    client.was_kept = entry.has_value();
    co_return std::nullopt;
}

}  // namespace

namespace {

// The server's, or larder's: not a handler's answer, as a 404, nor a fault of its SQL.
bool is_outage(const std::exception_ptr& failed) {
    try {
        std::rethrow_exception(failed);
    } catch (const pg::error& e) {
        return e.kind() == pg::failure::unavailable || e.kind() == pg::failure::interrupted;
    } catch (const cache::load_error&) {
        return true;
    } catch (const http::error& e) {
        return e.status() >= 500;
    } catch (...) {
        return false;
    }
}

void log_failure(const std::exception_ptr& failed) {
    try {
        std::rethrow_exception(failed);
    } catch (const std::exception& e) {
        spdlog::debug("A stale entry stands for a load that failed: {}", e.what());
    }
}

}  // namespace

awaitable<std::string> read_through(services& at, std::string key, cache::tiers::loader load,
                                    cache::tiers::check is_value) {
    auto span = span_of(at, key);
    cache::wish how{.trace = span.inside()};
    std::optional<cache::tiers::found> found;
    const bool asks_for_more = at.http && at.http->asked != http::cache_directives{};
    if (!asks_for_more) how.stale = &is_outage;
    if (asks_for_more) found = co_await look(at, key, is_value, how);
    if (!found) found = co_await at.cache.read(key, std::move(load), is_value, how);
    if (found->from != cache::origin::source)
        spdlog::debug("Found {}, value is {}", key, found->text);
    if (found->instead_of) log_failure(found->instead_of);
    end(span, *found);
    auto text = found->text;
    if (at.http) {
        at.http->was_kept = at.http->was_kept || (how.again && found->was_kept);
        at.http->answer = std::move(found);
        at.http->key = std::move(key);
    }
    co_return text;
}

awaitable<std::string> load_anew(services& at, std::string key, cache::tiers::loader load,
                                 cache::tiers::check is_value) {
    auto span = span_of(at, key);
    const cache::wish how{.anew = true, .trace = span.inside()};
    auto found = co_await at.cache.read(std::move(key), std::move(load), is_value, how);
    end(span, found);
    co_return std::move(found.text);
}

namespace {

constexpr std::size_t loads_at_once = 3;  // a worker has a connection more

// What is still to be loaded of a list, and who waits for it. It may outlive the request.
struct reads_of_list {
    reads_of_list(cache::tiers& from, cache::tiers::check check,
                  const asio::any_io_executor& executor)
        : cache(from), is_value(check), ended(executor) {}

    cache::tiers& cache;
    const cache::tiers::check is_value;
    std::vector<std::string> keys, texts;
    std::vector<cache::tiers::loader> loads;
    trace::context within;
    std::vector<std::size_t> missing;  // the next is at the end
    std::size_t readers = 0;
    std::exception_ptr failed;
    asio::steady_timer ended;
};

awaitable<void> read_some(std::shared_ptr<reads_of_list> of) {
    const cache::wish how{.stale = &is_outage, .trace = of->within};
    while (!of->missing.empty() && !of->failed) {
        const auto i = of->missing.back();
        of->missing.pop_back();
        try {
            auto found = co_await of->cache.read(of->keys[i], of->loads[i], of->is_value, how);
            of->texts[i] = std::move(found.text);
        } catch (...) {
            of->failed = std::current_exception();
        }
    }
    if (--of->readers == 0) of->ended.cancel();
}

}  // namespace

awaitable<std::vector<std::string>> read_all_through(services& at, std::vector<std::string> keys,
                                                     std::vector<cache::tiers::loader> loads,
                                                     cache::tiers::check is_value) {
    const auto executor = co_await asio::this_coro::executor;
    const auto all = std::make_shared<reads_of_list>(at.cache, is_value, executor);
    trace::active span{at.db.trace(), trace::kind::internal, "cache"};
    span.say("larder.cache.keys", static_cast<std::int64_t>(keys.size()));
    all->within = span.inside();
    auto found = co_await at.cache.look_all(keys, is_value, all->within);
    all->keys = std::move(keys);
    all->loads = std::move(loads);
    all->texts.resize(found.size());
    for (std::size_t i = found.size(); i-- > 0;) {
        if (!found[i]) all->missing.push_back(i);
        else at.cache.count_hit(found[i]->from, all->keys[i]);
        if (found[i]) all->texts[i] = std::move(found[i]->text);
    }
    all->readers = std::min(loads_at_once, all->missing.size());
    all->ended.expires_at(asio::steady_timer::time_point::max());
    for (auto left = all->readers; left > 0; --left)
        asio::co_spawn(executor, read_some(all), asio::detached);
    while (all->readers > 0) co_await all->ended.async_wait(asio::as_tuple(asio::use_awaitable));
    if (all->failed) std::rethrow_exception(all->failed);
    co_return std::move(all->texts);
}

namespace detail {

// Where PostgreSQL does not tell, nothing is said against the load.
awaitable<void> expect_declared(const pg::session& by, cache::key family) {
    std::vector<std::string> declared;
    for (const auto& one : family.sources()) declared.emplace_back(one.table);
    std::vector<std::string> others;
    try {
        auto reads = by.reads();
        others = co_await by.connections().undeclared_tables(std::move(reads), declared);
    } catch (const pg::error& e) {
        spdlog::debug("Which tables a load reads is not known: {}", e.detail());
    }
    if (others.empty()) co_return;
    std::string names;
    for (const auto& one : others) names += (names.empty() ? "" : " and ") + one;
    throw std::logic_error("the entries of " + std::string{family.family()} +
                           " are computed from " + names + ", on which its key does not depend");
}

// A timestamp of the year 10000, say, or a number that is no enumerator.
void throw_unreadable(std::string_view text) {
    constexpr std::size_t most = 200;
    throw std::runtime_error{"what a handler loaded has a member that cannot be read back: " +
                             std::string{text.substr(0, most)}};
}

}  // namespace detail

}  // namespace larder
