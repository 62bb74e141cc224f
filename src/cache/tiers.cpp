// Drives the engine with Asio, Boost.Redis and whatever loads. Nothing is decided here.

#include "larder/cache/tiers.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "../asio_world.hpp"
#include "engine.hpp"
#include "hot_keys.hpp"
#include "run_load.hpp"
#include "valkey/redis_link.hpp"

namespace LARDER_NAMESPACE::cache {

namespace asio = boost::asio;

struct tiers::state {
    state(const asio::any_io_executor& e, const valkey::client_options& server, own_writes& own,
          tiers_options options)
        : outside(std::make_shared<asio_world>(e)),
          prefix(options.prefix.empty() ? "" : options.prefix + ':'),
          way(*outside, server),
          keys(options.counts_keys),
          engine(*outside, way, server, own, with_prefix(std::move(options))) {
        way.serve(engine.waiting());
        outside->run([this](wait_id id) { engine.resume(id); });
    }
    ~state() {
        engine.stop();
        outside->end();
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    static tiers_options with_prefix(tiers_options options) {
        if (options.prefix.empty()) return options;
        for (auto& family : options.families) family.insert(0, options.prefix + ':');
        for (auto& [family, how] : std::exchange(options.policies, {}))
            options.policies.emplace(options.prefix + ':' + family, how);
        for (const auto& family : std::exchange(options.by_generation, {}))
            options.by_generation.insert(options.prefix + ':' + family);
        return options;
    }
    std::string full(std::string key) const {
        return prefix.empty() ? std::move(key) : prefix + key;
    }

    const std::shared_ptr<asio_world> outside;
    const std::string prefix;  // of all keys
    valkey::redis_network way;
    cache::stats counted;  // what the engine does not count
    hot_keys keys;
    std::function<void(const std::string&, const tiers::loader&, check)> watches;
    cache::engine engine;
    nursery home;  // ends first
};

tiers::tiers(const asio::any_io_executor& executor, const valkey::client_options& server,
             own_writes& own, tiers_options options)
    : state_(std::make_shared<state>(executor, server, own, std::move(options))) {}

tiers::~tiers() { stop(); }

asio::awaitable<void> tiers::start() {
    const auto s = state_;
    co_await as_awaitable(s->home, s->engine.start());
}

asio::awaitable<void> tiers::drain(std::chrono::steady_clock::time_point until) {
    const auto s = state_;
    co_await as_awaitable(s->home, s->engine.drain(until));
}

// Nobody waits for the deadlines of what has been answered.
void tiers::stop() {
    state_->engine.stop();
    state_->outside->stop_the_clock();
}

std::optional<local_hit> tiers::find(std::string_view key, std::uint64_t version) {
    auto& s = *state_;
    const auto hit =
        s.prefix.empty() ? s.engine.find(key) : s.engine.find(s.full(std::string{key}));
    if (version != 0 && hit && hit->version != version) return std::nullopt;
    if (!hit) return hit;
    ++s.counted.local_hits;
    s.keys.read(key);
    return hit;
}

void tiers::find_together(const std::function<void()>& all) {
    const engine::one_look now{state_->engine};
    all();
}

void tiers::count_hit(origin in, std::string_view key) {
    auto& all = state_->counted;
    state_->keys.read(key);
    ++(in == origin::local ? all.local_hits : all.shared_hits);
}

cache::stats tiers::stats() const {
    auto all = state_->counted;
    state_->engine.complete(all);
    return all;
}

key_reads tiers::hottest(std::size_t most) const {
    return state_->keys.hottest(most, std::chrono::steady_clock::now());
}

asio::awaitable<std::optional<found>> tiers::look(std::string key, check is_value,
                                                  trace::context within) {
    const auto s = state_;
    auto all = as_awaitable(s->home, s->engine.look(s->full(std::move(key)), is_value),
                            &s->engine.waiting(), within);
    co_return co_await std::move(all);
}

asio::awaitable<std::vector<std::optional<found>>> tiers::look_all(std::vector<std::string> keys,
                                                                   check is_value,
                                                                   trace::context within) {
    const auto s = state_;
    for (auto& key : keys) key = s->full(std::move(key));
    auto all = as_awaitable(s->home, s->engine.look_all(std::move(keys), is_value),
                            &s->engine.waiting(), within);
    co_return co_await std::move(all);
}

asio::awaitable<std::optional<tiers::sight>> tiers::peek(std::string key, check is_value) {
    const auto s = state_;
    auto looking = as_awaitable(s->home, s->engine.look(s->full(std::move(key)), is_value));
    auto seen = co_await std::move(looking);
    if (!seen) co_return std::nullopt;
    co_return sight{.text = std::move(seen->text),
                    .from = seen->from,
                    .expires = std::chrono::steady_clock::now() + seen->left};
}

void tiers::watch_reads(std::function<void(const std::string&, const loader&, check)> told) {
    state_->watches = std::move(told);
}

namespace {

// The function lives as long as what it began.
template <class T>
task<T> run(std::function<asio::awaitable<T>()> work, asio_world& outside, waits& of) {
    co_return co_await as_task(outside, of, work());
}

using memory_ptr = std::shared_ptr<const tiers::server_memory>;

// Of those that both misses and refused fills have.
template <class Reasons>
std::uint64_t* reason_of(Reasons& all, std::string_view bypassed) {
    if (bypassed == "write-in-progress") return &all.write_in_progress;
    if (bypassed == "valkey-unavailable") return &all.valkey_unavailable;
    if (bypassed == "unreleased-write") return &all.unreleased_write;
    return nullptr;
}

std::uint64_t& count_of_miss(misses& all, const found& it, const wish& how) {
    if (how.anew || !how.keep) return all.requested;
    auto* const known = reason_of(all, it.bypassed);
    return known ? *known : all.absent;
}

std::uint64_t& count_of_fill(stats& all, const found& it, const wish& how) {
    auto& refused = all.refused_fills;
    if (it.stored) return all.fills;
    if (auto* const known = reason_of(refused, it.bypassed)) return *known;
    if (it.bypassed == "too-large") return refused.too_large;
    return how.keep ? refused.overtaken : refused.not_wanted;
}

void count(stats& all, const found& it, const wish& how) {
    const bool is_hit = it.from != origin::source && !it.collapsed;
    if (!is_hit) ++count_of_miss(all.misses, it, how);
    else ++(it.from == origin::local ? all.local_hits : all.shared_hits);
    if (it.joined) ++all.joined_reads;
    if (it.is_stale()) ++all.stale_answers;
    if (it.loaded) ++count_of_fill(all, it, how);
}

template <class State>
task<server_record> read_server(State* s, memory_ptr both, std::string family) {
    try {
        co_return co_await as_task(*s->outside, s->engine.waiting(), both->read(std::move(family)));
    } catch (const std::exception& e) {
        spdlog::debug("Cannot ask which Valkey was used last: {}", e.what());
    }
    co_return server_record{};
}

template <class State>
task<bool> write_server(State* s, memory_ptr both, std::string family, std::string before,
                        std::string server) {
    try {
        auto written = both->write(std::move(family), std::move(before), std::move(server));
        co_return co_await as_task(*s->outside, s->engine.waiting(), std::move(written));
    } catch (const std::exception& e) {
        spdlog::debug("Cannot note which Valkey is used: {}", e.what());
    }
    co_return false;
}

}  // namespace

// What the source does not answer is not known.
void tiers::remember_servers(server_memory how) {
    auto* s = state_.get();
    const auto both = std::make_shared<const server_memory>(std::move(how));
    s->engine.remember_servers(
        {.read = [s, both](std::string family) { return read_server(s, both, std::move(family)); },
         .write =
             [s, both](std::string family, std::string before, std::string server) {
                 return write_server(s, both, std::move(family), std::move(before),
                                     std::move(server));
             }});
}

asio::awaitable<found> tiers::read(std::string key, loader load, check is_value, wish how) {
    const auto s = state_;
    s->keys.read(key);
    if (s->watches) s->watches(key, load, is_value);
    key = s->full(std::move(key));
    cache::loader as_engine = [load = std::move(load), s = s.get(), of = s->engine.policy_of(key)] {
        return run_load(load, {*s->outside, s->engine.waiting()}, s->engine.options(), of,
                        s->counted);
    };
    auto all =
        as_awaitable(s->home, s->engine.read(std::move(key), std::move(as_engine), is_value, how),
                     &s->engine.waiting(), how.trace);
    auto value = co_await std::move(all);
    how.anew = how.anew || (how.again && value.was_kept);
    count(s->counted, value, how);
    co_return value;
}

bool tiers::concerns(std::string_view announcement) const {
    return own_writes::concerns(announcement, state_->engine.families());
}

void tiers::hear(std::string_view announcement) { state_->engine.hear(announcement); }

void tiers::invalidate(std::vector<changed_key> keys) {
    for (auto& one : keys) one.key = state_->full(std::move(one.key));
    state_->engine.invalidate(std::move(keys));
}

void tiers::invalidate_all_of(const std::set<std::string>& families, const std::string& why) {
    std::set<std::string> all;
    for (const auto& one : families) all.insert(state_->full(one));
    state_->engine.invalidate_all_of(all, why);
}
void tiers::say_followed(followed_how how) { state_->engine.say_followed(std::move(how)); }
bool tiers::is_followed() const { return state_->engine.is_followed(); }
void tiers::say_unfollowed() { state_->engine.say_unfollowed(); }

void tiers::tell_of_instance(const std::string& name, std::string text) {
    state_->engine.tell_of_instance(name, std::move(text));
}

asio::awaitable<std::optional<std::size_t>> tiers::take_over() {
    const auto s = state_;
    co_return co_await as_awaitable(s->home, s->engine.take_over());
}

struct write::state {
    std::shared_ptr<tiers::state> at;
    change one;
    trace::context within;
};

write::write(tiers& of, std::vector<std::string> keys, trace::context within)
    : state_(std::make_unique<state>(
          state{.at = of.state_, .one = {.keys = std::move(keys)}, .within = within})) {
    for (auto& key : state_->one.keys) key = of.state_->full(std::move(key));
}

write::~write() { state_->at->engine.writes().forget(state_->one); }

void write::add(std::vector<std::string> keys) {
    for (auto& key : keys) state_->one.keys.push_back(state_->at->full(std::move(key)));
}

asio::awaitable<std::vector<std::string>> write::hold() {
    auto& s = *state_;
    auto& engine = s.at->engine;
    auto untold =
        co_await as_awaitable(s.at->home, engine.writes().hold(s.one), &engine.waiting(), s.within);
    if (!s.one.name.empty() || s.one.is_untold) ++s.at->counted.holds;
    if (!untold.empty()) ++s.at->counted.untold_holds;
    co_return untold;
}

bool write::needs_no_hold() { return state_->at->engine.writes().needs_no_hold(state_->one); }

asio::awaitable<std::vector<std::string>> write::end(bool may_be_written, ask_fate what_became,
                                                     std::string transaction) {
    auto& s = *state_;
    if (may_be_written) ++s.at->counted.writes;
    s.one.transaction = std::move(transaction);
    cache::ask_fate as_engine;
    if (what_became)
        as_engine = [ask = std::move(what_became), at = s.at.get()] {
            return run(ask, *at->outside, at->engine.waiting());
        };
    auto& engine = s.at->engine;
    auto ending = engine.writes().end(s.one, may_be_written, std::move(as_engine));
    co_return co_await as_awaitable(s.at->home, std::move(ending), &engine.waiting(), s.within);
}

}  // namespace LARDER_NAMESPACE::cache
