#include "simulation/network.hpp"

#include <algorithm>
#include <utility>

#include "simulation/world.hpp"

namespace larder::simulation {

void model_link::send(const valkey::exchange_ptr& what) {
    world_.network().send(connection_, what);
}

void model_link::close() {
    connection_->events = nullptr;
    world_.network().cut(connection_);
}

connection_ptr model_network::find(std::uint64_t id) const {
    for (const auto& c : all_)
        if (c->id == id) return c;
    return nullptr;
}

connection_ptr model_network::newest_of(std::uint8_t owner) const {
    for (auto c = all_.rbegin(); c != all_.rend(); ++c)
        if ((*c)->owner == owner && !(*c)->cut) return *c;
    return nullptr;
}

bool model_network::lags(std::uint8_t owner) const {
    return std::any_of(all_.begin(), all_.end(), [&](const auto& c) {
        return c->owner == owner && c->events && !c->ended &&
               (!c->down.empty() || is_elsewhere(*c));
    });
}

bool model_network::tells_changes() const {
    using enum connection::downward::kind;
    const auto is_change = [](const auto& one) {
        return one.is == changed || one.is == all_changed;
    };
    return std::any_of(all_.begin(), all_.end(), [&](const auto& c) {
        return c->events && (std::any_of(c->down.begin(), c->down.end(), is_change) ||
                             std::any_of(c->received.begin(), c->received.end(), is_change));
    });
}

connection_ptr model_network::connect(std::uint8_t owner, std::uint32_t incarnation,
                                      valkey::link_events& events) {
    forget_old();
    for (const auto& one : all_)
        if (one->owner == owner && one->incarnation == incarnation && world_.now() < one->made + 10)
            world_.violated("connections are made without a pause");
    auto c = std::make_shared<connection>();
    c->id = ++last_id_;
    c->owner = owner;
    c->incarnation = incarnation;
    c->server = leads_to;
    c->made = world_.now();
    c->events = &events;
    if (c->made >= mute_from && c->made < mute_until) silence(c, true, true, for_good);
    all_.push_back(c);
    if (is_down) {
        c->cut = true;
        put_down(*c, {.is = connection::downward::kind::end});
    }
    return c;
}

void model_network::forget_old() {
    std::erase_if(all_, [](auto& c) {
        return c->cut && c->up.empty() && c->down.empty() && c->received.empty() &&
               c->parsed.empty();
    });
}

void model_network::schedule_up(const connection& c, msec at) {
    world_.schedule({.at = at, .what = event::kind::arrive_up, .id = c.id});
}

void model_network::schedule_down(const connection& c, msec at) {
    world_.schedule({.at = at, .what = event::kind::arrive_down, .id = c.id});
}

void model_network::schedule_owner(const connection& c, event::kind what, msec at) {
    world_.schedule(
        {.at = at, .what = what, .owner = c.owner, .incarnation = c.incarnation, .id = c.id});
}

void model_network::send(const connection_ptr& c, const valkey::exchange_ptr& what) {
    if (c->refused_at >= 0 && world_.now() > c->refused_at)
        world_.violated("a replica is asked again");
    c->pending.push_back(what);
    if (c->cut) return;  // lost on the way; the end comes
    const bool idle = c->up.empty();
    for (std::size_t i = 0; i < what->commands.size(); ++i) c->up.push_back({what, i});
    if (idle) schedule_up(*c, world_.now() + world_.luck().delay(most_));
}

void model_network::put_down(connection& c, connection::downward what) {
    c.down.push_back(std::move(what));
    if (c.down.size() == 1) schedule_down(c, world_.now() + world_.luck().delay(most_));
}

void model_network::arrive_up(const connection_ptr& c) {
    if (c->up.empty()) return;
    const bool is_frozen = c->server == leads_to && frozen_until > world_.now();
    const auto blocked = std::max(c->up_blocked_until, is_frozen ? frozen_until : 0);
    if (blocked > world_.now()) return schedule_up(*c, blocked);
    const auto next = std::move(c->up.front());
    c->up.pop_front();
    const auto later = world_.luck().in(70) ? 0 : world_.luck().delay(most_);
    if (!c->up.empty()) schedule_up(*c, world_.now() + later);
    if (pushes_wait && last_asked_ != next.of) deliver_pushes(c->server);
    last_asked_ = next.of;
    const auto& words = next.of->commands[next.index];
    auto& server = world_.server(c->server);
    if (c->standing_at < 0 && words[0] == "INFO") c->standing_at = world_.now();
    auto answer = server.execute(c->id, words, world_.now());
    world_.say([&] { return world_.told(*c, words, answer); });
    if (c->server == leads_to)
        world_.judge().executed(*c, msec_of(next.of->sent), words, answer, world_.now());
    // The server tells the changer itself of its change, before the reply or behind it.
    const bool behind = world_.luck().in(50);
    if (!pushes_wait) deliver_pushes(c->server, behind ? c->id : 0);
    if (!c->cut)
        put_down(*c, {.is = connection::downward::kind::answer,
                      .of = next.of,
                      .index = next.index,
                      .reply = std::move(answer)});
    if (!pushes_wait) deliver_pushes(c->server);
    if (c->cut && c->up.empty()) server.forget_connection(c->id);
}

void model_network::deliver_pushes(std::size_t server, std::uint32_t behind_reply_of) {
    auto& pushes = world_.server(server).pushes;
    if (pushes.empty()) return;
    std::vector<model_valkey::push> later;
    for (auto& p : std::exchange(pushes, {})) {
        if (p.connection == behind_reply_of) {
            later.push_back(std::move(p));
            continue;
        }
        const auto c = find(p.connection);
        if (!c || c->cut) continue;
        world_.count(&figures::pushes);
        using enum connection::downward::kind;
        put_down(*c, {.is = p.key ? changed : all_changed, .key = p.key.value_or("")});
    }
    pushes = std::move(later);
}

// ---- At the worker's machine.

void model_network::arrive_down(const connection_ptr& c) {
    if (c->down.empty()) return;
    if (c->down_blocked_until > world_.now()) return schedule_down(*c, c->down_blocked_until);
    const bool is_first = c->received.empty();
    c->received.push_back(std::move(c->down.front()));
    c->down.pop_front();
    // What was sent together mostly arrives together.
    const auto later = world_.luck().in(70) ? 0 : world_.luck().delay(most_);
    if (!c->down.empty()) schedule_down(*c, world_.now() + later);
    if (is_first)
        schedule_owner(*c, event::kind::parse, world_.now() + world_.luck().below(unread_most));
}

// Pushes are heard as they are parsed, so before any reply behind them.
void model_network::parse(const connection_ptr& c) {
    if (c->received.empty()) return;
    const auto next = std::move(c->received.front());
    c->received.pop_front();
    if (!c->received.empty()) schedule_owner(*c, event::kind::parse, world_.now());
    using enum connection::downward::kind;
    switch (next.is) {
        case answer: {
            next.of->replies[next.index] = next.reply;
            if (next.index + 1 < next.of->commands.size()) break;
            c->pending.pop_front();
            c->parsed.push_back(next.of);
            if (c->parsed.size() == 1)
                schedule_owner(*c, event::kind::handle, world_.now() + world_.luck().delay(3));
            break;
        }
        case changed:
            if (c->events) c->events->changed(next.key);
            break;
        case all_changed:
            if (c->events) c->events->all_changed();
            break;
        case end:
            c->ended = true;
            for (const auto& one : std::exchange(c->parsed, {}))
                if (c->events) c->events->replied(one);
            for (const auto& one : std::exchange(c->pending, {}))
                if (c->events) c->events->lost(one);
            if (auto* who = std::exchange(c->events, nullptr))
                who->ended("the connection was closed");
            break;
    }
}

// A reply's handler, which comes after those of all replies before it.
void model_network::handle(const connection_ptr& c) {
    if (c->parsed.empty()) return;
    const auto next = std::move(c->parsed.front());
    c->parsed.pop_front();
    if (!c->parsed.empty())
        schedule_owner(*c, event::kind::handle, world_.now() + world_.luck().below(2));
    if (std::any_of(next->replies.begin(), next->replies.end(),
                    [](const auto& one) { return one.text.starts_with("READONLY"); }))
        c->refused_at = world_.now();
    if (c->events) c->events->replied(next);
}

// ---- What can happen.

void model_network::cut(const connection_ptr& c) {
    if (c->cut) return;
    c->cut = true;
    c->up_blocked_until = c->down_blocked_until = 0;
    auto& luck = world_.luck();
    c->up.resize(static_cast<std::size_t>(luck.below(static_cast<std::int64_t>(c->up.size()) + 1)));
    c->down.resize(
        static_cast<std::size_t>(luck.below(static_cast<std::int64_t>(c->down.size()) + 1)));
    if (c->up.empty()) world_.server(c->server).forget_connection(c->id);
    put_down(*c, {.is = connection::downward::kind::end});
}

// A server that ends has run what arrived, and nothing on its way arrives.
void model_network::cut_all(std::size_t server) {
    for (const auto& c : all_) {
        if (c->server != server) continue;
        if (!c->cut) {
            c->up.clear();
            cut(c);
        }
        c->up.clear();
    }
}

void model_network::silence(const connection_ptr& c, bool up, bool down, msec until) {
    if (up) c->up_blocked_until = std::max(c->up_blocked_until, until);
    if (down) c->down_blocked_until = std::max(c->down_blocked_until, until);
}

}  // namespace larder::simulation
