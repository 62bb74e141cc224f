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
    return others_.empty() && std::none_of(running_.begin(), running_.end(), [](auto& s) {
               return s->order != 0 && !s->taken && !s->dropped;
           });
}

statement_ptr model_postgres::send(worker& by, std::vector<std::size_t> keys, order_number order) {
    std::erase_if(running_, [](auto& s) { return (s->taken || s->dropped) && s->answered; });
    auto s = std::make_shared<statement>();
    s->id = ++last_id_;
    s->keys = std::move(keys);
    s->order = order;
    s->owner = by.place();
    s->incarnation = by.incarnation();
    s->waiter = by.waiting().make();
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
    const bool is_first = ++loads_[key] == 1;
    if (is_first) first_loads_[key] = by.place();
    const auto s = send(by, std::vector<std::size_t>(1, key), 0);
    if (down_) {
        s->dropped = s->lost = true;
        answer(*s, 1);
    } else {
        const auto takes =
            is_first && first_load_takes > 0 ? first_load_takes : world_.luck().delay(most_ / 2);
        world_.schedule({.at = world_.now() + takes, .what = event::kind::pg_take, .id = s->id});
    }
    co_await by.waiting().until(s->waiter);
    co_return loaded{!s->lost, s->value};
}

// A commit may take long: one that waits for a standby outlives its statement's timeout.
task<model_postgres::committed> model_postgres::commit(worker& by, std::vector<std::size_t> keys,
                                                       order_number order,
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
        const bool waits_for_standby = late && luck.in(10);
        const auto most = waits_for_standby ? 2 * hold_time : late ? statement_timeout - 1 : most_;
        world_.schedule(
            {.at = world_.now() + luck.delay(most), .what = event::kind::pg_take, .id = s->id});
        if (late)
            world_.schedule({.at = world_.now() + luck.delay(statement_timeout),
                             .what = event::kind::pg_lost,
                             .id = s->id});
    }
    co_await by.waiting().until(s->waiter);
    if (was_down) co_return committed{};
    co_return committed{s->lost ? outcome::unknown : outcome::written, s};
}

task<fate> model_postgres::what_became(worker& by, statement_ptr s) {
    co_await by.waiting().sleep(std::chrono::milliseconds{world_.luck().delay(most_)});
    const bool is_lost = world_.luck().in(10);  // the question
    if (down_ || is_lost) co_return fate::unknown;
    co_return s->taken || s->dropped ? fate::over : fate::pending;
}

void model_postgres::take(std::uint64_t id) {
    const auto s = find(id);
    if (!s || s->dropped || s->is_orphan) return;
    s->taken = true;
    if (s->order == 0) {
        s->value = counts_[s->keys.front()];
    } else {
        s->transaction = world_.log().commit(s->keys, false);
        count_order(s->order, s->keys);
        for (const auto& one : s->announcements) {
            remember(one);
            notify(one);
        }
    }
    if (!s->answered) answer(*s, world_.luck().delay(most_));
}

void model_postgres::count_order(order_number order, const std::vector<std::size_t>& keys) {
    for (const auto key : keys) world_.judge().committed(order, key, ++counts_[key]);
    world_.say([&] { return "PostgreSQL committed order " + std::to_string(order); });
}

// A commit is in the log before anybody sees it; one that waits for a standby long before.
void model_postgres::others_write(std::vector<std::size_t> keys) {
    if (down_) return;
    auto& luck = world_.luck();
    const auto order = world_.judge().begin_order(judge::others, keys, world_.now());
    world_.count(&figures::of_others);
    const bool is_pending = luck.in(70);
    const auto transaction = world_.log().commit(keys, is_pending);
    if (!is_pending) return count_order(order, keys);
    others_.emplace(transaction, others_order{order, std::move(keys)});
    world_.schedule({.at = world_.now() + luck.any_of<msec>({0, 2, 30, 300, 2'000}),
                     .what = event::kind::others_seen,
                     .id = transaction});
}

void model_postgres::others_seen(std::uint32_t transaction) {
    const auto found = others_.find(transaction);
    if (found == others_.end()) return;
    world_.log().seen(transaction);
    count_order(found->second.order, found->second.keys);
    others_.erase(found);
}

void model_postgres::remember(const std::string& payload) {
    if (has_table) rows_.push_back({std::to_string(++last_id_), payload});
    else ++unnoted;
}

void model_postgres::announce_again(const std::string& payload) {
    if (down_) return;
    const bool is_there = std::any_of(rows_.begin(), rows_.end(),
                                      [&](const auto& one) { return one.payload == payload; });
    if (!is_there) remember(payload);
    notify(payload);
}

void model_postgres::delete_rows(const std::vector<std::string>& ids) {
    std::erase_if(rows_, [&](const auto& one) {
        return std::find(ids.begin(), ids.end(), one.id) != ids.end();
    });
}

void model_postgres::notify(const std::string& payload) {
    if (down_) return;
    world_.count(&figures::announcements);
    world_.judge().announced(payload);
    for (auto* one : world_.listeners())
        if (one->owner()->listens) world_.tell(*one, payload, world_.luck().delay(most_));
}

task<cache::server_record> model_postgres::recorded_server(worker& by) {
    using kind = cache::server_record::kind;
    co_await by.waiting().sleep(std::chrono::milliseconds{world_.luck().delay(most_)});
    if (down_) co_return cache::server_record{};
    co_return cache::server_record{has_table ? kind::kept : kind::not_kept, server_};
}

task<bool> model_postgres::record_server(worker& by, std::string before, std::string server) {
    co_await by.waiting().sleep(std::chrono::milliseconds{world_.luck().delay(most_)});
    if (down_ || server_ != before) co_return false;
    server_ = std::move(server);
    co_return true;
}

// Who listened has to connect again.
void model_postgres::come_up() { down_ = false; }

// The client knows it at once; the server, which may not have got the statement, goes on or not. A
// pooler may keep its transaction open, to which no COMMIT comes any more.
void model_postgres::lose(std::uint64_t id) {
    const auto s = find(id);
    if (!s || s->answered) return;
    world_.count(&figures::unknown_outcomes);
    world_.say([&] { return "order " + std::to_string(s->order) + " lost its connection"; });
    s->lost = true;
    world_.judge().lost(s->order);
    auto& luck = world_.luck();
    if (!s->taken && luck.in(40)) drop(*s);
    if (!s->taken && !s->dropped && luck.in(20)) {
        world_.count(&figures::orphans);
        s->is_orphan = true;
        world_.schedule(
            {.at = world_.now() + orphans_last, .what = event::kind::pg_orphan, .id = s->id});
    } else if (!s->taken && !s->dropped) {
        world_.count(&figures::late_commits);
    }
    answer(*s, 0);
}

void model_postgres::drop(statement& s) const {
    s.dropped = true;
    if (s.order != 0) world_.judge().dropped(s.order);
}

void model_postgres::end_orphan(std::uint64_t id) {
    if (const auto s = find(id)) drop(*s);
}

void model_postgres::go_down() {
    down_ = true;
    // It comes back with what it had written, or another one does that has not got it.
    for (const auto transaction : world_.log().go_down()) {
        if (world_.luck().in(50)) others_seen(transaction);
        else world_.judge().dropped(others_.at(transaction).order);
    }
    others_.clear();
    for (auto* one : world_.listeners()) one->owner()->listens = false;
    for (const auto& s : running_) {
        if (s->taken && s->answered) continue;
        if (!s->taken) drop(*s);
        if (s->answered) continue;
        s->lost = true;
        answer(*s, world_.luck().delay(5));
    }
}

}  // namespace larder::simulation
