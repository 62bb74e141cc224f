#include "budget.hpp"

#include <algorithm>

namespace LARDER_NAMESPACE::pg {

std::size_t budget::most() const {
    const bool is_limited = std::chrono::steady_clock::now() < let_in_until_;
    return is_limited ? std::min(most_, let_in_) : most_;
}

std::size_t budget::part() const {
    return std::max<std::size_t>(1, most() / std::max<std::size_t>(1, all_.size()));
}

void budget::join(const std::shared_ptr<spender>& who) {
    const std::lock_guard lock{mutex_};
    std::erase_if(all_, [](const auto& one) { return one.expired(); });
    all_.push_back(who);
}

// Who has none is served before who has had one. Nobody overtakes who waits.
std::shared_ptr<void> budget::take(const std::shared_ptr<spender>& who, std::size_t has) {
    const std::lock_guard lock{mutex_};
    std::erase_if(wanting_, [](const want& one) { return one.who.expired(); });
    const bool is_first = wanting_.empty() || wanting_.front().who.lock() == who;
    if (open_ < most() && is_first) {
        if (!wanting_.empty()) wanting_.pop_front();
        ++open_;
        return {this, [self = shared_from_this()](void*) { self->give_back(); }};
    }
    const bool waits =
        std::ranges::any_of(wanting_, [&](const want& one) { return one.who.lock() == who; });
    if (waits || has >= part()) return nullptr;
    wanting_.push_back({who, has});
    for (const auto& one : all_)
        if (const auto other = one.lock(); other && other != who) other->is_asked_for_one();
    return nullptr;
}

void budget::withdraw(const spender* who) {
    const std::lock_guard lock{mutex_};
    std::erase_if(wanting_, [&](const want& one) { return one.who.lock().get() == who; });
    tell_the_first();
}

void budget::give_back() {
    const std::lock_guard lock{mutex_};
    --open_;
    tell_the_first();
}

void budget::tell_the_first() {
    while (open_ < most() && !wanting_.empty()) {
        if (const auto who = wanting_.front().who.lock()) return who->may_open();
        wanting_.pop_front();
    }
}

bool budget::is_wanted(std::size_t has) const {
    const std::lock_guard lock{mutex_};
    return open_ >= most() && !wanting_.empty() && (has > part() || wanting_.front().has == 0);
}

bool budget::has_none_beyond() {
    const std::lock_guard lock{mutex_};
    let_in_ = std::max<std::size_t>(1, open_);
    let_in_until_ = std::chrono::steady_clock::now() + std::chrono::minutes{1};
    return open_ == 0;
}

}  // namespace LARDER_NAMESPACE::pg
