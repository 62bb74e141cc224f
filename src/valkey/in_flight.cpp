#include "in_flight.hpp"

#include <algorithm>
#include <utility>

namespace LARDER_NAMESPACE::valkey {

using namespace std::chrono_literals;

in_flight::in_flight(waits& w, std::chrono::milliseconds deadline,
                     std::chrono::milliseconds patient, owner& tells)
    : waits_(w), deadline_(deadline), patient_(patient), owner_(tells), watch_(w) {}

void in_flight::add(const exchange_ptr& one, nursery& home) {
    const bool waits = one->how == urgency::request;
    one->sent = waits_.now();
    one->deadline = one->sent + (waits ? deadline_ : patient_);
    (waits ? requests_ : background_).push_back(one);
    if (!std::exchange(watching_, true)) home.start(watch());
    else if (one->deadline < watching_until_) watch_.end();
}

void in_flight::finish(exchange& one) const {
    if (std::exchange(one.finished, true)) return;
    waits_.resume(one.waiter);
}

time_point in_flight::next_deadline() const {
    auto next = time_point::max();
    if (!requests_.empty()) next = requests_.front()->deadline;
    if (!background_.empty()) next = std::min(next, background_.front()->deadline);
    return next;
}

// For as long as anything is in flight.
task<void> in_flight::watch() {
    for (auto next = next_deadline(); next != time_point::max(); next = next_deadline()) {
        watching_until_ = std::max(next, waits_.now() + 1ms);
        co_await watch_.until(watching_until_);
        // Where an answer waits to be read it is this worker that is late, and Valkey is not
        // silent.
        const auto late = owner_.has_unread() ? deadline_ : 0ms;
        drop(requests_, waits_.now() - late);
        drop(background_, waits_.now() - late);
    }
    watching_ = false;
}

void in_flight::drop(exchanges& from, time_point now) {
    while (!from.empty() && (from.front()->finished || from.front()->deadline <= now)) {
        const auto one = std::move(from.front());
        from.pop_front();
        if (one->finished) continue;
        if (one->how == urgency::request) owner_.missed();
        else owner_.unanswered();
        finish(*one);
    }
}

void in_flight::give_up_requests() {
    for (auto& one : std::exchange(requests_, {})) finish(*one);
}

void in_flight::give_up_all() {
    give_up_requests();
    for (auto& one : std::exchange(background_, {})) finish(*one);
}

std::size_t in_flight::size() const {
    const auto waits = [](const auto& one) { return !one->finished; };
    return static_cast<std::size_t>(std::count_if(requests_.begin(), requests_.end(), waits) +
                                    std::count_if(background_.begin(), background_.end(), waits));
}

}  // namespace LARDER_NAMESPACE::valkey
