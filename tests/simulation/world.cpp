#include "simulation/world.hpp"

#include <algorithm>
#include <utility>

#include "cache/generations.hpp"
#include "cache/scripts.hpp"

namespace larder::simulation {

namespace {

constexpr msec look_every = 40;
constexpr msec ask_within = 30;

plan_of_seed plan_with_delays(chance& luck, what_happens kind) {
    plan_of_seed p;
    p.kind = kind;
    p.network_most = kind == what_happens::pushes_come_last ? 0
                     : kind != what_happens::anything
                         ? luck.any_of<msec>({1, 3, 10})  // no deadline is missed
                         : luck.any_of<msec>({1, 3, 10, 40, 150});
    const bool is_quick =
        kind == what_happens::others_write || kind == what_happens::nobody_follows_any_more ||
        kind == what_happens::pushes_come_last || kind == what_happens::writer_dies;
    p.postgres_most = is_quick ? luck.any_of<msec>({2, 20}) : luck.any_of<msec>({2, 20, 200, 900});
    return p;
}

}  // namespace

world::world(std::uint64_t seed, const variant& v, what_happens kind, bool traces)
    : seed_(seed),
      traces_(traces),
      luck_(seed),
      variant_(v),
      plan_(plan_with_delays(luck_, kind)),
      network_(*this, plan_.network_most),
      postgres_(*this, plan_.postgres_most) {
    for (auto& one : servers_) one.checks_lease = variant_.fill_checks_lease;
    servers_[1].is_replica = true;
    make_plan();
}

world::~world() { workers_.clear(); }

// ---- The plan.

void world::make_plan() {
    plan_.instances = static_cast<int>(luck_.between(1, 3));
    plan_.workers = static_cast<int>(luck_.between(1, 2));
    plan_.keys = static_cast<std::size_t>(luck_.between(2, 3));
    const auto few = static_cast<std::size_t>(luck_.between(200, 900));
    plan_.local_bytes = luck_.any_of<std::size_t>({0, few, 1 << 20, 1 << 20, 1 << 20, 1 << 20});
    if (plan_.is_herd()) {
        plan_.ends = 5'000;
        plan_.gets = static_cast<int>(luck_.between(20, 200));
        if (plan_.kind == what_happens::stuck_load) postgres_.first_load_takes = 9'000;
    } else if (plan_.kind == what_happens::there_and_back) {
        plan_there_and_back();
    } else if (plan_.kind == what_happens::gone_silent) {
        plan_gone_silent();
    } else if (plan_.kind == what_happens::no_room) {
        plan_no_room();
    } else if (plan_.kind == what_happens::long_purge) {
        plan_.instances = 3;
        plan_.purge_lock = luck_.any_of<msec>({20, 40});
        plan_.ends = 1'000;
        plan_.gets = 20;
    } else if (plan_.kind == what_happens::silent_twice) {
        plan_silence();
    } else if (plan_.kind == what_happens::machine_stops) {
        plan_stops();
    } else if (plan_.kind == what_happens::stops_while_it_settles) {
        plan_settling();
    } else if (plan_.kind == what_happens::reads_late) {
        plan_late_readers();
    } else if (plan_.kind == what_happens::others_write) {
        plan_others();
    } else if (plan_.kind == what_happens::nobody_follows_any_more) {
        plan_end_of_following();
    } else if (plan_.kind == what_happens::pushes_come_last) {
        plan_two(6'000, 300, 12);
        plan_.is_followed = true;
        network_.pushes_wait = true;
    } else if (plan_.kind == what_happens::writer_dies) {
        plan_death();
    } else if (plan_.kind == what_happens::source_fails) {
        plan_outages();
    } else if (plan_.kind != what_happens::anything) {
        plan_cut_off();
    } else {
        if (luck_.in(5)) plan_.max_remembered = 1;
        plan_.ttl = luck_.any_of<msec>({1'000, 2'000, 8'000, 8'000});
        plan_.has_table = variant_.unreleased_table && luck_.in(70);
        if (plan_.network_most <= 10) plan_.purge_lock = luck_.any_of<msec>({40, 500});
        plan_.lease = luck_.any_of<msec>({150, 1'000, 1'000});
        plan_.ends = luck_.between(600, 2'500);
        plan_.gets = static_cast<int>(luck_.between(10, 60));
        plan_.posts = static_cast<int>(luck_.between(1, 8));
        plan_.lose_percent = luck_.any_of<int>({0, 0, 20, 50});
        postgres_.lose_percent = plan_.lose_percent;
        plan_faults();
    }
    if (variant_.may_be_stale) plan_what_is_stale();
    if (variant_.is_followed) plan_.is_followed = true;
    schedule_faults();
    postgres_.has_table = plan_.has_table;
    for (int i = 0; i < plan_.instances * plan_.workers; ++i) workers_.emplace_back();
    for (int i = 0; i < plan_.instances; ++i) start_instance(i);
    plan_requests();
    schedule({.at = look_every, .what = event::kind::expire});
}

// Two instances, and entries that outlive what happens.
void world::plan_two(msec ends, int gets, int posts) {
    plan_.instances = 2;
    plan_.workers = 1;
    plan_.ttl = 8'000;
    plan_.ends = ends;
    plan_.gets = gets;
    plan_.posts = posts;
}

// Who is cut off writes while those who would hear of it connect to PostgreSQL again; or while they
// are not there, and dies.
void world::plan_cut_off() {
    plan_two(2'500, 100, 8);
    plan_.has_table = variant_.unreleased_table;
    plan_.faults = {{.is = fault_kind::silence, .at = 400, .lasts = 1'900},
                    {.is = fault_kind::postgres_down, .at = 500, .lasts = luck_.between(1, 300)}};
    if (plan_.kind == what_happens::killed_while_cut_off) {
        plan_.instances = 1;
        plan_.faults[1] = {.is = fault_kind::crash, .at = luck_.between(600, 1'800), .lasts = 20};
    }
}

void world::plan_there_and_back() {
    using enum fault_kind;
    plan_.instances = static_cast<int>(luck_.between(1, 2));
    plan_.ttl = 8'000;
    plan_.has_table = variant_.unreleased_table && luck_.in(70);
    plan_.ends = 3'000;
    plan_.gets = 100;
    plan_.posts = 8;
    const auto there = luck_.between(600, 1'200), back = luck_.between(1'300, 2'200);
    plan_.faults = {{.is = fail_over, .at = there, .lasts = 1},
                    {.is = fail_over, .at = back, .lasts = 1},
                    {.is = end_process, .at = luck_.between(there, back + 50), .lasts = 20},
                    {.is = crash, .at = luck_.between(there, back + 50), .lasts = 20, .place = 0}};
}

// What is asked before the first silence is answered after it; what happened meanwhile is not told.
void world::plan_silence() {
    using enum fault_kind;
    plan_two(3'000, 300, 12);
    const auto lasts = luck_.between(100, 800), first = luck_.between(600, 1'200);
    plan_.faults = {{.is = silent_replies, .at = first, .lasts = lasts},
                    {.is = silent_replies, .at = first + lasts + luck_.below(3), .lasts = 1'500}};
    if (luck_.in(70)) return;
    // In the middle of the first words, and of what it said the role is no longer true.
    for (auto& one : plan_.faults) one.at += luck_.between(20, 60);
    plan_.faults[1].at += luck_.between(20, 150);
    plan_.faults.push_back({.is = cut, .at = first, .lasts = 1});
    plan_.faults.push_back({.is = demote, .at = plan_.faults[0].at + 60, .lasts = 2'500});
}

void world::plan_gone_silent() {
    plan_two(3'000, 100, 12);
    plan_.faults = {{.is = fault_kind::silence, .at = judge::goes_silent, .lasts = 1}};
    network_.mute_from = judge::goes_silent;
    network_.mute_until = judge::goes_silent + luck_.below(4'000);
}

void world::plan_no_room() {
    using enum fault_kind;
    plan_two(2'000, 300, 12);
    plan_.workers = 2;
    plan_.max_remembered = 1;
    const auto at = luck_.between(500, 800);
    for (std::uint8_t place = 0; place < 2; ++place)
        plan_.faults.push_back({.is = silent_commands, .at = at, .lasts = 500, .place = place});
    plan_.faults.push_back({.is = silent_replies, .at = at, .lasts = 700, .place = 3});
}

void world::plan_stops() {
    plan_two(3'000, 300, 12);
    for (msec at = 500; at < plan_.ends; at += 900)
        plan_.faults.push_back({.is = fault_kind::stop_machine,
                                .at = at + luck_.below(500),
                                .lasts = luck_.between(40, 400)});
}

// Commits that wait for a standby, or that a pooler keeps open, may come after it goes on.
void world::plan_settling() {
    plan_two(1'500, 20, 8);
    plan_.lose_percent = postgres_.lose_percent = 80;
    plan_.faults = {{.is = fault_kind::stop_machine,
                     .at = luck_.between(500, 1'500),
                     .lasts = hold_time + luck_.between(-300, 300)}};
}

// A writer's answer comes before the other instance looks at what it was told.
void world::plan_late_readers() {
    plan_two(2'000, 100, 12);
    network_.unread_most = 40;
}

// Entries outlive what happens, so that each that was not forgotten is found.
void world::plan_others() {
    using enum fault_kind;
    plan_.ttl = 8'000;
    plan_.log_most = luck_.any_of<msec>({1, 20, 100});
    if (luck_.in(10)) plan_.max_remembered = 1;
    plan_.by_triggers = luck_.in(25);
    plan_.ends = 6'000;
    plan_.gets = static_cast<int>(luck_.between(20, 100));
    plan_.posts = static_cast<int>(luck_.below(4));
    plan_.others = static_cast<int>(luck_.between(1, 8));
    plan_.is_followed = true;
    if (luck_.in(30)) {
        plan_.log =
            luck_.any_of({plan_of_seed::log_trouble::refused, plan_of_seed::log_trouble::stalled});
        plan_.trouble_from = luck_.between(1'000, 2'000);
        plan_.trouble_until = plan_.trouble_from + luck_.between(3'000, 5'500);
        plan_.ends = 8'000;
        plan_.is_quiet = luck_.in(40);
        if (plan_.is_quiet) return;
    }
    if (luck_.in(50)) plan_faults();
    if (!luck_.in(30)) return;
    // The one that follows, often.
    plan_.faults.push_back({.is = luck_.any_of<fault_kind>(
                                {crash, end_process, stop_process, stop_machine, postgres_down}),
                            .at = luck_.between(1'000, 5'000),
                            .lasts = luck_.between(1, 3'000),
                            .place = 0});
}

void world::plan_end_of_following() {
    plan_two(9'000, 0, 0);
    plan_.ttl = 6'000;
    plan_.others = 1;
    plan_.is_followed = true;
    plan_.log_most = 20;
    plan_.log =
        luck_.any_of({plan_of_seed::log_trouble::refused, plan_of_seed::log_trouble::stalled});
    plan_.trouble_from = luck_.between(1'500, 2'000);
    plan_.trouble_until = plan_.trouble_from + plan_.ttl + 500;
    plan_.is_quiet = true;
    if (luck_.in(50)) return;
    // With what was said before the end on its way to it.
    plan_.faults = {{.is = fault_kind::freeze_valkey,
                     .at = plan_.trouble_from + luck_.below(1'000),
                     .lasts = luck_.between(2'500, 4'000)}};
}

// Somebody follows all the time, or never does, or ends just before, so that the writer does not
// know it yet.
void world::plan_death() {
    using enum plan_of_seed::log_trouble;
    plan_two(6'000, 150, 4);
    plan_.instances = static_cast<int>(luck_.between(2, 3));
    plan_.workers = static_cast<int>(luck_.between(1, 2));
    plan_.log_most = luck_.any_of<msec>({1, 20, 100});
    plan_.by_triggers = luck_.in(25);
    plan_.is_followed = true;
    if (luck_.in(60)) return;
    plan_.log = refused;
    plan_.trouble_from = luck_.in(50) ? 0 : luck_.between(2'000, 3'000);
    plan_.trouble_until = plan_.ends;
}

void world::plan_outages() {
    plan_two(4'000, 200, 12);
    plan_.instances = static_cast<int>(luck_.between(1, 2));
    for (msec at = 800; at < plan_.ends; at += 600)
        plan_.faults.push_back({.is = fault_kind::postgres_down,
                                .at = at + luck_.below(400),
                                .lasts = luck_.between(1, 400)});
}

// Entries end while things happen. Where others write, some are asked for long after their time.
void world::plan_what_is_stale() {
    const bool is_long = plan_.kind == what_happens::others_write;
    plan_.ttl = luck_.any_of<msec>({1'000, 2'000});
    plan_.while_revalidate = is_long ? 8'000 : luck_.any_of<msec>({0, 1'000, 2'000});
    plan_.if_error = luck_.any_of<msec>({0, 1'000, 4'000});
}

void world::schedule_faults() {
    if (plan_.kind == what_happens::anything && luck_.in(10))  // it is not there yet
        plan_.faults.push_back({.is = fault_kind::restart_empty, .lasts = luck_.between(1, 400)});
    for (std::size_t i = 0; i < plan_.faults.size(); ++i)
        schedule({.at = plan_.faults[i].at, .what = event::kind::fault, .id = i});
}

void world::plan_faults() {
    const auto how_many = luck_.below(6);
    for (std::int64_t i = 0; i < how_many; ++i) {
        fault f;
        f.is = static_cast<fault_kind>(luck_.below(fault_kinds));
        f.at = luck_.below(plan_.ends);
        f.lasts = luck_.any_of<msec>({20, 150, 400, 1'200, 3'000});
        f.lasts = luck_.between(1, f.lasts);
        f.place = static_cast<std::uint8_t>(luck_.below(plan_.instances * plan_.workers));
        f.key = static_cast<std::size_t>(luck_.below(static_cast<std::int64_t>(plan_.keys)));
        if (f.is == fault_kind::restart_old) {  // what was saved some time before
            auto save = f;
            save.is = fault_kind::save;
            save.at = luck_.below(f.at + 1);
            plan_.faults.push_back(save);
        }
        plan_.faults.push_back(f);
    }
}

void world::fail_while_it_writes(fault_kind how, std::uint8_t place, msec at) {
    plan_.faults.push_back({.is = how,
                            .at = at + luck_.between(1, 3 * plan_.postgres_most),
                            .lasts = luck_.between(1, 3'000),
                            .place = place});
    schedule(
        {.at = plan_.faults.back().at, .what = event::kind::fault, .id = plan_.faults.size() - 1});
}

void world::plan_requests() {
    const auto places = plan_.instances * plan_.workers;
    const auto add = [&](event::kind what, msec at) {
        const bool of_a_customer = what != event::kind::get || luck_.in(50);
        const auto customer = luck_.between(1, static_cast<std::int64_t>(plan_.keys) - 1);
        const auto owner = what == event::kind::others_write
                               ? event::nobody
                               : static_cast<std::uint8_t>(luck_.below(places));
        schedule({.at = at,
                  .what = what,
                  .owner = owner,
                  .id = static_cast<std::uint64_t>(of_a_customer ? customer : 0)});
        return owner;
    };
    if (plan_.is_quiet) {  // entries as old as may be
        for (int i = 0; i < 10; ++i)
            add(event::kind::get, plan_.trouble_from - luck_.between(1, 300));
        add(event::kind::others_write, plan_.trouble_from + luck_.between(50, 300));
        const bool is_end = plan_.kind == what_happens::nobody_follows_any_more;
        const auto until = is_end ? plan_.trouble_until - 1'500 : plan_.trouble_until;
        for (int i = 0; i < 40; ++i)
            add(event::kind::get, until + luck_.below(is_end ? 1'500 : 400));
        return;
    }
    for (int i = 0; i < plan_.gets; ++i)
        add(event::kind::get, plan_.is_herd() ? 4'000 + luck_.below(3) : luck_.below(plan_.ends));
    for (int i = 0; i < plan_.posts + plan_.others; ++i) {
        const bool is_last = plan_.kind == what_happens::writer_dies && i + 1 == plan_.posts;
        const auto at = is_last ? luck_.between(3'000, 4'000) : luck_.below(plan_.ends);
        const auto by = add(i < plan_.posts ? event::kind::post : event::kind::others_write, at);
        if (plan_.kind == what_happens::others_write && by != event::nobody && luck_.in(20))
            fail_while_it_writes(fault_kind::stop_process, by, at);
        if (is_last)
            fail_while_it_writes(
                luck_.any_of<fault_kind>({fault_kind::crash, fault_kind::stop_process}), by, at);
        for (int near = 0; is_last && near < 40; ++near)
            add(event::kind::get, at + luck_.between(0, 3'000));
        // Readers just before a write and after it meet it more often.
        for (int near = 0; near < 4; ++near)
            add(event::kind::get, at + luck_.between(-20, 3 * plan_.postgres_most + 20));
    }
    if (plan_.log == plan_of_seed::log_trouble::none) return;
    for (int i = 0; i < 20; ++i)
        add(event::kind::get, plan_.trouble_until + luck_.between(-100, 500));
}

// ---- Instances.

void world::start_instance(int number) {
    const auto p = std::make_shared<process>(++last_process_, plan_.max_remembered);
    p->begun = now();
    say([&] {
        return "instance " + std::to_string(number) + " starts as process " + std::to_string(p->id);
    });
    for (int m = 0; m < plan_.workers; ++m) {
        const auto place = static_cast<std::uint8_t>(number * plan_.workers + m);
        workers_[place] = std::make_unique<worker>(*this, place, p->id, p);
    }
}

bool world::is_running(int number) const {
    return workers_[static_cast<std::size_t>(number * plan_.workers)] != nullptr;
}

void world::crash(int number) {
    if (!is_running(number)) return;
    for (int m = 0; m < plan_.workers; ++m) {
        const auto place = static_cast<std::uint8_t>(number * plan_.workers + m);
        if (m == 0) judge_.ended(workers_[place]->owner()->id);
        const auto c = network_.newest_of(place);
        workers_[place].reset();
        if (c) network_.cut(c);
    }
}

void world::ask_to_end(int number) {
    if (!is_running(number)) return;
    const auto first = static_cast<std::size_t>(number * plan_.workers);
    auto& p = *workers_[first]->owner();
    if (std::exchange(p.is_ending, true)) return;
    for (std::size_t m = 0; m < static_cast<std::size_t>(plan_.workers); ++m)
        schedule({.at = now(),
                  .what = event::kind::end,
                  .owner = static_cast<std::uint8_t>(first + m),
                  .incarnation = p.id});
}

// The next process begins when all workers of the last have ended.
void world::has_ended(std::uint8_t place) {
    const auto number = instance_of(place);
    if (!workers_[place] || workers_[place]->owner()->ended < plan_.workers) return;
    crash(number);
    start_instance(number);
}

// The address leads to the other server. The one before is told to be a replica, and connections to
// it may live on; or it is out of reach, learns nothing, and is as it was when it comes back.
void world::fail_over() {
    const auto before = network_.leads_to;
    const bool is_told = luck_.in(50);
    if (is_told) servers_[before].demote(now());
    network_.leads_to = 1 - before;
    if (servers_[network_.leads_to].is_replica) servers_[network_.leads_to].promote(now());
    network_.switched_at = now();
    if (network_.first_switch < 0) network_.first_switch = now();
    judge_.data_lost(now());
    if (!is_told || luck_.in(50)) network_.cut_all(before);
}

std::vector<worker*> world::listeners() const {
    std::vector<worker*> all;
    for (const auto& w : workers_)
        if (w && is_listener(w->place())) all.push_back(w.get());
    return all;
}

std::string world::name_at(std::uint8_t place) const {
    return workers_[place] ? workers_[place]->engine().name() : std::string{};
}

const worker* world::listener_of(std::uint32_t process) const {
    for (const auto* one : listeners())
        if (one->owner()->id == process) return one;
    return nullptr;
}

void world::tell(const worker& to, const std::string& payload, msec after) {
    told_.push_back(payload);
    schedule({.at = now() + after,
              .what = event::kind::hear,
              .owner = to.place(),
              .incarnation = to.incarnation(),
              .id = told_.size() - 1});
}

// ---- Events.

void world::run() {
    while (!done_ && violation_.empty()) {
        ++figures_.events;
        perform(schedule_.take());
    }
    figures_.seeds = 1;
}

void world::perform(const event& e) {
    if (e.owner != event::nobody) {
        const auto& w = workers_[e.owner];
        if (!w || (e.incarnation != 0 && e.incarnation != w->incarnation())) return;
        if (w->rested_until() > now()) {
            auto later = e;
            later.at = w->rested_until();
            return schedule(later);
        }
        return perform_of_owner(e, *w);
    }
    switch (e.what) {
        case event::kind::arrive_up:
            if (const auto c = network_.find(e.id)) network_.arrive_up(c);
            break;
        case event::kind::arrive_down:
            if (const auto c = network_.find(e.id)) network_.arrive_down(c);
            break;
        case event::kind::pg_take: postgres_.take(e.id); break;
        case event::kind::pg_lost: postgres_.lose(e.id); break;
        case event::kind::pg_orphan: postgres_.end_orphan(e.id); break;
        case event::kind::others_write: postgres_.others_write({0, e.id}); break;
        case event::kind::others_seen:
            postgres_.others_seen(static_cast<std::uint32_t>(e.id));
            break;
        case event::kind::fault: begin(plan_.faults[e.id]); break;
        case event::kind::end_of_fault: end(plan_.faults[e.id]); break;
        default: look(); break;
    }
}

void world::perform_of_owner(const event& e, worker& w) {
    switch (e.what) {
        case event::kind::resume: w.engine().resume(e.id); break;
        case event::kind::parse:
            if (const auto c = network_.find(e.id)) network_.parse(c);
            break;
        case event::kind::handle:
            if (const auto c = network_.find(e.id)) network_.handle(c);
            break;
        case event::kind::hear: w.hear(told_[e.id]); break;
        case event::kind::log_arrives: w.log_arrived(); break;
        case event::kind::get:
            if (w.owner()->is_ending) break;
            count(&figures::gets);
            if (variant_.asks_for_lists && e.id == 0) w.begin_get_list();
            else w.begin_get(e.id);
            break;
        case event::kind::post: {
            if (w.owner()->is_ending) break;
            std::vector<std::size_t> keys{0, e.id};
            w.begin_post(std::move(keys));
            break;
        }
        case event::kind::end: w.begin_end(); break;
        case event::kind::ended: has_ended(w.place()); break;
        default: break;
    }
}

// ---- Faults.

const char* name_of(fault_kind kind) {
    static constexpr std::array<const char*, fault_kinds> all{"connection cut",
                                                              "silence",
                                                              "silent replies",
                                                              "silent commands",
                                                              "restart empty",
                                                              "save",
                                                              "restart with old data",
                                                              "flush",
                                                              "evicted value",
                                                              "evicted lease",
                                                              "evicted holds",
                                                              "Valkey frozen",
                                                              "scripts flushed",
                                                              "failover",
                                                              "demotion",
                                                              "crash",
                                                              "end",
                                                              "process stopped",
                                                              "machine stopped",
                                                              "worker stalled",
                                                              "PostgreSQL down"};
    return all[static_cast<std::size_t>(kind)];
}

void world::begin(fault& f) {
    ++figures_.faults[static_cast<std::size_t>(f.is)];
    say([&] {
        return std::string{"FAULT "} + name_of(f.is) + " at worker " + std::to_string(f.place) +
               ", key " + key_name(f.key) + ", for " + std::to_string(f.lasts) + " ms";
    });
    using enum fault_kind;
    switch (f.is) {
        case cut:
        case silence:
        case silent_replies:
        case silent_commands: begin_on_connection(f); break;
        case crash: this->crash(instance_of(f.place)); break;
        case end_process: ask_to_end(instance_of(f.place)); break;
        case stop_process:
            for (auto& w : workers_)
                if (w && instance_of(w->place()) == instance_of(f.place)) w->rest(f.lasts);
            break;
        case stop_machine: this->stop_machine(f); break;
        case stall_worker:
            if (workers_[f.place]) workers_[f.place]->rest(f.lasts / 4);
            break;
        case postgres_down: postgres_.go_down(); break;
        default: begin_on_valkey(f); break;
    }
    const auto number = static_cast<std::uint64_t>(&f - plan_.faults.data());
    schedule({.at = now() + f.lasts, .what = event::kind::end_of_fault, .id = number});
}

void world::begin_on_connection(const fault& f) {
    const auto c = network_.newest_of(f.place);
    if (!c) return;
    if (f.is == fault_kind::cut) return network_.cut(c);
    network_.silence(c, f.is != fault_kind::silent_replies, f.is != fault_kind::silent_commands,
                     plan_.kind == what_happens::gone_silent ? for_good : now() + f.lasts);
}

// What it was sent meanwhile waits at its network card.
void world::stop_machine(const fault& f) {
    for (auto& w : workers_) {
        if (!w || instance_of(w->place()) != instance_of(f.place)) continue;
        w->rest(f.lasts);
        w->stopped_at = now();
        const auto c = network_.newest_of(w->place());
        if (c) network_.silence(c, false, true, w->rested_until() + luck_.below(6));
    }
}

void world::begin_on_valkey(const fault& f) {
    using enum fault_kind;
    auto& server = servers_[network_.leads_to];
    switch (f.is) {
        case save: server.save(); break;
        case restart_empty:
        case restart_old:
            server.restart(f.is == restart_old);
            network_.is_down = true;
            network_.cut_all(network_.leads_to);
            judge_.data_lost(now());
            break;
        case flush:
            server.flush();
            judge_.data_lost(now());
            break;
        case evict_value: server.evict_value(broken_by(f.key)); break;
        case evict_lease: server.evict_lease(broken_by(f.key)); break;
        case evict_holds:
            server.evict_holds(broken_by(f.key));
            judge_.data_lost(now());
            break;
        case freeze_valkey:
            network_.frozen_until = std::max(network_.frozen_until, now() + f.lasts);
            break;
        case flush_scripts: server.flush_scripts(); break;
        case fail_over:
            if (!network_.is_down) this->fail_over();
            break;
        case demote: server.demote(now()); break;
        default: break;
    }
    network_.deliver_pushes(network_.leads_to);
}

// What was silent speaks again, or turns out to be lost.
void world::end(const fault& f) {
    using enum fault_kind;
    switch (f.is) {
        case silence:
        case silent_replies:
        case silent_commands:
            if (luck_.in(50) && plan_.kind != what_happens::gone_silent)
                if (const auto c = network_.newest_of(f.place)) network_.cut(c);
            break;
        case restart_empty:
        case restart_old: network_.is_down = false; break;
        case postgres_down: postgres_.come_up(); break;
        case demote:
            if (servers_[network_.leads_to].is_replica) servers_[network_.leads_to].promote(now());
            break;
        case crash:
            if (!is_running(instance_of(f.place))) start_instance(instance_of(f.place));
            break;
        default: break;
    }
}

// ---- The end.

void world::violated(const std::string& how) {
    if (!violation_.empty()) return;
    violation_ = how + " (seed " + std::to_string(seed_) + ", at " + std::to_string(now()) + " ms)";
    say([&] { return "VIOLATION " + how; });
}

bool world::is_calm() const {
    const auto follows = [](auto& w) { return w && w->follows(); };
    if (plan_.is_followed && std::none_of(workers_.begin(), workers_.end(), follows)) return false;
    return !network_.is_down && !network_.tells_changes() && !postgres_.is_down() &&
           postgres_.is_idle() && std::all_of(workers_.begin(), workers_.end(), [this](auto& w) {
               return w && w->rested_until() <= now() && w->is_calm();
           });
}

// Valkey looks for what is past its time, and we whether all is over.
void world::look() {
    for (std::size_t which = 0; which < servers_.size(); ++which) {
        figures_.expired_values += servers_[which].expire(now());
        network_.deliver_pushes(which);
    }
    schedule({.at = now() + look_every, .what = event::kind::expire});
    // A key that nobody has asked for before may have the load that takes long. And on a slow
    // network each instance purges for a second, one after the other.
    constexpr msec longest_fault = 3'000;
    const msec soon = 16'000 + postgres_.first_load_takes + 60 * plan_.network_most;
    if (now() < plan_.ends + (plan_.faults.empty() ? 0 : 1)) return;
    if (now() > plan_.ends + longest_fault + soon) return violated("it never comes to rest");
    const bool faults_last = std::any_of(plan_.faults.begin(), plan_.faults.end(),
                                         [this](auto& f) { return f.at + f.lasts > now(); });
    if (faults_last || !is_calm()) return;
    if (final_at_ == 0) final_at_ = now() + judge::local_lag + 1;
    if (now() < final_at_) return;
    if (asked_everybody_ < 3) return ask_everybody();
    check_leftovers();
    done_ = true;
}

// First whatever is not there is loaded; then it is in the shared tier; then in the local one.
void world::ask_everybody() {
    judge_.all_is_over();
    if (++asked_everybody_ == 1) asked_first_ = now();
    expect_hits();
    for (const auto& w : workers_)
        for (std::size_t k = 0; k < plan_.keys; ++k)
            schedule({.at = now() + luck_.below(ask_within),
                      .what = event::kind::get,
                      .owner = w->place(),
                      .id = k});
}

void world::expect_hits() {
    using cache::origin;
    if (plan_.network_most > 10) return;  // commands may miss their deadlines
    const auto& server = servers_[network_.leads_to];
    const auto until = now() + ask_within;
    // A worker counts what is left from when it asked; later answers it does not take.
    constexpr msec longest_answer = 100;
    const msec round_trips = variant_.by_generation ? 3 : 1;  // also of flights in the air
    // Who follows asks the source several times before each sign, so that it may end before the
    // next: "Whoever follows that far behind does not count as one who follows."
    const bool may_be_in_doubt = plan_.is_followed && plan_.postgres_most > 200;
    // While another key's load takes long, what was stored before the sign was seen ends.
    const msec longest_life =
        plan_.is_followed ? std::min(plan_.ttl, worker::unfollowed) : plan_.ttl;
    const msec shortest_life = longest_life - longest_life / 20;
    for (std::size_t k = 0; k < plan_.keys; ++k) {
        const auto found = value_of(server, k);
        const bool lasts = found && !may_be_in_doubt &&
                           found->until > until + 2 * round_trips * plan_.network_most;
        if (asked_everybody_ == 1) {
            was_cached_[k] = found || server.has_holds(broken_by(k), now());  // or cannot be
        } else if (asked_everybody_ == 2) {
            const bool was_just_filled = !was_cached_[k] && now() < asked_first_ + shortest_life;
            if (!found && was_just_filled)
                violated(key_name(k) + " is not cached, although nothing goes on");
            cached_until_[k] = lasts ? found->until : 0;
            if (lasts) judge_.expect_from(k, origin::shared, until);
        } else if (lasts && found->until > until + longest_answer &&
                   found->until == cached_until_[k] && plan_.local_bytes == 1 << 20) {
            judge_.expect_from(k, origin::local, until);
        }
    }
}

void world::check_leftovers() {
    const auto& server = servers_[network_.leads_to];
    if (!server.mark().starts_with(server.run())) violated("a server is trusted without a mark");
    for (std::size_t k = 0; k < plan_.keys; ++k) {
        const auto found = value_of(server, k);
        if (found) judge_.check_shared(k, std::stoll(found->value), found->until);
        judge_.check_left_holds(k, server.holders(broken_by(k), now()));
        if (plan_.kind == what_happens::herd && postgres_.loads(k) > 1)
            violated(key_name(k) + " was loaded " + std::to_string(postgres_.loads(k)) +
                     " times for one herd");
    }
    for (const auto& w : workers_) {
        const auto left = w->engine().leftover();
        if (!left.empty()) violated(w->name() + ": " + left);
        if (w->local_bytes() > plan_.local_bytes) violated("the local tier is too big");
    }
}

// ---- What can be read.

bool world::is_value_of(const std::string& name, std::size_t key) const {
    const auto& of = key_name(key);
    if (!variant_.by_generation) return name == of;
    const std::string_view last = std::string_view{of}.substr(std::string_view{family}.size());
    return name.size() > of.size() && name.ends_with(last);
}

std::optional<model_valkey::kept> world::value_of(const model_valkey& server,
                                                  std::size_t key) const {
    const auto& of = key_name(key);
    const auto with_ttl = [this](std::optional<model_valkey::kept> one) {
        if (one) one->until -= plan_.stale_for();
        return one;
    };
    if (!variant_.by_generation) return with_ttl(server.value(of, now()));
    const auto which = server.value(key_name(0), now());
    if (!which) return std::nullopt;
    auto found = with_ttl(server.value(cache::generations::entry(family, which->value, of), now()));
    if (found) found->until = std::min(found->until, which->until);
    return found;
}

std::string world::told(const connection& c, const valkey::command& what, const valkey::reply& r) {
    static constexpr std::array scripts{"lease", "fill", "yield",  "hold", "release",
                                        "renew", "lock", "unlock", "mark", "forget"};
    auto line = std::string{"Valkey "} + (c.server == 0 ? "a" : "b") + ", for worker " +
                std::to_string(c.owner) + ':';
    const bool is_script = what[0] == "EVALSHA" && what[1].size() == 1;
    if (is_script) line += std::string{" "} + scripts[static_cast<std::size_t>(what[1][0] - '0')];
    for (std::size_t i = is_script ? 3 : 0; i < what.size(); ++i)
        if (what[i].size() < 80 && !what[i].starts_with('{')) line += ' ' + what[i];
    line += " -> " + r.text;
    for (const auto& one : r.list) line += ' ' + one;
    std::replace(line.begin(), line.end(), '\r', ' ');
    std::replace(line.begin(), line.end(), '\n', ' ');
    return line;
}

void figures::add(const figures& more) {
    seeds += more.seeds, events += more.events, gets += more.gets;
    local_hits += more.local_hits, shared_hits += more.shared_hits;
    source_reads += more.source_reads, failed_gets += more.failed_gets;
    stale_answers += more.stale_answers;
    late_answers += more.late_answers, orders += more.orders, acknowledged += more.acknowledged;
    unknown_outcomes += more.unknown_outcomes, late_commits += more.late_commits;
    orphans += more.orphans, untold += more.untold, announcements += more.announcements;
    pushes += more.pushes, expired_values += more.expired_values;
    unheld += more.unheld;
    of_others += more.of_others, takeovers += more.takeovers;
    told_by_the_log += more.told_by_the_log;
    not_forgotten += more.not_forgotten;
    for (std::size_t i = 0; i < scripts.size(); ++i) scripts[i] += more.scripts[i];
    for (std::size_t i = 0; i < fault_kinds; ++i) faults[i] += more.faults[i];
}

std::string figures::text() const {
    const auto n = [](const char* name, std::uint64_t v) {
        return "  " + std::string{name} + ": " + std::to_string(v) + '\n';
    };
    auto out = n("seeds", seeds) + n("events", events) + n("GETs", gets) +
               n("answered from the local tier", local_hits) +
               n("answered from the shared tier", shared_hits) +
               n("answered from the source", source_reads) + n("GETs that failed", failed_gets) +
               n("answers late as the promise allows", late_answers) + n("orders", orders) +
               n("acknowledged", acknowledged) + n("unknown outcomes", unknown_outcomes) +
               n("which might still be committed", late_commits) +
               n("which a pooler keeps open", orphans) +
               n("writes that Valkey was not told of", untold) + n("announcements", announcements) +
               n("pushes", pushes) + n("expired values", expired_values);
    static constexpr std::array scripts_of{
        "leases",         "fills",         "yielded leases",        "holds", "releases",
        "renewed leases", "purges' locks", "ends of purges' locks", "purges"};
    for (std::size_t i = 0; i < scripts_of.size(); ++i) out += n(scripts_of[i], scripts[i]);
    if (stale_answers > 0) out += n("answers past their TTL", stale_answers);
    if (unheld > 0) out += n("writes without a hold", unheld);
    if (of_others > 0) out += n("orders of others", of_others);
    if (takeovers > 0)
        out += n("transactions that the log told", told_by_the_log) +
               n("keys that may be released", scripts[cache::script::forget]) +
               n("keys that were", not_forgotten) +
               n("times that somebody began to follow", takeovers);
    for (std::size_t i = 0; i < fault_kinds; ++i)
        out += n(name_of(static_cast<fault_kind>(i)), faults[i]);
    return out;
}

std::string figures::missing() const {
    std::string none, line;
    const auto all = text();
    for (std::size_t at = 0; at < all.size();) {
        const auto end = all.find('\n', at);
        line = all.substr(at, end - at);
        if (line.ends_with(": 0")) none += line;
        at = end + 1;
    }
    return none;
}

}  // namespace larder::simulation
