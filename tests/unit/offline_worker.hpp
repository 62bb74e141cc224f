// A worker that reaches neither PostgreSQL nor Valkey.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "larder/handler.hpp"
#include "larder/services.hpp"

namespace larder::test {

/// Runs a statement and drops its result.
inline awaitable<void> execute(pg::session& by, pg::statement sql) {
    const auto rows = co_await by.execute(sql);
}

/// A worker's services. Its Valkey was never started, so the cache fails at once; its pool may open
/// no connection, so a statement waits in vain for one, for a moment. No call does any I/O.
class offline_worker {
public:
    offline_worker() = default;
    ~offline_worker() {
        cache_.stop();
        run_what_is_ready();
    }
    offline_worker(const offline_worker&) = delete;
    offline_worker& operator=(const offline_worker&) = delete;

    /// The handler's reply, or what it throws.
    template <class Handler>
    reply_of<Handler> call(const Handler& h, input_of<Handler> in) {
        std::optional<reply_of<Handler>> reply;
        run(keep(h(next_request(), std::move(in)), reply));
        return *reply;
    }

    /// Runs what needs nobody's answer, but may wait for a connection in vain; throws what it
    /// throws.
    void run(awaitable<void> work) {
        bool finished = false;
        std::exception_ptr failed;
        boost::asio::co_spawn(io_, std::move(work), [&](std::exception_ptr e) {
            finished = true;
            failed = std::move(e);
        });
        const auto until = std::chrono::steady_clock::now() + 100 * acquire_timeout;
        do run_what_is_ready();
        while (!finished && std::chrono::steady_clock::now() < until);
        if (failed) std::rethrow_exception(failed);
        if (!finished) throw std::logic_error("this waits for an answer");
    }

    /// The services of one more request.
    services& next_request() {
        requests_.emplace_back(db_, cache_);
        return requests_.back().at;
    }

    /// The keys whose invalidation could not be told to Valkey, so all that were invalidated.
    std::vector<std::string> invalidated() const {
        std::vector<std::string> keys;
        for (const auto& one : own_.some(100)) keys.push_back(one.key);
        return keys;
    }

private:
    struct request {
        request(pg::pool& pool, cache::tiers& cache) : session(pool), at{session, cache} {}
        pg::session session;
        services at;
    };

    template <class Reply>
    static awaitable<void> keep(awaitable<Reply> from, std::optional<Reply>& to) {
        to = co_await std::move(from);
    }
    void run_what_is_ready() {
        io_.restart();
        io_.poll();
    }

    static constexpr std::chrono::milliseconds acquire_timeout{20};

    boost::asio::io_context io_{1};
    pg::pool db_{io_.get_executor(), {.max_connections = 0, .acquire_timeout = acquire_timeout}};
    cache::own_writes own_;
    cache::tiers cache_{io_.get_executor(), {}, own_, {}};
    std::list<request> requests_;
};

/// Sends a statement, as far as the session knows, and does not wait for its answer.
inline awaitable<void> send(services& at, pg::statement sql) {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::co_spawn(executor, execute(at.db, sql), boost::asio::detached);
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
}

}  // namespace larder::test
