#include "simulation/judge.hpp"

#include <algorithm>

#include "simulation/world.hpp"

namespace larder::simulation {

text judge::begin_order(std::uint32_t process, const std::vector<std::size_t>& keys, msec now) {
    order fresh{.process = process, .keys = keys, .begun = now};
    fresh.released.fill(-1);
    orders_.push_back(std::move(fresh));
    const auto number = static_cast<text>(orders_.size());
    world_.count(&figures::orders);
    world_.say([&] {
        auto line = "process " + std::to_string(process) + " begins order " +
                    std::to_string(number) + " on";
        for (const auto k : keys) line += ' ' + key_name(k);
        return line;
    });
    return number;
}

void judge::held(text number, msec now) { of(number).held = now; }

void judge::committed(text number, std::size_t key, text count) {
    of(number).number[key] = count;
    of(number).committed = world_.now();
}

void judge::acknowledged(text number, msec now) {
    of(number).acknowledged = now;
    of(number).acknowledging_event = world_.counted().events;
    world_.count(&figures::acknowledged);
    world_.say([&] { return "order " + std::to_string(number) + " is acknowledged"; });
}

void judge::heard(const model_postgres::announcement& what, std::uint32_t by, msec now) {
    hearings_.push_back({what, by, now});
}

void judge::cut_off(text number) { of(number).was_cut_off = true; }

void judge::released(std::size_t key, const std::vector<text>& writers, msec now) {
    for (const auto writer : writers) {
        auto& o = of(writer);
        if (o.number[key] == 0) o.released_early = true;
        else if (o.released[key] < 0) o.released[key] = now;
    }
}

void judge::purged(std::uint8_t place, std::uint32_t process, msec now) {
    for (auto& o : orders_) {
        if (o.process != process || o.committed < 0 || o.committed > purge_began_[place]) continue;
        for (const auto key : o.keys)
            if (o.released[key] < 0) o.released[key] = now;
    }
}

bool judge::is_dead(std::uint32_t process) const {
    return std::find(dead_.begin(), dead_.end(), process) != dead_.end();
}

// A fault of its own took away what protects readers from a writer that dies.
bool judge::lost_its_hold(const order& o) const {
    if (o.held < 0 || o.was_cut_off || o.released_early) return true;
    if (o.begun + hold_time < o.committed) return true;
    return std::any_of(losses_.begin(), losses_.end(),
                       [&](msec at) { return at >= o.begun && at <= o.committed; });
}

bool judge::has_heard(const order& o, std::size_t key, std::uint32_t by, msec at) const {
    return std::any_of(hearings_.begin(), hearings_.end(), [&](const hearing& h) {
        if (h.by != by || h.what.by != o.process || h.at > at || h.what.sent < o.committed)
            return false;
        const auto lines = h.what.payload + '\n';
        return lines.find('\n' + key_name(key) + '\n') != std::string::npos ||
               lines.ends_with("\n*\n");
    });
}

// Until when somebody may not have heard of it from PostgreSQL.
msec judge::may_be_unheard_until(const order& o) const {
    const bool somebody_rests =
        std::any_of(world_.plan().faults.begin(), world_.plan().faults.end(), [](const fault& f) {
            using enum fault_kind;
            return f.is == stop_process || f.is == stall_worker || f.is == crash;
        });
    const auto most = world_.plan().postgres_most;
    const auto all_listen = world_.postgres().all_listen_from();
    const auto since = o.acknowledged < 0 ? o.committed : o.acknowledged;
    if (somebody_rests || all_listen == never) return since + world_.plan().ttl + fill_lag;
    const bool announced_by_commit = o.held < 0;
    if (announced_by_commit && o.committed > all_listen) return o.committed + most;
    constexpr msec to_know = 500;  // that Valkey does not know
    return std::max(since + to_know, all_listen) + worker::say_every + 2 * most;
}

// The promise's exceptions, and no other: a local tier of another process may be late, and so may
// be whoever reads what a writer that cannot reach Valkey has made untrue, until PostgreSQL has
// told him.
bool judge::is_excused(const order& o, std::size_t key, std::uint32_t by, msec at,
                       origin from) const {
    if (by == o.process || from == origin::source) return false;
    const auto lag = from == origin::local ? local_lag : 0;
    const auto since = o.acknowledged < 0 ? o.committed : o.acknowledged;
    if (o.released[key] >= 0) return at <= std::max(since, o.released[key]) + lag;
    if (has_heard(o, key, by, at)) return false;
    const bool died_unprotected = is_dead(o.process) && lost_its_hold(o);
    if (!o.was_cut_off && !died_unprotected) return false;
    if (over_ && !is_dead(o.process)) return false;
    return at <= may_be_unheard_until(o) + lag;
}

void judge::answered(const reader& who, std::size_t key, text value, origin from) {
    world_.count(from == origin::local    ? &figures::local_hits
                 : from == origin::shared ? &figures::shared_hits
                                          : &figures::source_reads);
    world_.say([&] {
        static constexpr std::array names{"local", "shared", "source"};
        return "process " + std::to_string(who.process) + " worker " + std::to_string(who.place) +
               " answers " + key_name(key) + " = " + std::to_string(value) + " from " +
               names[static_cast<std::size_t>(from)] + ", asked at " + std::to_string(who.began);
    });
    if (value > world_.postgres().count(key)) return world_.violated("counted too much");
    for (std::size_t i = 0; i < orders_.size(); ++i) {
        const auto& o = orders_[i];
        const bool has_to_be_there = (o.acknowledged >= 0 && o.acknowledging_event < who.event) ||
                                     (over_ && o.committed >= 0);
        if (!has_to_be_there || o.number[key] <= value) continue;
        if (!is_excused(o, key, who.process, who.began, from))
            return world_.violated(key_name(key) + " lacks order " + std::to_string(i + 1));
        world_.count(&figures::late_answers);
    }
}

void judge::check_shared(std::size_t key, text value, msec expires) {
    for (std::size_t i = 0; i < orders_.size(); ++i) {
        const auto& o = orders_[i];
        if (o.number[key] <= value) continue;
        if (!is_excused(o, key, 0, expires, origin::shared))
            return world_.violated(key_name(key) + " stays in the shared tier without order " +
                                   std::to_string(i + 1));
    }
}

}  // namespace larder::simulation
