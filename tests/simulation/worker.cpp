#include "simulation/worker.hpp"

#include <algorithm>
#include <utility>

#include "simulation/world.hpp"

namespace larder::simulation {

using cache::flight;
using cache::lease_answer;
using cache::local_tier;
using std::chrono::milliseconds;

worker::worker(world& w, std::uint8_t place, std::uint32_t incarnation, process_ptr of)
    : world_(w),
      place_(place),
      incarnation_(incarnation),
      process_(std::move(of)),
      process_name_(incarnation * 1'000'000 + place * 100'000 + 10'000'000'000),
      local_(local_options()),
      client_(w, *this) {
    client_.start();
    spawn(look_after());
    if (world_.is_listener(place) && world_.rules().repeat_announcements) spawn(say());
}

// The coroutines hold what the other members are about to end.
worker::~worker() { nursery_.kill_all(); }

cache::local_tier_options worker::local_options() const {
    cache::local_tier_options options{.max_bytes = world_.plan().local_bytes};
    if (!world_.rules().proof_of_life) options.max_silence = milliseconds{1'000'000};
    return options;
}

std::string worker::name() const {
    return "process " + std::to_string(process_->id) + " worker " + std::to_string(place_);
}

// ---- Time.

std::uint64_t worker::new_wait() { return ++last_wait_; }

worker::wait worker::wait_for(std::uint64_t id) { return {*this, id}; }

worker::wait worker::sleep(msec duration) {
    const auto id = new_wait();
    schedule(event::kind::resume, world_.now() + duration, id);
    return {*this, id};
}

void worker::schedule(event::kind what, msec at, std::uint64_t id) {
    world_.schedule(
        {.at = at, .what = what, .owner = place_, .incarnation = incarnation_, .id = id});
}

void worker::resume(std::uint64_t id) {
    const auto found = waits_.find(id);
    if (found == waits_.end()) return;
    const auto who = found->second;
    waits_.erase(found);
    who.resume();
}

void worker::cancel(std::uint64_t id) { schedule(event::kind::resume, world_.now(), id); }

// ---- What the client tells.

void worker::connected(msec sent) {
    const bool keeps = !world_.rules().new_epoch_on_lost_connection && was_connected_;
    if (keeps) local_.heard(time_of(sent));
    else local_.connected(time_of(sent));
    was_connected_ = true;
    spawn(trust(client_.life()));
}

void worker::lost() {
    if (world_.rules().new_epoch_on_lost_connection) local_.lost();
    wake_all();
}

void worker::changed(std::size_t key) {
    world_.say([&] { return name() + " hears that " + key_name(key) + " changed"; });
    local_.invalidated(key_name(key));
    wake(key);
}

void worker::all_changed() {
    local_.invalidated_all();
    wake_all();
}

// ---- Trust.

bool worker::is_usable(std::size_t key) const {
    const bool remembered =
        world_.rules().remember_unreleased && process_->own.is_remembered(key_name(key));
    return client_.life() == trusted_life_ && client_.is_answering() && !remembered;
}

task<void> worker::trust(std::uint64_t life) {
    if (!world_.rules().purge_before_trust) trusted_life_ = life;
    while (client_.life() == life && trusted_life_ != life) {
        const auto run = co_await client_.call(command{.what = verb::info}, urgency::background);
        bool trusted = run.was_answered;
        if (trusted) trusted = co_await trust_family(*run.value);
        if (trusted && client_.life() == life) {
            trusted_life_ = life;
            world_.say([&] { return name() + " trusts Valkey"; });
            break;
        }
        co_await sleep(20);
    }
}

task<bool> worker::trust_family(text run) {
    const auto found = co_await client_.call(command{.what = verb::marker}, urgency::background);
    if (!found.was_answered) co_return false;
    if (found.value == run) co_return true;
    const command lock{.what = verb::lock, .name = process_name_, .duration = purge_lock};
    const auto locked = co_await client_.call(lock, urgency::background);
    if (!locked.was_answered || !locked.succeeded) co_return false;
    const bool purged = co_await purge();
    if (!purged) co_return false;
    world_.count(&figures::purges);
    const command mark{.what = verb::mark, .name = run};
    const auto marked = co_await client_.call(mark, urgency::background);
    co_return marked.was_answered;
}

// Leases first, or a fill that was granted before lands behind the purge.
task<bool> worker::purge() {
    constexpr std::array steps{std::pair{verb::find_leases, verb::delete_leases},
                               std::pair{verb::find_values, verb::delete_values}};
    for (const auto& [find, remove] : steps) {
        const auto found = co_await client_.call(command{.what = find}, urgency::background);
        if (!found.was_answered) co_return false;
        const command del{.what = remove, .name = found.keys};
        const auto gone = co_await client_.call(del, urgency::background);
        if (!gone.was_answered) co_return false;
    }
    co_return true;
}

// ---- Reads.

std::optional<text> worker::find(std::size_t key) {
    const auto& own = process_->own;
    const bool remembered = world_.rules().remember_unreleased && own.is_remembered(key_name(key));
    if (!local_.is_on() || remembered) return std::nullopt;
    const auto found =
        local_.find(key_name(key), time_of(world_.now()), own.generation(key_name(key)));
    if (!found) return std::nullopt;
    return std::stoll(std::string{found->value});
}

std::optional<text> worker::local_value(std::size_t key) { return find(key); }

task<void> worker::get(std::size_t key) {
    ++requests_;
    const judge::reader me{place_, process_->id, world_.now(), world_.counted().events};
    const auto local = find(key);
    if (local) {
        world_.judge().answered(me, key, *local, origin::local);
    } else {
        const auto p = co_await read(key);
        if (p->failed) world_.count(&figures::failed_gets);
        else world_.judge().answered(me, key, p->value, p->from);
    }
    --requests_;
}

worker::passage_ptr worker::in_the_air(std::size_t key) const {
    for (const auto& p : flying_)
        if (p->key == key) return p;
    return nullptr;
}

task<worker::passage_ptr> worker::read(std::size_t key) {
    passage_ptr mine;
    if (!world_.rules().never_join_in_the_air) mine = in_the_air(key);
    if (!world_.rules().one_flight_a_key) {
        mine = std::make_shared<passage>();
        mine->key = key;
        mine->alone = true;
        take_off(mine);
    } else if (!mine) {
        const auto boarded = flights_.board(key_name(key));
        if (boarded.is_first) {
            auto fresh = std::make_shared<passage>();
            fresh->key = key;
            boarding_.emplace(boarded.number, std::move(fresh));
        }
        mine = boarding_.at(boarded.number);
        if (boarded.takes_off) {
            boarding_.erase(boarded.number);
            take_off(mine);
        }
    }
    if (!mine->landed) {
        mine->passengers.push_back(new_wait());
        co_await wait_for(mine->passengers.back());
    }
    co_return mine;
}

void worker::take_off(const passage_ptr& p) {
    flying_.push_back(p);
    spawn(fly(p));
}

void worker::land(const passage_ptr& p) {
    p->landed = true;
    std::erase(flying_, p);
    for (const auto one : std::exchange(p->passengers, {}))
        schedule(event::kind::resume, world_.now(), one);
    if (p->alone) return;
    const auto next = flights_.landed(key_name(p->key));
    if (!next) return;
    const auto found = boarding_.find(*next);
    const auto following = std::move(found->second);
    boarding_.erase(found);
    take_off(following);
}

task<void> worker::fly(passage_ptr p) {
    flight f{{}, time_of(world_.now())};
    const auto token = next_name();
    auto next = f.take_off(is_usable(p->key));
    while (next != step::land) switch (next) {
            case step::read: next = co_await read_shared(f, *p); break;
            case step::ask: next = co_await ask(f, *p, token); break;
            case step::wait: next = co_await wait_for_change(f, p->key); break;
            case step::load: next = co_await load(f, *p, token); break;
            case step::fill: next = co_await fill(f, *p, token); break;
            case step::yield: next = co_await yield(f, p->key, token); break;
            case step::land: break;
        }
    land(p);
}

task<worker::step> worker::read_shared(flight& f, passage& p) {
    const auto name = key_name(p.key);
    local_tier::place place = 0;
    if (world_.rules().place_reserved_before_get)
        place = local_.reserve(name, process_->own.generation(name));
    last_place_[p.key] = std::max(last_place_[p.key], place);
    const auto sent = world_.now();
    const auto got = co_await client_.call(command{.what = verb::get, .key = p.key});
    if (!world_.rules().place_reserved_before_get)
        place = local_.reserve(name, process_->own.generation(name));
    if (!world_.rules().place_has_identity) place = last_place_[p.key];
    if (!got.was_answered || !is_usable(p.key)) {
        local_.abandon(place, name);
        co_return f.read_answered(false, false);
    }
    if (!got.value) {
        local_.abandon(place, name);
        co_return f.read_answered(true, false);
    }
    keep(place, p.key, got, sent);
    p.value = *got.value;
    p.from = origin::shared;
    co_return f.read_answered(true, true);
}

void worker::keep(local_tier::place place, std::size_t key, const reply& got, msec sent) {
    const auto left = std::min(world_.plan().ttl, got.pttl);
    if (left > 0)
        local_.settle(place, key_name(key), std::to_string(*got.value), time_of(sent + left));
    else local_.abandon(place, key_name(key));
}

task<worker::step> worker::ask(flight& f, passage& p, text token) {
    if (!is_usable(p.key)) co_return f.lease_answered(lease_answer::none, time_of(world_.now()));
    const command lease{
        .what = verb::lease, .key = p.key, .name = token, .duration = world_.plan().lease};
    const auto got = co_await client_.call(lease);
    auto answer = got.lease;
    if (answer == lease_answer::value) {
        if (is_usable(p.key)) {
            p.value = *got.value;
            p.from = origin::shared;
        } else {
            answer = lease_answer::none;
        }
    }
    co_return f.lease_answered(answer, time_of(world_.now()));
}

task<worker::step> worker::wait_for_change(flight& f, std::size_t key) {
    world_.count(&figures::waits);
    const auto id = new_wait();
    schedule(event::kind::resume, world_.now() + f.ask_again().count(), id);
    const auto mine = waiting_.emplace(key, id);
    co_await wait_for(id);
    waiting_.erase(mine);
    co_return f.woken(is_usable(key));
}

void worker::wake(std::size_t key) {
    const auto [first, last] = waiting_.equal_range(key);
    for (auto it = first; it != last; ++it) cancel(it->second);
}

void worker::wake_all() {
    for (const auto& [key, id] : waiting_) cancel(id);
}

task<worker::step> worker::load(flight& f, passage& p, text token) {
    const auto during = std::make_shared<renewal>();
    if (f.may_fill()) spawn(renew(p.key, token, during));
    const auto loaded = co_await world_.postgres().load(*this, p.key);
    during->ended = true;
    cancel(during->pause);
    p.failed = !loaded.succeeded;
    if (!p.failed) {
        p.value = loaded.value;
        p.from = origin::source;
    }
    co_return f.loaded(!p.failed, is_usable(p.key));
}

task<worker::step> worker::yield(flight& f, std::size_t key, text token) {
    const command yield{.what = verb::yield, .key = key, .name = token};
    co_await client_.call(yield);
    co_return f.yielded();
}

task<void> worker::renew(std::size_t key, text token, std::shared_ptr<renewal> during) {
    while (true) {
        during->pause = new_wait();
        schedule(event::kind::resume, world_.now() + world_.plan().lease / 3, during->pause);
        co_await wait_for(during->pause);
        if (during->ended || !is_usable(key)) co_return;
        const bool own = world_.rules().renew_only_own_lease;
        const command again{.what = own ? verb::renew : verb::lease,
                            .key = key,
                            .name = token,
                            .duration = world_.plan().lease};
        const auto renewed = co_await client_.call(again);
        const bool granted = own ? renewed.succeeded : renewed.lease == lease_answer::granted;
        if (!renewed.was_answered || !granted) co_return;
        world_.count(&figures::renewals);
    }
}

task<worker::step> worker::fill(flight& f, const passage& p, text token) {
    const auto most = world_.plan().ttl;
    const command fill{.what = verb::fill,
                       .key = p.key,
                       .name = token,
                       .value = p.value,
                       .duration = world_.luck().between(most - most / 20, most)};
    const auto filled = co_await client_.call(fill);
    const auto name = key_name(p.key);
    if (!world_.rules().only_gets_are_kept && filled.was_answered && filled.value == 1)
        local_.settle(local_.reserve(name, process_->own.generation(name)), name,
                      std::to_string(p.value), time_of(world_.now() + most));
    co_return f.filled();
}

// ---- Writes.

task<bool> worker::hold(keys of, text writer) {
    if (!client_.is_answering()) co_return false;
    std::vector<command> commands;
    for (const auto key : of)
        commands.push_back({.what = verb::hold, .key = key, .name = writer, .duration = hold_time});
    const auto all = co_await client_.call(std::move(commands));
    co_return std::all_of(all.begin(), all.end(), [](auto& r) { return r.succeeded; });
}

task<bool> worker::release(keys of, text writer) {
    if (!client_.is_answering()) co_return false;
    std::vector<command> commands;
    for (const auto key : of)
        commands.push_back(
            {.what = verb::release, .key = key, .writers = std::vector<text>(1, writer)});
    const auto all = co_await client_.call(std::move(commands));
    co_return std::all_of(all.begin(), all.end(), [](auto& r) { return r.succeeded; });
}

void worker::remember(const keys& of, text writer) {
    world_.count(&figures::remembered);
    world_.say([&] { return name() + " remembers the keys of order " + std::to_string(writer); });
    world_.judge().cut_off(writer);
    std::vector<cache::broken_key> broken;
    for (const auto key : of) broken.push_back({key_name(key), std::to_string(writer)});
    process_->own.remember(broken);
    release_soon();
}

void worker::release_soon() {
    if (client_.life() == trusted_life_ && !releasing_) spawn(release_remembered());
}

void worker::hear(std::uint64_t announcement) {
    const auto& one = world_.postgres().announced(announcement);
    world_.say([&] {
        return name() + " hears what process " + std::to_string(one.by) + " announced at " +
               std::to_string(one.sent);
    });
    if (!process_->own.hear(one.payload, std::vector<std::string>{family})) return;
    world_.judge().heard(one, process_->id, world_.now());
    release_soon();
}

task<void> worker::say() {
    while (true) {
        co_await sleep(say_every);
        if (process_->listens_from > world_.now()) continue;
        for (const auto& one : process_->own.announcements())
            world_.postgres().notify(process_->id, one);
    }
}

void worker::count(const keys& of) {
    if (!world_.rules().count_own_writes) return;
    std::vector<std::string> names;
    for (const auto key : of) names.push_back(key_name(key));
    process_->own.count(names);
}

task<bool> worker::write_hold(keys of, text writer) {
    const bool held = co_await hold(of, writer);
    if (held) world_.judge().held(writer, world_.now());
    else remember(of, writer);
    co_return held;
}

task<void> worker::write_release(keys of, text writer) {
    const bool released = co_await release(of, writer);
    if (!released) remember(of, writer);
    count(of);
}

task<void> worker::leave(keys of, text writer, statement_ptr by) {
    count(of);
    ++settling_;
    spawn(settle(of, writer, std::move(by)));
    co_return;
}

task<void> worker::settle(keys of, text writer, statement_ptr by) {
    const auto until = world_.now() + hold_time;
    auto hold_anew = world_.now();
    msec between = 20;
    bool over = false;
    while (!over && world_.now() < until) {
        if (world_.now() >= hold_anew) {
            const bool held = co_await hold(of, writer);
            if (held) world_.judge().held(writer, world_.now());
            if (held) hold_anew = world_.now() + hold_time / 2;
        }
        over = co_await world_.postgres().is_over(*this, by);
        if (over) break;
        co_await sleep(between);
        between = std::min<msec>(between * 2, 320);
    }
    co_await write_release(of, writer);
    --settling_;
}

task<void> worker::post(keys of) {
    ++requests_;
    const auto& rules = world_.rules();
    const auto order = world_.judge().begin_order(process_->id, of, world_.now());
    if (rules.release_before_commit) co_await release(of, order);
    bool held = true;
    if (rules.hold_before_commit) held = co_await write_hold(of, order);
    else world_.judge().held(order, 0);
    std::vector<std::string> names, announcements;
    for (const auto key : of) names.push_back(key_name(key));
    if (!held && rules.announce_what_valkey_cannot_tell)
        announcements = process_->own.announcements(names);
    const auto result = co_await world_.postgres().commit(*this, of, order, announcements);
    if (result.is == outcome::unknown) {
        if (rules.release_after_unknown_outcome) co_await leave(of, order, result.by);
    } else if (rules.release_after_commit) {
        co_await write_release(of, order);
    } else {
        count(of);
    }
    if (result.is == outcome::written) world_.judge().acknowledged(order, world_.now());
    --requests_;
}

// ---- What goes on in the background.

task<void> worker::look_after() {
    auto last_release = world_.now();
    while (true) {
        const auto due = world_.now() + tick;
        co_await sleep(tick);
        const auto now = world_.now();
        local_.woke(time_of(due), time_of(now));
        const bool quiet = time_of(now) - local_.last_heard() > milliseconds{quiet_for} ||
                           !local_.is_current(time_of(now));
        if (local_.is_connected() && quiet && !pinging_) spawn(ping());
        if (!process_->own.remembers_any() || releasing_ || now - last_release < release_every)
            continue;
        last_release = now;
        if (client_.life() == trusted_life_) spawn(release_remembered());
    }
}

task<void> worker::ping() {
    pinging_ = true;
    co_await client_.call(command{}, urgency::background);
    pinging_ = false;
}

task<void> worker::release_remembered() {
    releasing_ = true;
    bool got_through = true;
    while (got_through && process_->own.remembers_any()) got_through = co_await release_some();
    releasing_ = false;
}

task<bool> worker::release_some() {
    auto& own = process_->own;
    if (const auto overflow = own.overflow(); overflow != 0) {
        world_.count(&figures::overflows);
        const bool purged = co_await purge();
        if (!purged) co_return false;
        own.forget_all(overflow);
    }
    const auto some = own.some(256);
    if (some.empty()) co_return true;
    std::vector<command> commands;
    for (const auto& one : some) {
        command c{.what = verb::release, .key = key_number(one.key)};
        for (const auto& writer : one.writers) c.writers.push_back(std::stoll(writer));
        commands.push_back(std::move(c));
    }
    const auto all = co_await client_.call(std::move(commands), urgency::background);
    std::vector<cache::own_writes::unreleased> released;
    keys of;
    for (std::size_t i = 0; i < some.size(); ++i) {
        if (!all[i].succeeded) continue;
        released.push_back(some[i]);
        of.push_back(key_number(some[i].key));
    }
    count(of);
    own.forget(released);
    co_return released.size() == some.size();
}

// ---- What is left over.

bool worker::is_calm() const {
    return requests_ == 0 && settling_ == 0 && client_.life() == trusted_life_ &&
           client_.is_answering() && !process_->own.remembers_any() && flying_.empty();
}

std::string worker::leftover() {
    if (!boarding_.empty() || !waiting_.empty()) return "a flight is stuck";
    constexpr std::size_t ping_and_probe = 2;
    if (client_.unanswered() > ping_and_probe) return "commands are left in the queue";
    for (std::size_t k = 0; k < max_keys; ++k) {
        if (!flights_.board(key_name(k)).takes_off) return "a flight of departures is stuck";
        if (flights_.landed(key_name(k))) return "departures has a passenger left";
    }
    if (process_->own.remembered() != 0) return "own_writes remembers a key";
    return {};
}

}  // namespace larder::simulation
