#include "self_check.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace LARDER_NAMESPACE {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t keys_at_a_time = 4;
constexpr std::size_t most_suspects = 16;
constexpr auto same_end = 100ms;  // an entry's end is known to within a round trip

// Entries that were stored one after the other end one after the other.
bool is_same(const cache::tiers::sight& a, const cache::tiers::sight& b) {
    const auto apart = a.expires > b.expires ? a.expires - b.expires : b.expires - a.expires;
    return a.text == b.text && apart <= same_end;
}

const char* name_of(cache::origin tier) {
    return tier == cache::origin::local ? "local" : "shared";
}

}  // namespace

void read_sample::add(const std::string& key, const cache::tiers::loader& load,
                      cache::check is_value) {
    constexpr std::size_t one_in = 4;  // so that some stay for a while
    const auto place = all_.size() < most ? all_.size() : random_() % (most * one_in);
    if (place >= most || std::ranges::find(all_, key, &subject::key) != all_.end()) return;
    if (place == all_.size()) all_.emplace_back();
    all_[place] = {key, load, is_value};
}

std::vector<read_sample::subject> read_sample::some(std::size_t count) {
    std::vector<subject> chosen;
    std::ranges::sample(all_, std::back_inserter(chosen), static_cast<std::ptrdiff_t>(count),
                        random_);
    return chosen;
}

// As docs/reference.md promises it, and a second for who looks.
milliseconds self_check::bound_of(bool is_followed, milliseconds unfollowed) {
    return is_followed ? unfollowed + 3s : 2s;
}

milliseconds self_check::age_of(std::size_t counted, milliseconds bound) {
    static constexpr std::array<milliseconds, admin::self_check_figures::ages.size()> ages{
        0min, 1min, 10min};
    return std::max(bound, ages.at(std::min(counted, ages.size() - 1)));
}

self_check::self_check(const asio::any_io_executor& executor, cache::tiers& cache,
                       std::function<bool()> is_busy, options how)
    : cache_(cache), is_busy_(std::move(is_busy)), options_(how), pause_(executor) {
    cache_.watch_reads([this](const std::string& key, const cache::tiers::loader& by,
                              cache::check is_value) { sample_.add(key, by, is_value); });
}

void self_check::start() { asio::co_spawn(pause_.get_executor(), run(), asio::detached); }

void self_check::stop() {
    stopped_ = true;
    cache_.watch_reads({});
    pause_.cancel();
}

asio::awaitable<void> self_check::run() {
    auto next = std::chrono::steady_clock::now() + options_.every;
    while (!stopped_) {
        auto until = next;
        for (const auto& one : suspects_) until = std::min(until, one.due);
        pause_.expires_at(until);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (stopped_) break;
        co_await look_again();
        if (std::chrono::steady_clock::now() < next) continue;
        co_await compare_some();
        next = std::chrono::steady_clock::now() + options_.every;
    }
}

asio::awaitable<std::optional<std::string>> self_check::load(read_sample::subject one) {
    try {
        auto text = co_await one.load();
        co_return text;
    } catch (const std::exception& e) {
        spdlog::debug("The self-check cannot load {}: {}", one.key, e.what());
    }
    co_return std::nullopt;
}

asio::awaitable<void> self_check::compare_some() {
    auto chosen = sample_.some(keys_at_a_time);
    for (auto& one : chosen) {
        if (stopped_ || is_busy_() || suspects_.size() >= most_suspects) co_return;
        const bool is_suspect = std::ranges::any_of(
            suspects_, [&](const suspect& known) { return known.of.key == one.key; });
        if (!is_suspect) co_await compare(std::move(one));
    }
}

asio::awaitable<void> self_check::compare(read_sample::subject one) {
    const auto seen = co_await cache_.peek(one.key, one.is_value);
    if (!seen) co_return;
    const auto text = co_await load(one);
    if (!text) co_return;
    ++figures_.compared;
    if (*text == seen->text) co_return;
    const auto now = std::chrono::steady_clock::now();
    suspects_.push_back({.of = std::move(one),
                         .seen = *seen,
                         .since = now,
                         .due = now + age_of(0, options_.bound)});
}

// Whoever is in doubt is let go.
asio::awaitable<void> self_check::look_again() {
    const auto now = std::chrono::steady_clock::now();
    std::vector<suspect> left;
    for (auto& one : std::exchange(suspects_, {})) {
        if (one.due > now) {
            left.push_back(std::move(one));
            continue;
        }
        if (stopped_) co_return;
        const bool differs = co_await still_differs(one);
        if (!differs) continue;
        count(one);
        if (one.ages < figures_.inconsistent.size()) left.push_back(std::move(one));
    }
    suspects_ = std::move(left);
}

asio::awaitable<bool> self_check::is_still_there(const suspect& one) {
    const auto now = co_await cache_.peek(one.of.key, one.of.is_value);
    co_return now&& is_same(*now, one.seen);
}

asio::awaitable<bool> self_check::still_differs(const suspect& one) {
    const bool was_there = co_await is_still_there(one);
    if (!was_there) co_return false;
    const auto text = co_await load(one.of);
    const auto again = co_await load(one.of);
    if (!text || text != again || *text == one.seen.text) co_return false;
    const bool is_there = co_await is_still_there(one);
    co_return is_there;
}

void self_check::count(suspect& one) {
    if (one.ages == 0)
        spdlog::error(
            "The {} tier's entry of {} is not what PostgreSQL says, and has not been for {} s, "
            "longer than may be: docs/operations.md says what to do (LarderInconsistentReads)",
            name_of(one.seen.from), one.of.key,
            std::chrono::duration_cast<std::chrono::seconds>(options_.bound).count());
    ++figures_.inconsistent.at(one.ages);
    ++one.ages;
    one.due = one.since + age_of(one.ages, options_.bound);
}

}  // namespace LARDER_NAMESPACE
