#include "simulation/judge.hpp"

#include <algorithm>
#include <optional>

#include "cache/scripts.hpp"
#include "simulation/worker.hpp"
#include "simulation/world.hpp"

namespace larder::simulation {

namespace {

// Lines: the process that it is of, then keys.
bool is_named(const std::string& payload, const std::string& key) {
    return (payload + '\n').find('\n' + key + '\n') != std::string::npos;
}

bool is_of(const std::string& payload, std::uint32_t process) {
    return payload.starts_with('p' + std::to_string(process) + '\n');
}

bool is_one_of(const std::string& one, std::span<const std::string> all) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

// By its digest, or by its text after Valkey forgot it.
std::optional<std::size_t> script_of(const valkey::command& words) {
    if (words[0] == "EVALSHA") return static_cast<std::size_t>(words[1][0] - '0');
    if (words[0] != "EVAL") return std::nullopt;
    const auto& all = cache::scripts();
    return static_cast<std::size_t>(std::find(all.begin(), all.end(), words[1]) - all.begin());
}

}  // namespace

order_number judge::begin_order(std::uint32_t process, const std::vector<std::size_t>& keys,
                                msec now) {
    order fresh{.process = process, .keys = keys, .begun = now};
    fresh.released.fill(-1);
    orders_.push_back(std::move(fresh));
    const auto number = static_cast<order_number>(orders_.size());
    world_.count(&figures::orders);
    world_.say([&] {
        auto line = "process " + std::to_string(process) + " begins order " +
                    std::to_string(number) + " on";
        for (const auto k : keys) line += ' ' + key_name(k);
        return line;
    });
    return number;
}

void judge::untold(order_number which, bool is_announced) {
    of(which).is_untold = true;
    of(which).is_announced = is_announced;
    world_.count(&figures::untold);
}

void judge::unheld(order_number which) {
    of(which).is_unheld = true;
    world_.count(&figures::unheld);
}

void judge::lost(order_number which) {
    if (which != 0) of(which).lost = world_.now();
}

void judge::committed(order_number number, std::size_t key, std::int64_t count) {
    auto& o = of(number);
    o.number[key] = count;
    o.committed = world_.now();
    const auto& server = world_.server(world_.network().leads_to);
    const bool is_held = server.has_holds(world_.broken_by(key), world_.now());
    o.was_protected = o.was_protected && is_held;
    const bool is_settled = o.lost >= 0 && world_.now() > o.lost + 500;
    if (!is_held && !o.is_unheld && is_settled && world_.plan().faults.empty() &&
        world_.plan().network_most <= 10)
        world_.violated("a write that is being settled has lost its hold");
}

void judge::named(order_number which, const std::string& name) {
    of(which).name = name;
    check_wait(of(which), 0);
}

void judge::acknowledged(order_number number) {
    of(number).acknowledged = world_.now();
    of(number).acknowledging_event = world_.counted().events;
    check_wait(of(number), 2 * world_.plan().postgres_most);
    world_.count(&figures::acknowledged);
    world_.say([&] { return "order " + std::to_string(number) + " is acknowledged"; });
}

// "Valkey stopped, frozen or out of reach costs one deadline, then nothing." Until a new connection
// is there.
void judge::check_wait(const order& o, msec by_source) {
    if (world_.plan().kind != what_happens::gone_silent) return;
    const auto is_since = [&](const order& one) {
        return one.process == 1 && one.begun > goes_silent + 20;
    };
    const bool knows = is_since(o) && world_.listener_of(o.process)->connections() == 1 &&
                       std::any_of(orders_.begin(), orders_.end(), [&](const order& before) {
                           return is_since(before) && before.begun + 150 < o.begun;
                       });
    if (knows && world_.now() > o.begun + 40 + by_source)
        world_.violated("a write waits for a silent server");
}

void judge::announced(const std::string& payload) {
    world_.say([&] {
        auto line = payload;
        std::replace(line.begin(), line.end(), '\n', ' ');
        return "PostgreSQL announces " + line;
    });
}

void judge::heard(const std::string& payload, std::uint32_t by) {
    hearings_.push_back({payload, by, world_.now(), world_.counted().events});
}

// Whoever deletes a key after a commit has told everybody, and taken away all leases.
void judge::executed(const connection& by, msec sent, const valkey::command& words,
                     const valkey::reply& answer, msec now) {
    if (!answer.succeeded()) return;
    if (words[0] == "SCAN") check_purge(by);
    const auto which = script_of(words);
    if (!which) return;
    if (words[0] == "EVALSHA") world_.count_script(*which);
    if (*which == cache::script::fill && answer.text == "1") {
        const auto lives =
            std::stoll(words[3 + std::stoul(words[2]) + 2]);  // behind token and text
        for (std::size_t k = 0; k < max_keys; ++k)
            if (world_.is_value_of(words[3], k)) filled(k, words[3], now + lives);
    }
    if (*which == cache::script::mark && !words.back().starts_with(world_.server(by.server).run()))
        world_.violated("a server is marked with what another one said");
    const bool is_hold = *which == cache::script::hold;
    const bool is_release = *which == cache::script::release;
    const bool has_forgotten = *which == cache::script::forget && answer.text == "1";
    if (*which == cache::script::forget && !has_forgotten) world_.count(&figures::not_forgotten);
    if (!is_hold && !is_release && !has_forgotten) return;
    for (std::size_t k = 0; k < max_keys; ++k)
        for (auto& o : orders_)
            if (words[3] == key_name(world_.broken_by(k)) && o.number[k] != 0 && o.released[k] < 0)
                o.released[k] = now;
    if (is_release) check_name(words[6], sent);
    if (!has_forgotten)
        check_holds(by, is_hold, {words.begin() + (is_hold ? 6 : 8), words.end()}, sent);
}

// Who does not know yet that somebody follows fills for a shorter time than who read just before
// how long the value before this one was to be believed.
void judge::filled(std::size_t key, const std::string& name, msec until) {
    const bool may_be_read_with_it = world_.plan().is_followed;
    auto& of = filled_[key][name];
    const auto before = may_be_read_with_it ? of.lasts_until : 0;
    of.lasts_until = until - world_.plan().stale_for();
    of.used_until = std::max(before, of.lasts_until);
}

// Each generation has an entry of the key, with its own TTL, and one that is over may be filled
// last. An answer does not tell which of them it is.
msec judge::used_until(std::size_t key) const {
    msec latest = 0;
    for (const auto& [name, of] : filled_[key]) latest = std::max(latest, of.used_until);
    return latest;
}

// Another server may give a transaction the name of one that it has not got.
void judge::check_name(const std::string& transaction, msec sent) {
    if (transaction.empty()) return;
    const auto committed = world_.log().committed(transaction);
    if (sent - committed > cache::released_is_known.count())
        world_.violated("what was committed long ago is released by its name");
}

// What was remembered of a write is released in the background; that must not take away the hold
// under which the same write, whose outcome is not known, waits for its commit.
void judge::check_holds(const connection& by, bool is_hold, std::span<const std::string> names,
                        msec sent) {
    if (is_hold && (by.cut || is_one_of(names[0], released_))) strays_.push_back(names[0]);
    if (!is_hold) released_.insert(released_.end(), names.begin(), names.end());
    for (auto& o : orders_) {
        const bool is_pending = o.lost >= 0 && !o.is_dropped && o.committed < 0;
        if (!is_pending || o.name.empty() || is_dead(o.process)) continue;
        if (!is_one_of(o.name, names)) continue;
        const bool holds = is_hold && sent > o.lost;
        if (!is_hold && o.is_settled_by_name)
            world_.violated("a hold of a write that is being settled is taken away");
        o.is_settled_by_name = o.is_settled_by_name || holds;
    }
}

// Nobody walks on for long after the lock has gone to somebody else.
void judge::check_purge(const connection& by) const {
    const auto& server = world_.server(by.server);
    const auto& owner = server.purges(world_.now());
    const bool is_anothers = !owner.empty() && owner != world_.name_at(by.owner);
    const auto& all = world_.plan().faults;
    if (is_anothers && all.empty() &&
        world_.now() > server.purges_since() + 3 * world_.plan().network_most)
        world_.violated("two instances purge at a time");
}

bool judge::is_dead(std::uint32_t process) const {
    return std::find(dead_.begin(), dead_.end(), process) != dead_.end();
}

bool judge::has_unreleased(std::uint32_t process) const {
    if (!losses_.empty() || world_.plan().max_remembered == 1)
        return false;  // some have no release
    return std::any_of(orders_.begin(), orders_.end(), [&](const order& o) {
        const auto is_left = [&](std::size_t k) { return o.released[k] < 0; };
        return o.process == process && o.acknowledged >= 0 &&
               std::any_of(o.keys.begin(), o.keys.end(), is_left);
    });
}

judge::reader judge::asks(const worker& by) const {
    const auto& net = world_.network();
    const auto c = net.newest_of(by.place());
    const auto* server = c ? &world_.server(c->server) : nullptr;
    const auto promoted = c ? world_.server(c->server).promoted_at : -1;
    const auto promoted_at = c && c->standing_at >= 0 && c->standing_at < promoted ? promoted : -1;
    return {.place = by.place(),
            .process = by.owner()->id,
            .began = world_.now(),
            .process_began = by.owner()->begun,
            .event = world_.counted().events,
            .is_busy = by.requests() > 1 || (c && !c->received.empty()),
            .stopped_at = by.stopped_at,
            .goes_on_at = by.rested_until(),
            .connection = c ? c->id : 0,
            .is_at_a_replica =
                server && server->is_replica && world_.now() > server->demoted_at + local_lag,
            .promoted_at = promoted_at,
            .lags = net.lags(by.place()),
            .is_elsewhere = c && net.is_elsewhere(*c)};
}

// "The hold of a write is lost if Valkey restarts, fails over, is flushed or evicts it before the
// commit, or if the commit takes longer than 20 s, as it waits for a standby say."
bool judge::lost_its_holds(const order& o) const {
    if (o.was_protected || o.is_unheld) return false;
    if (o.begun + hold_time < o.committed) return true;
    return std::any_of(losses_.begin(), losses_.end(),
                       [&](msec at) { return at >= o.begun && at <= o.committed; });
}

bool judge::has_heard(const order& o, std::size_t key, const reader& who) const {
    return std::any_of(hearings_.begin(), hearings_.end(), [&](const announcement& h) {
        return h.by == who.process && h.event < who.event && h.at >= o.committed &&
               is_of(h.payload, o.process) && is_named(h.payload, key_name(world_.broken_by(key)));
    });
}

// "If its writer's process ends, too, an entry may be wrong until the TTL ends." And: "What a
// process wrote while Valkey could not be reached stays wrong until the TTL ends if that process
// ends before Valkey is back."
bool judge::died_with_it(const order& o, msec at) const {
    if (!is_dead(o.process)) return false;
    const bool was_forgotten = o.is_untold && !world_.postgres().has_table;
    const bool was_lost = !o.is_untold && lost_its_holds(o);
    const auto& plan = world_.plan();
    return (was_forgotten || was_lost) &&
           at <= o.committed + plan.ttl + plan.stale_for() + fill_lag;
}

// "What an instance writes while it is cut off from Valkey, or while Valkey takes longer than
// `CACHE_DEADLINE_MS`, the others hear from PostgreSQL, some milliseconds after the answer."
// "Two links down at once: an instance that is cut off from PostgreSQL does not hear of such a
// write, and serves what it has until one of the links is back, or the TTL ends." "Until the
// release of that write got through, other instances may be late." "An instance that was not
// listening when a write was announced hears of it when the writer repeats it, four times a
// second."
bool judge::may_be_unheard(const order& o, const reader& who) const {
    const auto* listener = world_.listener_of(who.process);
    if (!listener) return true;
    // Until it has heard what is unreleased a process trusts nothing.
    if (!listener->owner()->listens) return listener->owner()->listens_since >= 0;
    const auto most = world_.plan().postgres_most;
    const auto since = o.acknowledged < 0 ? o.committed : o.acknowledged;
    const auto from = std::max({since, listener->owner()->listens_since, listener->rested_until()});
    const bool by_commit =
        o.is_untold && o.is_announced &&
        (world_.postgres().has_table || o.committed > listener->owner()->listens_since);
    if (by_commit) return who.began <= from + most + 1;
    const auto* writer = world_.listener_of(o.process);
    if (!writer || !writer->owner()->listens) return true;
    const msec to_know = o.is_untold ? 0 : 1'100;  // that Valkey does not know
    return who.began <= std::max({from, writer->owner()->listens_since, writer->rested_until()}) +
                            to_know + worker::say_every + 2 * most;
}

// "A process that begins when the address leads back to a server that was used before believes
// what that server kept, until the TTL ends."
bool judge::may_be_believed(const order& o, msec at) const {
    const auto& net = world_.network();
    const bool is_back = net.first_switch >= 0 && net.switched_at > net.first_switch;
    const auto since = o.acknowledged < 0 ? o.committed : o.acknowledged;
    const auto& plan = world_.plan();
    return is_back && !world_.postgres().has_table && at <= since + plan.ttl + plan.stale_for();
}

// "Only if one of the two instances does not reach Valkey in time may the other one be late, by at
// most 1 s."
bool judge::is_excused(const order& o, std::size_t key, const reader& who,
                       cache::origin from) const {
    if (who.process == o.process || from == cache::origin::source) return false;
    if (o.process == others && !over_) return false;  // has_to_be_there() says how late that may be
    const auto at = who.began;
    const auto since = o.acknowledged < 0 ? o.committed : o.acknowledged;
    const bool may_lag = from == cache::origin::local ? who.lags : who.is_elsewhere;
    const auto lag_from = who.is_elsewhere ? world_.network().switched_at : since;
    // A machine that was stopped is not late afterwards.
    const bool by_stop = world_.plan().kind == what_happens::machine_stops &&
                         since >= who.stopped_at && since <= who.goes_on_at;
    if (!over_ && has_heard(o, key, who)) return false;
    if (may_lag && !by_stop && at <= lag_from + local_lag) return true;
    if (died_with_it(o, at)) return true;
    const bool is_new = who.process_began > world_.network().first_switch;
    if (is_new && may_be_believed(o, at)) return true;
    if (o.released[key] >= 0 && o.released[key] < at) return false;
    if (over_) return false;
    return (o.is_untold || lost_its_holds(o)) && may_be_unheard(o, who);
}

// "While PostgreSQL's log is followed, a write holds nothing. If its process is killed or frozen
// after the commit, and before its client was answered, entries lack what it wrote until whoever
// follows has told it": "half a second after it was killed and three seconds after it froze".
msec judge::takeover_after() const {
    const auto& plan = world_.plan();
    if (plan.kind != what_happens::writer_dies) return 2'000 + worker::unfollowed + local_lag + 300;
    const bool is_never = plan.log != plan_of_seed::log_trouble::none && plan.trouble_from == 0;
    if (is_never) return 0;  // it was held
    if (plan.log != plan_of_seed::log_trouble::none) return 2'000 + worker::unfollowed + 300;
    return plan.faults.front().is == fault_kind::crash ? 500 : 2'500;
}

// "An order that somebody adds, changes or deletes with psql, another program or a migration is
// seen within milliseconds". "While nobody follows, an entry is believed for
// `CACHE_UNFOLLOWED_SECONDS`"; "what others change is late by `CACHE_UNFOLLOWED_SECONDS` and 2 s at
// most."
bool judge::has_to_be_there(const order& o, const reader& who) const {
    if (over_) return o.committed >= 0;
    const bool is_acknowledged = o.acknowledged >= 0 && o.acknowledging_event < who.event;
    const auto& plan = world_.plan();
    if (o.process != others && (is_acknowledged || !plan.is_followed)) return is_acknowledged;
    if (o.committed < 0) return false;
    const auto round_trips = 6 * plan.postgres_most + 4 * plan.network_most;
    const bool is_followed =
        plan.faults.empty() && o.committed > 3'000 && plan.log == plan_of_seed::log_trouble::none;
    const auto late = plan.log_most + 150 + round_trips + (is_followed ? 0 : takeover_after());
    return who.began > o.committed + late;
}

// "It is never used beyond that time, nor after it was made untrue."
void judge::check_stale(const reader& who, std::size_t key, const cache::found& what) const {
    if (!what.is_stale()) return;
    world_.count(&figures::stale_answers);
    const auto& plan = world_.plan();
    const auto bound = what.instead_of ? plan.if_error : plan.while_revalidate;
    if (who.began > used_until(key) + bound)
        world_.violated(key_name(key) + " is used for too long after its TTL");
    if (plan.kind != what_happens::source_fails) return;
    const auto told = world_.now() - 2 * plan.network_most - 10;  // nothing else takes time there
    for (const auto& o : orders_)
        if (o.number[key] > std::stoll(what.text) && o.released[key] >= 0 && o.released[key] < told)
            world_.violated(key_name(key) + " is used past its TTL although it was made untrue");
}

void judge::answered(const reader& who, std::size_t key, const cache::found& what) {
    const auto value = std::stoll(what.text);
    const auto from = what.from;
    check_stale(who, key, what);
    world_.count(from == cache::origin::local    ? &figures::local_hits
                 : from == cache::origin::shared ? &figures::shared_hits
                                                 : &figures::source_reads);
    world_.say([&] {
        static constexpr std::array names{"local", "shared", "source"};
        return "process " + std::to_string(who.process) + " worker " + std::to_string(who.place) +
               " answers " + key_name(key) + " = " + std::to_string(value) + " from " +
               names[static_cast<std::size_t>(from)] + ", asked at " + std::to_string(who.began) +
               (who.lags ? " (lags)" : "") + (who.is_elsewhere ? " (elsewhere)" : "");
    });
    if (value > world_.postgres().count(key)) return world_.violated("counted too much");
    const bool waited = world_.plan().kind == what_happens::stuck_load &&
                        !world_.postgres().is_first_to_load(who.place, key);
    const auto loads = 3 * world_.plan().postgres_most;
    if (waited && world_.now() > who.began + longest_wait + loads)
        world_.violated("a reader waits for as long as another one loads");
    const bool is_fresh = from != cache::origin::source && !what.is_stale();
    if (is_fresh && who.began > used_until(key))
        world_.violated(key_name(key) + " is used after its time");
    const auto now_by = world_.network().newest_of(who.place);
    const bool is_by_it = from != cache::origin::source && now_by && now_by->id == who.connection;
    if (is_by_it && who.is_at_a_replica) world_.violated("an entry of a replica is used");
    if (is_by_it && who.promoted_at >= 0 && who.began > who.promoted_at + local_lag)
        world_.violated("an entry is used of a server that was a replica meanwhile");
    const auto& expected = expected_[key];
    const auto farthest =
        who.is_busy ? std::max(expected.farthest, cache::origin::shared) : expected.farthest;
    if (from > farthest && who.began <= expected.until)
        world_.violated(key_name(key) + " is not answered from the tier that has it");
    for (std::size_t i = 0; i < orders_.size(); ++i) {
        const auto& o = orders_[i];
        if (!has_to_be_there(o, who) || o.number[key] <= value) continue;
        if (!is_excused(o, key, who, from))
            return world_.violated(key_name(key) + " lacks order " + std::to_string(i + 1));
        world_.count(&figures::late_answers);
    }
}

// Of whoever is gone, of a server that forgot their end, and of keys for which there was no room,
// holds stay until their time is over.
void judge::check_left_holds(std::size_t key, const std::vector<std::string>& writers) {
    if (!losses_.empty() || world_.plan().max_remembered == 1) return;
    for (const auto& writer : writers) {
        const auto process = static_cast<std::uint32_t>(std::stoul(writer.substr(1)));
        if (!is_dead(process) && !is_one_of(writer, strays_))
            world_.violated(key_name(key) + " stays held by " + writer);
    }
}

void judge::check_shared(std::size_t key, std::int64_t value, msec expires) {
    for (std::size_t i = 0; i < orders_.size(); ++i) {
        const auto& o = orders_[i];
        if (o.number[key] <= value || died_with_it(o, expires)) continue;
        if (may_be_believed(o, expires)) continue;
        world_.violated(key_name(key) + " stays in the shared tier without order " +
                        std::to_string(i + 1));
    }
}

}  // namespace larder::simulation
