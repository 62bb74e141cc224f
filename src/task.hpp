// Coroutines without an event loop: whoever has what they wait for resumes them. Private to larder.
#pragma once

#include <coroutine>
#include <exception>
#include <list>
#include <optional>
#include <utility>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

namespace detail {

template <class T>
struct result_of_task {
    std::optional<T> value;

    void return_value(T v) { value = std::move(v); }
    T take() { return std::move(*value); }
};
template <>
struct result_of_task<void> {
    void return_void() {}
    void take() {}
};

}  // namespace detail

/// Starts when it is awaited, and dies with who awaits it. Throws what it threw.
///
/// Cost     one frame. No queue, no lock: it runs where it is resumed.
template <class T>
class [[nodiscard]] task {
public:
    struct promise_type;
    using handle = std::coroutine_handle<promise_type>;

    struct promise_type : detail::result_of_task<T> {
        struct last {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(handle ended) noexcept {
                return ended.promise().next;
            }
            void await_resume() noexcept {}
        };
        std::coroutine_handle<> next;
        std::exception_ptr failed;

        task get_return_object() { return task{handle::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        last final_suspend() noexcept { return {}; }
        void unhandled_exception() { failed = std::current_exception(); }
    };

    task(task&& from) noexcept : handle_(std::exchange(from.handle_, nullptr)) {}
    task(const task&) = delete;
    task& operator=(const task&) = delete;
    task& operator=(task&&) = delete;
    ~task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> next) {
        handle_.promise().next = next;
        return handle_;
    }
    T await_resume() {
        if (handle_.promise().failed) std::rethrow_exception(handle_.promise().failed);
        return handle_.promise().take();
    }

private:
    explicit task(handle h) : handle_(h) {}
    handle handle_;
};

/// Coroutines that nobody awaits. Its end is theirs, wherever they are. They must not throw.
class nursery {
public:
    nursery() = default;
    nursery(const nursery&) = delete;
    nursery& operator=(const nursery&) = delete;
    ~nursery() { kill_all(); }

    /// Runs until it waits for something.
    void start(task<void> work) { run(*this, std::move(work)); }
    void kill_all() {
        while (!running_.empty()) running_.front().destroy();
    }
    std::size_t size() const { return running_.size(); }

private:
    struct detached {
        struct promise_type {
            promise_type(nursery& n, task<void>&) : home(n) {
                home.running_.push_front(std::coroutine_handle<promise_type>::from_promise(*this));
                place = home.running_.begin();
            }
            promise_type(const promise_type&) = delete;
            promise_type& operator=(const promise_type&) = delete;
            ~promise_type() { home.running_.erase(place); }

            detached get_return_object() { return {}; }
            std::suspend_never initial_suspend() noexcept { return {}; }
            std::suspend_never final_suspend() noexcept { return {}; }
            void return_void() {}
            void unhandled_exception() { std::terminate(); }

            nursery& home;
            std::list<std::coroutine_handle<>>::iterator place;
        };
    };
    static detached run(nursery&, task<void> work) { co_await work; }

    std::list<std::coroutine_handle<>> running_;
};

}  // namespace LARDER_NAMESPACE
