#include "simulation/network.hpp"

#include <algorithm>
#include <utility>

#include "simulation/world.hpp"

namespace larder::simulation {

connection_ptr network::find(std::uint64_t id) const {
    for (const auto& c : all_)
        if (c->id == id) return c;
    return nullptr;
}

connection_ptr network::newest_of(std::uint8_t owner) const {
    for (auto c = all_.rbegin(); c != all_.rend(); ++c)
        if ((*c)->owner == owner && !(*c)->cut) return *c;
    return nullptr;
}

connection_ptr network::connect(std::uint8_t owner, std::uint32_t incarnation) {
    forget_old();
    if (is_down) return nullptr;
    auto c = std::make_shared<connection>();
    c->id = ++last_id_;
    c->owner = owner;
    c->incarnation = incarnation;
    all_.push_back(c);
    return c;
}

void network::forget_old() {
    std::erase_if(all_, [](auto& c) {
        return c->cut && c->up.empty() && c->down.empty() && c->parsed.empty();
    });
}

void network::schedule_up(const connection& c, msec at) {
    world_.schedule({.at = at, .what = event::kind::arrive, .id = c.id});
}

void network::schedule_down(const connection& c, msec at) {
    world_.schedule({.at = at,
                     .what = event::kind::parse,
                     .owner = c.owner,
                     .incarnation = c.incarnation,
                     .id = c.id});
}

void network::send(const connection_ptr& c, const operation_ptr& op) {
    c->pending.push_back(op);
    if (c->cut) return;  // lost on the way; the end comes
    const bool idle = c->up.empty();
    for (std::size_t i = 0; i < op->commands.size(); ++i) c->up.push_back({op, i});
    if (idle) schedule_up(*c, world_.now() + world_.luck().delay(most_));
}

void network::put_down(connection& c, connection::downward what) {
    c.down.push_back(std::move(what));
    if (c.down.size() == 1) schedule_down(c, world_.now() + world_.luck().delay(most_));
}

std::optional<connection::downward> network::take_down(connection& c) {
    if (c.down.empty()) return std::nullopt;
    if (c.down_blocked_until > world_.now()) {
        schedule_down(c, c.down_blocked_until);
        return std::nullopt;
    }
    auto next = std::move(c.down.front());
    c.down.pop_front();
    // What was sent together mostly arrives together.
    const auto later = world_.luck().in(70) ? 0 : world_.luck().delay(most_);
    if (!c.down.empty()) schedule_down(c, world_.now() + later);
    return next;
}

void network::arrive(const connection_ptr& c) {
    if (c->up.empty()) return;
    const auto blocked = std::max(c->up_blocked_until, frozen_until);
    if (blocked > world_.now()) return schedule_up(*c, blocked);
    const auto next = std::move(c->up.front());
    c->up.pop_front();
    const auto later = world_.luck().in(70) ? 0 : world_.luck().delay(most_);
    if (!c->up.empty()) schedule_up(*c, world_.now() + later);
    auto answer = execute(*c, next.op->commands[next.index]);
    answer.was_answered = true;
    // The server tells the changer itself of its change, before the reply or behind it.
    const bool behind = world_.luck().in(50);
    deliver_pushes(behind ? c->id : 0);
    if (!c->cut)
        put_down(*c, {.is = connection::downward::kind::answer,
                      .op = next.op,
                      .index = next.index,
                      .reply = answer});
    deliver_pushes();
    if (c->cut && c->up.empty()) world_.valkey().forget_connection(c->id);
}

void network::deliver_pushes(std::uint32_t behind_reply_of) {
    auto& pushes = world_.valkey().pushes;
    if (pushes.empty()) return;
    std::vector<model_valkey::push> later;
    for (const auto& p : std::exchange(pushes, {})) {
        if (p.connection == behind_reply_of) {
            later.push_back(p);
            continue;
        }
        const auto c = find(p.connection);
        if (!c || c->cut) continue;
        world_.count(&figures::pushes);
        using enum connection::downward::kind;
        put_down(*c, {.is = p.key ? changed : all_changed, .key = p.key.value_or(0)});
    }
    pushes = std::move(later);
}

void network::cut(const connection_ptr& c) {
    if (c->cut) return;
    c->cut = true;
    c->up_blocked_until = c->down_blocked_until = 0;
    auto& luck = world_.luck();
    c->up.resize(static_cast<std::size_t>(luck.below(static_cast<std::int64_t>(c->up.size()) + 1)));
    c->down.resize(
        static_cast<std::size_t>(luck.below(static_cast<std::int64_t>(c->down.size()) + 1)));
    if (c->up.empty()) world_.valkey().forget_connection(c->id);
    put_down(*c, {.is = connection::downward::kind::end});
}

// A server that ends has run what arrived, and nothing on its way arrives.
void network::cut_all() {
    for (const auto& c : all_) {
        if (c->cut) continue;
        c->up.clear();
        cut(c);
    }
    for (const auto& c : all_) c->up.clear();
}

void network::silence(const connection_ptr& c, bool up, bool down, msec until) {
    if (up) c->up_blocked_until = std::max(c->up_blocked_until, until);
    if (down) c->down_blocked_until = std::max(c->down_blocked_until, until);
}

reply network::execute(const connection& c, const command& what) {
    auto& server = world_.valkey();
    const auto now = world_.now();
    reply r{.succeeded = true};
    switch (what.what) {
        case verb::ping: break;
        case verb::info: r.value = server.run(); break;
        case verb::get: {
            const auto got = server.get(what.key, c.id, now);
            r.value = got.value;
            r.pttl = got.pttl;
            break;
        }
        case verb::lease: {
            const auto answer =
                server.lease(what.key, what.name, what.duration, what.no_value, now);
            r.lease = answer.is;
            if (answer.is == cache::lease_answer::value) r.value = answer.value;
            break;
        }
        case verb::yield:
            server.yield(what.key, what.name, now);
            r.succeeded = true;
            break;
        case verb::renew:
            r.succeeded = server.renew(what.key, what.name, what.duration, now);
            break;
        case verb::fill:
            r.value = server.fill(what.key, what.name, what.value, what.duration, now);
            break;
        case verb::hold: server.hold(what.key, what.name, what.duration, now); break;
        case verb::release:
            server.release(what.key, what.writers, now);
            world_.judge().released(what.key, what.writers, now);
            break;
        case verb::marker: r.value = server.marker(); break;
        case verb::lock: r.succeeded = server.lock_purge(what.name, what.duration, now); break;
        case verb::mark: server.mark(what.name); break;
        case verb::find_leases:
            r.keys = server.leases(now);
            world_.judge().purge_begins(c.owner, now);
            break;
        case verb::find_values: r.keys = server.values(now); break;
        case verb::delete_leases: server.delete_leases(what.keys_bits()); break;
        case verb::delete_values:
            server.delete_values(what.keys_bits());
            world_.judge().purged(c.owner, world_.process_at(c.owner), now);
            break;
    }
    world_.say([&] { return world_.told(c, what, r); });
    return r;
}

}  // namespace larder::simulation
