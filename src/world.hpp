// What the engine of a worker takes from outside: the time, chance, and being resumed. Private to
// larder.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "larder/trace.hpp"
#include "task.hpp"

namespace larder {

using time_point = std::chrono::steady_clock::time_point;
/// What somebody waits for; each is used once. 0: none.
using wait_id = std::uint64_t;

/// The clock and the event loop of one worker. The service has one over Asio (asio_world.hpp), the
/// simulation one in virtual time.
class world {
public:
    virtual time_point now() const = 0;
    /// Calls waits::resume(id) at that time, or a little later.
    virtual void at(time_point when, wait_id id) = 0;
    /// Calls it soon, and not from within this call.
    virtual void soon(wait_id id) = 0;
    virtual std::uint64_t random() = 0;

protected:
    ~world() = default;
};

/// Who waits, and for what.
///
/// Threads  one worker's.
class waits {
public:
    explicit waits(world& w) : world_(w) {}
    waits(const waits&) = delete;
    waits& operator=(const waits&) = delete;

    /// A coroutine that dies while it waits does not wait any more.
    class awaiter {
    public:
        awaiter(waits& of, wait_id id) : of_(of), id_(id) {}
        awaiter(const awaiter&) = delete;
        awaiter& operator=(const awaiter&) = delete;
        ~awaiter() {
            if (waits_) of_.waiting_.erase(id_);
        }
        bool await_ready() const { return false; }
        void await_suspend(std::coroutine_handle<> who) {
            of_.waiting_.emplace(id_, who);
            waits_ = true;
            trace_ = of_.trace_;
        }
        void await_resume() {
            waits_ = false;
            of_.trace_ = trace_;
        }

    private:
        waits& of_;
        const wait_id id_;
        bool waits_ = false;
        trace::context trace_;
    };

    world& outside() const { return world_; }
    time_point now() const { return world_.now(); }
    wait_id make() { return ++last_; }
    /// Until resume(id), whoever calls it.
    awaiter until(wait_id id) { return {*this, id}; }
    /// The same, and not beyond that time.
    awaiter until(wait_id id, time_point when) {
        world_.at(when, id);
        return {*this, id};
    }
    awaiter sleep(std::chrono::milliseconds duration) {
        return until(make(), world_.now() + duration);
    }
    /// Ends the wait soon; nothing if nobody waits.
    void end(wait_id id) {
        if (id != 0) world_.soon(id);
    }
    /// Runs whoever waits for it until they wait again; nothing if nobody does any more.
    void resume(wait_id id) {
        const auto found = waiting_.find(id);
        if (found == waiting_.end()) return;
        const auto who = found->second;
        waiting_.erase(found);
        const auto before = trace_;
        who.resume();
        trace_ = before;
    }
    /// The span of the request for which the coroutine that runs now does something. It has it
    /// after each wait, and so have those that it starts.
    const trace::context& trace() const { return trace_; }
    /// Starts one for a request.
    void start(nursery& home, task<void> work, const trace::context& within) {
        const auto before = std::exchange(trace_, within);
        home.start(std::move(work));
        trace_ = before;
    }

private:
    world& world_;
    wait_id last_ = 0;
    trace::context trace_;
    std::unordered_map<wait_id, std::coroutine_handle<>> waiting_;
};

/// A wait that may be ended early, again and again.
class pause {
public:
    explicit pause(waits& of) : of_(of) {}

    waits::awaiter until(time_point when) {
        id_ = of_.make();
        return of_.until(id_, when);
    }
    waits::awaiter operator()(std::chrono::milliseconds duration) {
        return until(of_.now() + duration);
    }
    void end() { of_.end(std::exchange(id_, 0)); }

private:
    waits& of_;
    wait_id id_ = 0;
};

}  // namespace larder
