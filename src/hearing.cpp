#include "hearing.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>
#include <vector>

#include "larder/pg/error.hpp"

namespace LARDER_NAMESPACE {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto again_after = std::chrono::seconds{1};

std::vector<std::string> names_of(const heard_channels& all) {
    std::vector<std::string> names;
    for (const auto& [name, then] : all) names.push_back(name);
    return names;
}

}  // namespace

hearing::hearing(const asio::any_io_executor& executor, pg::pool_options source,
                 std::shared_ptr<pg::logins> shared, const heard_channels& channels, pg::pool& db,
                 cache::tiers& cache)
    : channels_(channels),
      db_(db),
      cache_(cache),
      from_(executor, std::move(source), names_of(channels), std::move(shared)),
      pause_(executor),
      ended_(executor, clock::time_point::max()) {}

void hearing::start() {
    runs_ = true;
    asio::co_spawn(pause_.get_executor(), run(), asio::detached);
}

asio::awaitable<void> hearing::stop() {
    stopped_ = true;
    from_.stop();
    pause_.cancel();
    if (runs_) co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> hearing::run() {
    while (!stopped_) {
        auto one = co_await next();
        if (one) co_await tell(std::move(*one));
    }
    runs_ = false;
    ended_.cancel();
}

asio::awaitable<std::optional<pg::notification>> hearing::next() {
    try {
        auto one = co_await from_.next();
        said_why_ = false;
        co_return one;
    } catch (const pg::error& e) {
        if (!std::exchange(said_why_, true))
            spdlog::warn(
                "Notifications are not heard: {}; PG_FOLLOW_URI may name an address of the "
                "server without a pooler",
                e.detail());
    }
    if (!stopped_) {
        pause_.expires_after(again_after);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return std::nullopt;
}

asio::awaitable<void> hearing::tell(pg::notification one) {
    const auto channel = one.channel;
    try {
        pg::session session{db_};
        services at{session, cache_};
        co_await channels_.at(channel)(at, std::move(one));
    } catch (const pg::error& e) {
        tell_failure(channel, e.detail());
    } catch (const std::exception& e) {
        tell_failure(channel, e.what());
    }
}

// Anybody may notify, as often as he likes.
void hearing::tell_failure(const std::string& channel, const std::string& why) {
    const auto now = clock::now();
    if (now < tells_again_) return;
    tells_again_ = now + std::chrono::seconds{1};
    spdlog::error("What is done for the channel {} failed, and is not tried again: {}", channel,
                  why);
}

}  // namespace LARDER_NAMESPACE
