#include "simulation/model_log.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "simulation/world.hpp"

namespace larder::simulation {

using std::chrono::milliseconds;

// ---- The server.

std::uint32_t model_log::commit(const std::vector<std::size_t>& keys, bool is_pending) {
    log_.push_back({++last_, keys, world_.now()});
    if (is_pending) pending_.push_back(last_);
    if (!is_pending || !world_.plan().by_triggers) send_to_all(log_.back());
    return last_;
}

void model_log::send_to_all(const record& what) {
    for (auto& [name, to] : slots_)
        if (!is_over(to)) send(to, what);
}

void model_log::seen(std::uint32_t transaction) {
    std::erase(pending_, transaction);
    if (!world_.plan().by_triggers) return;
    const auto is_it = [&](const record& one) { return one.transaction == transaction; };
    send_to_all(*std::find_if(log_.begin(), log_.end(), is_it));
}

msec model_log::committed(const std::string& transaction) const {
    const auto is_it = [&](auto& one) { return std::to_string(one.transaction) == transaction; };
    return std::find_if(log_.rbegin(), log_.rend(), is_it)->when;
}

follow::position model_log::written() const {
    return world_.plan().by_triggers ? static_cast<follow::position>(world_.now()) : log_.size();
}

follow::snapshot model_log::snapshot() const {
    return {.xmin = pending_.empty() ? last_ + 1 : pending_.front(),
            .xmax = std::uint64_t{last_} + 1,
            .running = pending_};
}

bool model_log::is_refused() const {
    return world_.plan().has_trouble(plan_of_seed::log_trouble::refused, world_.now());
}

bool model_log::is_over(const session& s) const {
    return is_refused() || s.until <= world_.now() || !s.by ||
           s.by->heard() + sender_timeout < world_.now();
}

void model_log::send(session& to, const record& what) {
    const auto& plan = world_.plan();
    to.arrives = std::max(to.arrives, world_.now() + world_.luck().delay(plan.log_most));
    if (plan.has_trouble(plan_of_seed::log_trouble::stalled, world_.now()))
        to.arrives = std::max(to.arrives, plan.trouble_until);
    follow::transaction one{.id = what.transaction};
    for (const auto k : what.keys) one.what.keys.insert(key_name(world_.broken_by(k)));
    to.by->sent({std::move(one)}, written(), to.arrives);
}

bool model_log::is_held(const std::string& slot) {
    const auto found = slots_.find(slot);
    if (found == slots_.end()) return false;
    auto& one = found->second;
    const bool is_left = !one.by;  // which the server does not know at once
    if (one.until > world_.now() && (is_left || !is_over(one))) return true;
    if (one.by) one.by->ended();
    slots_.erase(found);
    return false;
}

bool model_log::take(const std::string& slot, model_follower& by) {
    if (is_refused() || is_held(slot)) return false;
    slots_[slot] = {.by = &by};
    return true;
}

void model_log::leave(const model_follower& by, msec after) {
    for (auto& [name, one] : slots_) {
        if (one.by != &by) continue;
        one.by = nullptr;
        one.until = world_.now() + after;
    }
}

std::vector<std::uint32_t> model_log::go_down() {
    for (auto& [name, one] : slots_)
        if (one.by) one.by->lost();
    slots_.clear();
    std::vector<std::uint32_t> open;
    for (const auto one : std::exchange(pending_, {}))
        open.push_back(static_cast<std::uint32_t>(one));
    return open;
}

// ---- Who follows.

model_follower::~model_follower() {
    world_.log().leave(*this, world_.luck().delay(world_.plan().network_most));
}

task<void> model_follower::answer() {
    co_await worker_.waiting().sleep(
        milliseconds{world_.luck().delay(world_.plan().postgres_most / 2)});
    if (is_lost_ || world_.postgres().is_down()) throw std::runtime_error{"PostgreSQL is gone"};
}

task<model_follower::tables> model_follower::connect() {
    is_lost_ = is_log_lost_ = false;
    coming_.clear();
    co_await answer();
    co_return tables{"a", {}};
}

task<bool> model_follower::is_held(std::string slot) {
    co_await answer();
    const bool held = world_.log().is_held(slot);
    co_await answer();
    co_return held;
}

task<void> model_follower::take(std::string slot) {
    co_await answer();
    heard_ = world_.now();
    const bool is_taken = world_.log().take(slot, *this);
    if (!is_taken) throw std::runtime_error{"the slot is taken"};
    world_.count(&figures::takeovers);
    world_.say([&] { return worker_.name() + " follows, by " + slot; });
    co_await answer();
}

task<model_follower::view> model_follower::look() {
    co_await answer();
    view seen{world_.log().snapshot(), world_.log().written()};
    co_await answer();
    co_return seen;
}

task<model_follower::tables> model_follower::look_up() {
    co_await answer();
    co_return tables{"a", {}};
}

// A server that has nothing to tell says how far it is.
task<model_follower::piece> model_follower::read() {
    piece all;
    heard_ = world_.now();
    if (coming_.empty() || coming_.front().arrives > world_.now()) {
        reads_ = worker_.waiting().make();
        co_await worker_.waiting().until(reads_, worker_.now() + milliseconds{400});
    }
    const bool was_silent = heard_ + model_log::sender_timeout < world_.now();
    if (is_log_lost_ || was_silent || world_.log().is_refused())
        throw std::runtime_error{"the log has ended"};
    if (coming_.empty()) all.done = world_.log().written();
    while (!coming_.empty() && coming_.front().arrives <= world_.now()) {
        world_.count(&figures::told_by_the_log);
        if (world_.plan().by_triggers) all.seen.add(std::move(coming_.front().what.what));
        else all.complete.push_back(std::move(coming_.front().what));
        all.done = coming_.front().end;
        coming_.pop_front();
    }
    co_return all;
}

void model_follower::interrupt() {
    if (is_lost_) return;
    lost();
    world_.log().leave(*this, world_.luck().delay(world_.plan().network_most));
    arrived();
}

void model_follower::sent(const std::vector<follow::transaction>& what, follow::position end,
                          msec arrives) {
    for (const auto& one : what) coming_.push_back({one, end, arrives});
    world_.schedule({.at = arrives,
                     .what = event::kind::log_arrives,
                     .owner = worker_.place(),
                     .incarnation = worker_.incarnation()});
}

void model_follower::arrived() { worker_.waiting().end(std::exchange(reads_, 0)); }

}  // namespace larder::simulation
