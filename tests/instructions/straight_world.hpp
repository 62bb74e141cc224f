// An engine's outside in which nothing goes wrong and nothing takes time: a model of Valkey that
// answers at once.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "simulation/model_valkey.hpp"
#include "valkey/link.hpp"
#include "world.hpp"

namespace larder::instructions {

/// Two calls with the same state execute the same instructions.
class straight_world final : public world, public valkey::network {
public:
    time_point now() const override { return simulation::time_of(now_); }
    void at(time_point when, wait_id id) override { due_.emplace(simulation::msec_of(when), id); }
    void soon(wait_id id) override { due_.emplace(now_, id); }
    std::uint64_t random() override { return 4; }

    task<addresses> find() override {
        addresses one;
        one.all.emplace_back("the model");
        co_return one;
    }
    std::shared_ptr<valkey::link> open(const std::string&, valkey::link_events& events,
                                       std::string&) override {
        events_ = &events;
        return std::make_shared<straight_link>(*this);
    }
    void cancel() override {}

    /// Whatever is to happen by now, until nothing is.
    void settle(waits& waiting) {
        while (true) {
            if (!asked_.empty()) {
                answer();
            } else if (!due_.empty() && due_.begin()->first <= now_) {
                const auto id = due_.begin()->second;
                due_.erase(due_.begin());
                waiting.resume(id);
            } else {
                return;
            }
        }
    }
    void pass(waits& waiting, simulation::msec time) {
        for (const auto until = now_ + time; now_ < until; ++now_) settle(waiting);
        settle(waiting);
    }

private:
    class straight_link final : public valkey::link {
    public:
        explicit straight_link(straight_world& of) : of_(of) {}
        void send(const valkey::exchange_ptr& what) override { of_.asked_.push_back(what); }
        bool has_unread() const override { return false; }
        void close() override { of_.events_ = nullptr; }

    private:
        straight_world& of_;
    };

    void answer() {
        const auto one = std::move(asked_.front());
        asked_.pop_front();
        one->replies.clear();
        for (const auto& command : one->commands)
            one->replies.push_back(server_.execute(1, command, now_));
        for (const auto& push : std::exchange(server_.pushes, {})) {
            if (!events_) return;
            if (push.key) events_->changed(*push.key);
            else events_->all_changed();
        }
        if (events_) events_->replied(one);
    }

    simulation::model_valkey server_{"a"};
    simulation::msec now_ = 0;
    std::multimap<simulation::msec, wait_id> due_;
    std::deque<valkey::exchange_ptr> asked_;
    valkey::link_events* events_ = nullptr;
};

}  // namespace larder::instructions
