// A world whose time a test moves.
#pragma once

#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "world.hpp"

namespace larder::test {

class scripted_world final : public world {
public:
    time_point now() const override { return now_; }
    void at(time_point when, wait_id id) override { due_.emplace(when, id); }
    void soon(wait_id id) override { due_.emplace(now_, id); }
    std::uint64_t random() override { return 4; }

    /// Resumes what is due meanwhile, in order.
    void pass(std::chrono::milliseconds time) {
        const auto until = now_ + time;
        while (!due_.empty() && due_.begin()->first <= until) {
            const auto [when, id] = *due_.begin();
            due_.erase(due_.begin());
            now_ = std::max(now_, when);
            waiting.resume(id);
        }
        now_ = until;
    }

    waits waiting{*this};

private:
    time_point now_{std::chrono::hours{1}};
    std::multiset<std::pair<time_point, wait_id>> due_;
};

}  // namespace larder::test
