#include "listener.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <utility>

#include "connection.hpp"
#include "logins.hpp"

namespace larder::pg {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto again_after = std::chrono::milliseconds{200};

// Nobody asks this connection anything, so it has to find out by itself that it is dead.
pool_options kept_alive(pool_options options) {
    options = with_defaults(std::move(options));
    for (const auto& [keyword, value] : {std::pair{"keepalives_idle", "2"},
                                         {"keepalives_interval", "1"},
                                         {"keepalives_count", "3"}})
        if (options.server.get(keyword).empty()) options.server.set(keyword, value);
    return options;
}

}  // namespace

listener::listener(const asio::any_io_executor& executor, pool_options options,
                   std::shared_ptr<logins> shared, events then)
    : options_(kept_alive(std::move(options))),
      logins_(std::move(shared)),
      events_(std::move(then)),
      pause_(executor),
      started_(executor, clock::time_point::max()) {}

listener::~listener() = default;

asio::awaitable<void> listener::start() {
    asio::co_spawn(pause_.get_executor(), run(), asio::detached);
    co_await started_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void listener::stop() {
    stopped_ = true;
    pause_.cancel();
    started_.expires_at(clock::time_point::min());  // also for who waits only later
    if (connection_) connection_->interrupt();
}

asio::awaitable<void> listener::run() {
    while (!stopped_) {
        try {
            if (!logins_->has_to_wait()) co_await listen();
        } catch (const error& e) {
            const bool refused = e.kind() == failure::rejected;
            if (refused && !std::exchange(said_why_, true))
                spdlog::warn(
                    "PostgreSQL lets nobody LISTEN here ({}): writes of an instance that is cut "
                    "off from Valkey are seen late by the others",
                    e.what());
        } catch (const std::exception& e) {
            if (!std::exchange(said_why_, true)) spdlog::error("Cannot LISTEN: {}", e.what());
        }
        connection_.reset();
        started_.expires_at(clock::time_point::min());
        if (stopped_) break;
        pause_.expires_after(again_after);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

asio::awaitable<void> listener::listen() {
    static constexpr statement begin{"LISTEN larder"};
    connection_ = std::make_unique<connection>(pause_.get_executor(), options_);
    co_await connection_->connect();
    logins_->was_accepted();
    const parameters none;
    co_await connection_->execute(begin, none);
    started_.expires_at(clock::time_point::min());
    auto say_at = clock::now();
    while (!stopped_) {
        for (const auto& one : connection_->notifications()) events_.heard(one);
        if (const auto now = clock::now(); now >= say_at) {
            say_at = now + events_.say_every;
            co_await say();
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(say_at - clock::now());
        co_await connection_->listen(left);
    }
}

asio::awaitable<void> listener::say() {
    static constexpr statement tell{"SELECT pg_notify($1, $2)"};
    for (auto& one : events_.say()) {
        parameters what(1, std::string{notification_channel});
        what.emplace_back(std::move(one));
        co_await connection_->execute(tell, what);
    }
}

}  // namespace larder::pg
