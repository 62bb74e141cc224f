// The engine's world over Asio: a worker's clock and event loop. Private to larder.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "task.hpp"
#include "world.hpp"

namespace larder {

/// Calls `resume` from the executor's thread, as the engine asked. What it was asked for dies with
/// it.
class asio_world final : public world, public std::enable_shared_from_this<asio_world> {
public:
    explicit asio_world(boost::asio::any_io_executor executor)
        : executor_(std::move(executor)), timer_(executor_) {}

    /// Before anything else.
    void run(std::function<void(wait_id)> resume) { resume_ = std::move(resume); }
    /// No time comes any more, so that the executor has nothing to wait for; what is due soon does.
    void stop_the_clock() {
        is_stopped_ = true;
        waiting_.clear();
        timer_.cancel();
    }
    /// Nothing is resumed any more.
    void end() {
        resume_ = nullptr;
        stop_the_clock();
    }
    const boost::asio::any_io_executor& executor() const { return executor_; }
    void resume(wait_id id) {
        if (resume_) resume_(id);
    }

    time_point now() const override { return std::chrono::steady_clock::now(); }
    void at(time_point when, wait_id id) override {
        if (is_stopped_) return;
        const auto mine = waiting_.emplace(when, id).first;
        if (mine == waiting_.begin()) start_timer();
    }
    void soon(wait_id id) override {
        boost::asio::post(executor_, [self = shared_from_this(), id] { self->resume(id); });
    }
    std::uint64_t random() override { return random_(); }

private:
    void start_timer() {
        timer_.expires_at(waiting_.begin()->first);
        timer_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
            if (const auto self = weak.lock(); self && !ec) self->ring();
        });
    }
    void ring() {
        const auto until = now();
        while (!waiting_.empty() && waiting_.begin()->first <= until) {
            const auto id = waiting_.begin()->second;
            waiting_.erase(waiting_.begin());
            resume(id);
        }
        if (!waiting_.empty()) start_timer();
    }

    const boost::asio::any_io_executor executor_;
    boost::asio::steady_timer timer_;  // for the first
    std::set<std::pair<time_point, wait_id>> waiting_;
    std::function<void(wait_id)> resume_;
    bool is_stopped_ = false;
    std::mt19937_64 random_{std::random_device{}()};
};

/// Runs a coroutine of Asio's for one of the engine's. What it throws is thrown there. Nothing if
/// it has not ended by then: it goes on, and what comes of it is lost.
template <class T>
task<std::optional<T>> as_task(asio_world& outside, waits& of, boost::asio::awaitable<T> work,
                               std::optional<time_point> until) {
    struct ended {
        std::optional<T> value;
        std::exception_ptr failed;
        bool done = false;
    };
    const auto state = std::make_shared<ended>();
    const auto id = of.make();
    boost::asio::co_spawn(
        outside.executor(), std::move(work),
        [state, id, loop = outside.weak_from_this()](std::exception_ptr failed, T value) {
            state->failed = std::move(failed);
            if (!state->failed) state->value.emplace(std::move(value));
            state->done = true;
            if (const auto there = loop.lock()) there->resume(id);
        });
    if (!state->done && until) co_await of.until(id, *until);
    else if (!state->done) co_await of.until(id);
    if (state->failed) std::rethrow_exception(state->failed);
    co_return std::move(state->value);
}

template <class T>
task<T> as_task(asio_world& outside, waits& of, boost::asio::awaitable<T> work) {
    auto value = co_await as_task(outside, of, std::move(work), std::nullopt);
    co_return std::move(*value);
}

namespace detail {

template <class T>
struct crossing {
    std::optional<T> value;
    std::exception_ptr failed;
    bool done = false;
    boost::asio::any_completion_handler<void()> waiter;
};

template <class T>
task<void> cross(task<T> work, std::shared_ptr<crossing<T>> to) {
    try {
        to->value.emplace(co_await work);
    } catch (...) {
        to->failed = std::current_exception();
    }
    to->done = true;
    if (auto who = std::exchange(to->waiter, nullptr)) std::move(who)();
}

inline task<bool> and_true(task<void> work) {
    co_await work;
    co_return true;
}

}  // namespace detail

/// Runs a coroutine of the engine's for one of Asio's, which may go away before it ends. `within`:
/// the span that it is a part of; then `of` is the engine's.
template <class T>
boost::asio::awaitable<T> as_awaitable(nursery& home, task<T> work, waits* of = nullptr,
                                       trace::context within = {}) {
    const auto state = std::make_shared<detail::crossing<T>>();
    auto crossing = detail::cross(std::move(work), state);
    if (of) of->start(home, std::move(crossing), within);
    else home.start(std::move(crossing));
    auto wait = [&state](auto handler) { state->waiter = std::move(handler); };
    if (!state->done)
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
            std::move(wait), boost::asio::use_awaitable);
    if (state->failed) std::rethrow_exception(state->failed);
    co_return std::move(*state->value);
}

inline boost::asio::awaitable<void> as_awaitable(nursery& home, task<void> work,
                                                 waits* of = nullptr, trace::context within = {}) {
    co_await as_awaitable(home, detail::and_true(std::move(work)), of, within);
}

}  // namespace larder
