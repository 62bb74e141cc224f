// One of a service's workers: a thread with connections, tiers and requests of its own. Private to
// larder.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/figures.hpp"
#include "follow/follower.hpp"
#include "hearing.hpp"
#include "http/server.hpp"
#include "larder/app.hpp"
#include "larder/cache/own_writes.hpp"
#include "larder/cache/tiers.hpp"
#include "larder/pg/pool.hpp"
#include "pg/listener.hpp"
#include "pg/logins.hpp"
#include "routes.hpp"
#include "self_check.hpp"

namespace LARDER_NAMESPACE {

/// How many there are to be.
unsigned workers_of(const app_options& options);

/// What the workers of a process share about its requests.
struct traffic {
    std::atomic<std::size_t> in_flight{0}, begun{0};
    std::function<void()> enough = {};  // of max_requests
};

/// How a worker serves HTTP.
http::server_options server_options_of(const app_options& o, const http::certificates* tls);

/// What an app reads through the cache.
struct cached_families {
    std::vector<std::string> names;
    std::string declared;                                               ///< see tiers_options
    std::map<std::string, cache::family_policy, std::less<>> policies;  ///< of those that have one
    std::set<std::string, std::less<>> by_generation;                   ///< see tiers_options
};

/// One thread with all that it needs: nothing of it is touched by another while it runs.
class worker {
public:
    worker(const app_options& options, const routes& all, const cached_families& families,
           cache::own_writes& own, const std::shared_ptr<pg::logins>& logins, traffic& all_requests,
           std::string_view not_ready);

    void listen(http::acceptor acceptor, http::server_options options);
    /// For the whole process.
    void hear_announcements(const pg::pool_options& source,
                            const std::shared_ptr<pg::logins>& logins, cache::own_writes& own);
    /// Likewise.
    void hear(const heard_channels& channels);
    /// When all workers have started: one that trusts Valkey anew may forget what another loads.
    void begin_to_hear();
    /// Likewise.
    void follow(std::vector<followed> what, const cache::own_writes& own);
    boost::asio::io_context& io() { return io_; }
    /// Ends it in the middle of everything. From any thread.
    void cut_off();
    bool is_cut_off() const { return cut_off_; }
    /// `accepts` is called when it does, or with why it cannot.
    void run(std::function<void(std::exception_ptr)> accepts);
    void stop(std::chrono::milliseconds timeout);
    /// Whether everything that it had begun has ended. Ask when run() has returned.
    bool is_drained() const { return drained_; }
    /// On its own thread.
    admin::worker_figures figures() const;
    /// Likewise; see cache::tiers.
    void tell_of_instance(const std::string& name, std::string text) {
        cache_.tell_of_instance(name, std::move(text));
    }
    /// Likewise. One statement, which is not counted among requests.
    boost::asio::awaitable<admin::source_answer> ask_source();

private:
    boost::asio::awaitable<http::response> answer(const http::request& r);
    boost::asio::awaitable<http::response> answer_in_turn(const http::request& r);
    boost::asio::awaitable<http::response> answer_by_route(http::request r);
    boost::asio::awaitable<void> start();
    boost::asio::awaitable<void> until_followed();
    boost::asio::awaitable<void> finish();

    // Others post to it, but its sockets are its own, so that Asio need not lock them.
    boost::asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    const routes& routes_;
    const app_options& options_;
    traffic& traffic_;
    pg::pool db_;
    cache::tiers cache_;
    std::optional<pg::listener> announcements_;
    std::optional<follow::follower> follower_;
    std::optional<hearing> hearing_;
    const std::string_view not_ready_;
    const std::shared_ptr<pg::logins> logins_;
    std::optional<http::request_counts> counts_;
    std::optional<admin::follower_figures> following_;
    std::chrono::steady_clock::time_point followed_at_;
    std::optional<http::server> server_;
    std::optional<self_check> self_check_;
    boost::asio::steady_timer give_up_;
    std::chrono::steady_clock::time_point release_until_;  // at the end
    bool drained_ = false;
    bool stopping_ = false;
    bool awaits_follower_ = false;
    std::atomic<bool> cut_off_ = false;
};

}  // namespace LARDER_NAMESPACE
