#include "program/reload/handover.hpp"

#include <utility>

namespace LARDER_NAMESPACE::program::reload {

handover::actions handover::changed() {
    if (stopping_) return {};
    if (building_) {
        changed_meanwhile_ = true;
        return {};
    }
    return {{what::build}};
}

handover::actions handover::built(int status, bool made_new) {
    building_.reset();
    if (stopping_) return end_of_stop();
    if (std::exchange(changed_meanwhile_, false)) return {{what::build}};
    if (status != 0) return {{serving_ || coming_ ? what::say_kept : what::say_down}};
    if (!made_new && (serving_ || coming_)) return {};
    actions todo;
    if (coming_) {
        finishing_.insert(*coming_);
        todo.push_back({what::terminate, *std::exchange(coming_, std::nullopt)});
    }
    todo.push_back({what::start});
    return todo;
}

handover::actions handover::ready(pid_t program, clock::time_point now) {
    if (coming_ != program) return {};
    actions todo;
    if (serving_) {
        finishing_.insert(*serving_);
        todo.push_back({what::terminate, *serving_});
    }
    serving_ = std::exchange(coming_, std::nullopt);
    serving_since_ = now;
    has_served_ = true;
    return todo;
}

handover::actions handover::ended(pid_t program, int status, clock::time_point now) {
    finishing_.erase(program);
    const bool came = coming_ == program, served = serving_ == program;
    if (came) coming_.reset();
    if (served) {
        serving_.reset();
        status_ = status;
    }
    if (stopping_) return end_of_stop();
    if (came && !has_served_) return {{what::exit, 0, status}};
    if (came) return {{serving_ ? what::say_kept : what::say_down}};
    if (!served || coming_) return {};
    return {{now - serving_since_ < too_soon ? what::say_down : what::start}};
}

handover::actions handover::stop() {
    for (const auto& one : {serving_, coming_})
        if (one) finishing_.insert(*one);
    stopping_ = true;
    actions todo;
    for (const auto one : finishing_) todo.push_back({what::terminate, one});
    if (building_) todo.push_back({what::terminate, *building_});
    return todo.empty() ? end_of_stop() : todo;
}

handover::actions handover::end_of_stop() const {
    if (!finishing_.empty() || building_) return {};
    return {{what::exit, 0, status_}};
}

}  // namespace LARDER_NAMESPACE::program::reload
