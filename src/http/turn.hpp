// What came to a worker's connections in one turn of its event loop. Private to http.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::http {

/// Has handlers wait until whatever came in this turn has been received, and runs them one after
/// the other then. So one look at the world after that is as good for each of them as its own.
///
/// Threads  the event loop's.
/// Cost     one more event a turn. Nothing is allocated once there has been room for so many.
class turn {
public:
    /// Runs what it is given; more than that happens before and after, for all handlers of a turn.
    using around = std::function<void(const std::function<void()>& all)>;

    turn(boost::asio::io_context& io, around all) : io_(io), around_(std::move(all)) {}
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    /// For the handlers of what is received.
    class executor {
    public:
        explicit executor(turn& of) : of_(&of) {}
        template <std::invocable Work>
        void execute(Work&& work) const {
            of_->add(std::forward<Work>(work));
        }
        bool operator==(const executor&) const = default;

    private:
        turn* of_;
    };

    /// Runs those that wait; nothing from within one of them.
    void run() {
        if (waiting_.empty() || !running_.empty()) return;
        const struct ending {
            ~ending() { all.clear(); }
            std::vector<job>& all;
        } at_the_end{running_};
        std::swap(waiting_, running_);
        around_(run_all_);
    }

private:
    // A handler, where it is: each has room for what Asio makes of a coroutine that waits. That
    // says not that it can be moved without a throw, and can.
    class job {
    public:
        template <class Work>
        explicit job(Work work) : does_(&does<Work>) {
            static_assert(sizeof(Work) <= sizeof room_);
            new (room_) Work(std::move(work));
        }
        job(job&& from) noexcept : does_(std::exchange(from.does_, nullptr)) {
            if (does_) does_(from.room_, room_);
        }
        job& operator=(job&&) = delete;
        ~job() {
            if (does_) does_(room_, nullptr);
        }
        void run() { std::exchange(does_, nullptr)(room_, room_); }

    private:
        // Moves it elsewhere; ends it, if there is nowhere; runs it, if that is where it is.
        template <class Work>
        static void does(std::byte* from, std::byte* to) {
            auto& there = *std::launder(reinterpret_cast<Work*>(from));
            if (to == from) {
                auto work = std::move(there);
                std::destroy_at(&there);
                return std::move(work)();
            }
            if (to) new (to) Work(std::move(there));
            std::destroy_at(&there);
        }

        void (*does_)(std::byte* from, std::byte* to);
        alignas(std::max_align_t) std::byte room_[144];
    };

    template <class Work>
    void add(Work work) {
        waiting_.emplace_back(std::move(work));
        if (std::exchange(is_posted_, true)) return;
        boost::asio::post(io_, [this] {
            is_posted_ = false;
            run();
        });
    }

    boost::asio::io_context& io_;
    const around around_;
    const std::function<void()> run_all_ = [this] {
        for (auto& one : running_) one.run();
    };
    std::vector<job> waiting_, running_;
    bool is_posted_ = false;
};

}  // namespace LARDER_NAMESPACE::http
