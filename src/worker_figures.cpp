// What a worker tells of itself, for health and metrics.

#include <chrono>

#include "worker.hpp"

namespace LARDER_NAMESPACE {

namespace asio = boost::asio;

using namespace std::chrono_literals;

// While the follower is behind it says nothing, and is later with each moment.
admin::worker_figures worker::figures() const {
    constexpr std::size_t most_keys = 32;
    admin::worker_figures all{.cache = cache_.stats(),
                              .keys = cache_.hottest(most_keys),
                              .pool = db_.stats(),
                              .follower = following_};
    if (self_check_) all.self_check = self_check_->figures();
    if (announcements_) all.hears_source = announcements_->hears();
    if (counts_) all.requests = counts_->figures();
    if (server_) all.connections = server_->connections();
    if (server_) all.in_flight = server_->in_flight();
    constexpr auto says_again_within = 1s;
    const auto silent_for = std::chrono::steady_clock::now() - followed_at_;
    if (all.follower && all.follower->is_following && silent_for > says_again_within)
        all.follower->late += std::chrono::duration_cast<std::chrono::milliseconds>(silent_for);
    return all;
}

// Where all connections are in use, PostgreSQL is at work; a login would have told otherwise.
asio::awaitable<admin::source_answer> worker::ask_source() {
    static constexpr pg::statement ask{"SELECT 1", true};
    admin::source_answer said;
    const pg::parameters none;
    try {
        co_await db_.run(ask, none);
        said.is_reachable = true;
    } catch (const pg::error& e) {
        const bool heard_nothing = e.kind() == pg::failure::unavailable && e.sqlstate().empty();
        said.is_busy = heard_nothing && !logins_->is_refused();
        said.is_reachable = said.is_busy;
        said.why_not = e.what();
    }
    co_return said;
}

}  // namespace LARDER_NAMESPACE
