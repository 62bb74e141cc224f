#include "simulation/model_postgres.hpp"

#include <algorithm>
#include <utility>

#include "simulation/world.hpp"

namespace larder::simulation {

statement_ptr model_postgres::find(std::uint64_t id) const {
    for (const auto& s : running_)
        if (s->id == id) return s;
    return nullptr;
}

bool model_postgres::is_idle() const {
    return std::none_of(running_.begin(), running_.end(),
                        [](auto& s) { return s->order != 0 && !s->taken && !s->dropped; });
}

statement_ptr model_postgres::send(worker& by, std::vector<std::size_t> keys, text order) {
    std::erase_if(running_, [](auto& s) { return (s->taken || s->dropped) && s->answered; });
    auto s = std::make_shared<statement>();
    s->id = ++last_id_;
    s->keys = std::move(keys);
    s->order = order;
    s->owner = by.place();
    s->incarnation = by.incarnation();
    s->waiter = by.new_wait();
    running_.push_back(s);
    return s;
}

void model_postgres::answer(statement& s, msec after) {
    s.answered = true;
    world_.schedule({.at = world_.now() + after,
                     .what = event::kind::resume,
                     .owner = s.owner,
                     .incarnation = s.incarnation,
                     .id = s.waiter});
}

task<model_postgres::loaded> model_postgres::load(worker& by, std::size_t key) {
    ++loads_[key];
    const auto s = send(by, std::vector<std::size_t>(1, key), 0);
    if (down_) {
        s->dropped = s->lost = true;
        answer(*s, 1);
    } else {
        world_.schedule({.at = world_.now() + world_.luck().delay(most_ / 2),
                         .what = event::kind::pg_take,
                         .id = s->id});
    }
    co_await by.wait_for(s->waiter);
    co_return loaded{!s->lost, s->value};
}

task<model_postgres::committed> model_postgres::commit(worker& by, std::vector<std::size_t> keys,
                                                       text order,
                                                       std::vector<std::string> announcements) {
    auto& luck = world_.luck();
    const bool was_down = down_;
    const auto s = send(by, std::move(keys), order);
    s->announcements = std::move(announcements);
    s->process = by.owner()->id;
    if (was_down) {
        s->dropped = true;
        answer(*s, 1);
    } else {
        const bool late = luck.in(lose_percent);
        const auto take = luck.delay(late ? statement_timeout - 1 : most_);
        world_.schedule({.at = world_.now() + take, .what = event::kind::pg_take, .id = s->id});
        if (late)
            world_.schedule({.at = world_.now() + luck.delay(statement_timeout),
                             .what = event::kind::pg_lost,
                             .id = s->id});
    }
    co_await by.wait_for(s->waiter);
    if (was_down) co_return committed{};
    co_return committed{s->lost ? outcome::unknown : outcome::written, s};
}

task<bool> model_postgres::is_over(worker& by, statement_ptr s) {
    co_await by.sleep(world_.luck().delay(most_));
    if (down_) co_return false;
    co_return s->taken || s->dropped;
}

void model_postgres::take(std::uint64_t id) {
    const auto s = find(id);
    if (!s || s->dropped) return;
    s->taken = true;
    if (s->order == 0) {
        s->value = counts_[s->keys.front()];
    } else {
        for (const auto key : s->keys) world_.judge().committed(s->order, key, ++counts_[key]);
        world_.say([&] { return "PostgreSQL committed order " + std::to_string(s->order); });
        for (const auto& one : s->announcements) notify(s->process, one);
    }
    if (!s->answered) answer(*s, world_.luck().delay(most_));
}

void model_postgres::notify(std::uint32_t by, const std::string& payload) {
    if (down_) return;
    world_.count(&figures::announcements);
    announced_.push_back({by, world_.now(), payload});
    for (auto* one : world_.listeners()) {
        if (one->owner()->listens_from > world_.now()) continue;
        world_.schedule({.at = world_.now() + world_.luck().delay(most_),
                         .what = event::kind::hear,
                         .owner = one->place(),
                         .incarnation = one->incarnation(),
                         .id = announced_.size() - 1});
    }
}

// Who listened has to connect again.
void model_postgres::come_up() {
    down_ = false;
    up_since_ = world_.now();
    for (auto* one : world_.listeners())
        one->owner()->listens_from = world_.now() + world_.luck().delay(reconnect_most);
}

// The client knows it at once; the server, which may not have got the statement, goes on or not.
void model_postgres::lose(std::uint64_t id) {
    const auto s = find(id);
    if (!s || s->answered) return;
    world_.count(&figures::unknown_outcomes);
    world_.say([&] { return "order " + std::to_string(s->order) + " lost its connection"; });
    s->lost = true;
    if (!s->taken && world_.luck().in(40)) s->dropped = true;
    if (!s->taken && !s->dropped) world_.count(&figures::late_commits);
    answer(*s, 0);
}

void model_postgres::go_down() {
    down_ = true;
    for (auto* one : world_.listeners()) one->owner()->listens_from = never;
    for (const auto& s : running_) {
        if (s->taken && s->answered) continue;
        if (!s->taken) s->dropped = true;
        if (s->answered) continue;
        s->lost = true;
        answer(*s, world_.luck().delay(5));
    }
}

}  // namespace larder::simulation
