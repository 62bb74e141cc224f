#include "larder/cache/shared_tier.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace larder::cache {

namespace asio = boost::asio;

struct unreleased_keys::state {
    std::atomic<std::size_t> count{0};
    mutable std::mutex mutex;  // guards the rest
    std::map<std::string, std::uint64_t, std::less<>> keys;
    std::uint64_t last_change = 0;
};

unreleased_keys::unreleased_keys() : state_(std::make_unique<state>()) {}
unreleased_keys::~unreleased_keys() = default;

std::size_t unreleased_keys::size() const { return state_->count.load(); }

void unreleased_keys::add(const std::vector<std::string>& keys) {
    const std::scoped_lock lock{state_->mutex};
    ++state_->last_change;
    for (const auto& key : keys) state_->keys[key] = state_->last_change;
    state_->count = state_->keys.size();
}

bool unreleased_keys::contains(std::string_view key) const {
    if (size() == 0) return false;
    const std::scoped_lock lock{state_->mutex};
    return state_->keys.contains(key);
}

std::vector<unreleased_keys::remembered> unreleased_keys::some(std::size_t limit) const {
    const std::scoped_lock lock{state_->mutex};
    std::vector<remembered> result;
    for (const auto& [key, change] : state_->keys) {
        if (result.size() == limit) break;
        result.push_back({key, change});
    }
    return result;
}

void unreleased_keys::remove(const std::vector<remembered>& released) {
    const std::scoped_lock lock{state_->mutex};
    for (const auto& one : released) {
        const auto found = state_->keys.find(one.key);
        if (found != state_->keys.end() && found->second == one.change) state_->keys.erase(found);
    }
    state_->count = state_->keys.size();
}

struct shared_tier::state : std::enable_shared_from_this<state> {
    state(const asio::any_io_executor& e, valkey::client& c, unreleased_keys& u,
          shared_tier_options o)
        : client(c),
          unreleased(u),
          options(std::move(o)),
          pause(e),
          trust_pause(e),
          settled(e, asio::steady_timer::time_point::max()) {}

    bool may_use(std::string_view key) const {
        return client.life() != 0 && client.life() == trusted_life && !unreleased.contains(key);
    }
    asio::awaitable<void> trust(std::uint64_t life);
    asio::awaitable<bool> trust_family(const std::string& family, const std::string& run_id);
    asio::awaitable<void> release_all();
    void spawn(asio::awaitable<void> work);
    void settle() { settled.expires_at(asio::steady_timer::time_point::min()); }

    valkey::client& client;
    unreleased_keys& unreleased;
    const shared_tier_options options;
    asio::steady_timer pause;        // between two attempts to release
    asio::steady_timer trust_pause;  // between two attempts to trust
    asio::steady_timer settled;      // ends when the first connection is trusted or lost
    std::uint64_t trusted_life = 0;
    bool releasing = false;
    bool stopped = false;
};

shared_tier::shared_tier(const asio::any_io_executor& executor, valkey::client& client,
                         unreleased_keys& unreleased, shared_tier_options options)
    : state_(std::make_shared<state>(executor, client, unreleased, std::move(options))) {
    client.on_connect([s = state_.get()] { s->spawn(s->trust(s->client.life())); });
}

shared_tier::~shared_tier() { stop(); }

void shared_tier::stop() {
    state_->stopped = true;
    state_->pause.cancel();
    state_->trust_pause.cancel();
    state_->settle();
    state_->client.stop();
}

asio::awaitable<void> shared_tier::start() {
    co_await state_->client.start();
    if (state_->client.life() == 0) co_return;
    co_await state_->settled.async_wait(asio::as_tuple(asio::use_awaitable));
}

void shared_tier::state::spawn(asio::awaitable<void> work) {
    asio::co_spawn(pause.get_executor(), std::move(work),
                   [self = shared_from_this()](const std::exception_ptr& failed) {
                       if (failed) std::rethrow_exception(failed);
                   });
}

// Until it succeeds or the connection has gone; the next connection starts anew.
asio::awaitable<void> shared_tier::state::trust(std::uint64_t life) {
    while (!stopped && client.life() == life) {
        const auto run_id = co_await client.run_id();
        bool trusted = !run_id.empty();
        for (const auto& family : options.families)
            if (trusted) trusted = co_await trust_family(family, run_id);
        if (trusted && client.life() == life) {
            trusted_life = life;
            break;
        }
        trust_pause.expires_after(std::chrono::milliseconds{20});
        co_await trust_pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    settle();
}

asio::awaitable<bool> shared_tier::state::trust_family(const std::string& family,
                                                       const std::string& run_id) {
    const auto marker = "larder:trusted:" + family;
    const auto found = co_await client.get(marker);
    if (!found.answered) co_return false;
    if (found.value == run_id) co_return true;
    const auto purged = co_await client.purge(family + ":");
    if (!purged) co_return false;
    if (*purged > 0)
        spdlog::info(
            "Purged {} entries of {}: Valkey was started anew and may remember what was "
            "invalidated",
            *purged, family);
    const bool marked = co_await client.set(marker, run_id, std::nullopt);
    co_return marked;
}

asio::awaitable<std::optional<std::string>> shared_tier::get(std::string_view key) {
    if (!state_->may_use(key)) co_return std::nullopt;
    auto found = co_await state_->client.get(key);
    // An invalidation may have failed while the reply was on its way.
    if (!state_->may_use(key)) co_return std::nullopt;
    co_return std::move(found.value);
}

asio::awaitable<void> shared_tier::fill(std::string_view key, std::string_view value) {
    if (!state_->may_use(key)) co_return;
    co_await state_->client.set(key, value, state_->options.ttl);
}

asio::awaitable<void> shared_tier::invalidate(std::vector<std::string> keys) {
    const bool gone = co_await state_->client.del(keys);
    if (gone) co_return;
    state_->unreleased.add(keys);
    if (std::exchange(state_->releasing, true)) co_return;
    state_->spawn(state_->release_all());
}

// Asks again and again until nothing is left. A command on a connection that is down costs nothing.
asio::awaitable<void> shared_tier::state::release_all() {
    constexpr std::size_t batch = 256;
    constexpr std::chrono::milliseconds between{20};
    while (!stopped && unreleased.size() > 0) {
        const auto some = unreleased.some(batch);
        std::vector<std::string> keys;
        keys.reserve(some.size());
        for (const auto& one : some) keys.push_back(one.key);
        const bool gone = co_await client.del(keys);
        if (gone) {
            unreleased.remove(some);
            continue;
        }
        pause.expires_after(between);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    releasing = false;
}

}  // namespace larder::cache
