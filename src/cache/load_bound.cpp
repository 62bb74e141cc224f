#include "load_bound.hpp"

#include <utility>

namespace LARDER_NAMESPACE::cache {

load_bound::place::place(std::shared_ptr<load_bound> in, std::function<void()> called)
    : in_(std::move(in)), called_(std::move(called)) {
    const std::lock_guard lock{in_->mutex_};
    has_turn_ = in_->loading_ < in_->most_;
    if (has_turn_) ++in_->loading_;
    else in_->waiting_.push_back(this);
}

load_bound::place::~place() {
    const std::lock_guard lock{in_->mutex_};
    auto& waiting = in_->waiting_;
    if (!has_turn_) {
        std::erase(waiting, this);
    } else if (waiting.empty()) {
        --in_->loading_;
    } else {
        auto& next = *waiting.front();
        waiting.pop_front();
        next.has_turn_ = true;
        next.called_();
    }
}

bool load_bound::place::has_turn() const {
    const std::lock_guard lock{in_->mutex_};
    return has_turn_;
}

}  // namespace LARDER_NAMESPACE::cache
