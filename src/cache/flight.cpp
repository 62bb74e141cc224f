#include "flight.hpp"

#include "rules.hpp"

namespace LARDER_NAMESPACE::cache {

flight::step flight::lease_answered(lease_answer a, time_point now) {
    switch (a) {
        case lease_answer::value: return step::land;
        case lease_answer::granted: may_fill_ = true; return step::load;
        case lease_answer::busy: return now < give_up_ ? step::wait : step::load;
        case lease_answer::held:
        case lease_answer::none: break;
    }
    return step::load;
}

departures::boarding departures::board(std::string_view key) {
    if (!in_force.one_flight_a_key) return {++last_, true, true};
    const auto found = in_the_air_.find(key);
    if (found == in_the_air_.end()) {
        in_the_air_.emplace(key, gate{.in_the_air = ++last_});
        return {last_, true, true};
    }
    auto& waiting = found->second;
    if (!in_force.never_join_in_the_air) return {waiting.in_the_air, false, false};
    const bool first = waiting.next == 0;
    if (first) waiting.next = ++last_;
    return {waiting.next, first, false};
}

std::optional<departures::flight_number> departures::landed(std::string_view key) {
    if (!in_force.one_flight_a_key) return std::nullopt;
    const auto found = in_the_air_.find(key);
    const auto next = found->second.next;
    if (next == 0) {
        in_the_air_.erase(found);
        return std::nullopt;
    }
    found->second = {.in_the_air = next};
    return next;
}

}  // namespace LARDER_NAMESPACE::cache
