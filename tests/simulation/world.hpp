// One seed: instances, a Valkey, a PostgreSQL, requests and faults, and what came of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simulation/judge.hpp"
#include "simulation/model_log.hpp"
#include "simulation/model_postgres.hpp"
#include "simulation/model_valkey.hpp"
#include "simulation/network.hpp"
#include "simulation/schedule.hpp"
#include "simulation/variant.hpp"
#include "simulation/worker.hpp"

namespace larder::simulation {

enum class fault_kind : std::uint8_t {
    cut,
    silence,
    silent_replies,
    silent_commands,
    restart_empty,
    save,
    restart_old,
    flush,
    evict_value,
    evict_lease,
    evict_holds,
    freeze_valkey,
    flush_scripts,
    fail_over,
    demote,
    crash,
    end_process,
    stop_process,
    stop_machine,
    stall_worker,
    postgres_down,
    count_
};
inline constexpr auto fault_kinds = static_cast<std::size_t>(fault_kind::count_);
const char* name_of(fault_kind kind);

/// What happened, over all seeds: so that it can be seen that it did.
struct figures {
    std::uint64_t seeds = 0, events = 0, gets = 0, local_hits = 0, shared_hits = 0,
                  source_reads = 0, failed_gets = 0, late_answers = 0, stale_answers = 0,
                  orders = 0, acknowledged = 0, unknown_outcomes = 0, late_commits = 0, orphans = 0,
                  untold = 0, unheld = 0, announcements = 0, pushes = 0, expired_values = 0;
    std::uint64_t of_others = 0, takeovers = 0, told_by_the_log = 0, not_forgotten = 0;
    std::array<std::uint64_t, 10> scripts{};  ///< by index, as they were called
    std::array<std::uint64_t, fault_kinds> faults{};

    void add(const figures& more);
    std::string text() const;
    /// The names of those that are 0.
    std::string missing() const;
};

struct fault {
    fault_kind is = fault_kind::cut;
    msec at = 0;
    msec lasts = 0;
    std::uint8_t place = 0;
    std::size_t key = 0;
};

enum class what_happens {
    anything,
    herd,                      ///< readers that come all at once
    cut_off_during_a_restart,  ///< one writes without Valkey, while PostgreSQL restarts
    killed_while_cut_off,      ///< the same one dies, and its next process begins
    there_and_back,            ///< the address leads to another server, and back; processes end
    silent_twice,              ///< one is told nothing, hears a little, and is told nothing again
    gone_silent,               ///< a connection, and for some time each new one; for good
    no_room,                   ///< to remember what was heard, while a worker hears nothing else
    long_purge,                ///< while others want to purge, too
    machine_stops,             ///< and what it is sent arrives after it goes on
    stops_while_it_settles,    ///< what became of a write, for as long as a hold lasts
    reads_late,                ///< what has arrived is not looked at for a while
    stuck_load,                ///< readers that come all at once, and the first load takes long
    others_write,              ///< who do not use the cache, and an instance follows the log
    nobody_follows_any_more,   ///< and entries of before are asked for at their end
    pushes_come_last,          ///< when the server turns to the next command
    writer_dies,               ///< before it has told Valkey, where an instance follows the log
    source_fails               ///< now and then, and entries are short-lived
};

/// What a seed's chance decides before it begins.
struct plan_of_seed {
    int instances = 1, workers = 1;
    std::size_t keys = 2;
    std::size_t local_bytes = 0;
    std::size_t max_remembered = 65'536;
    msec ttl = 8'000, lease = 1'000;
    msec while_revalidate = 0, if_error = 0;  ///< for so long beyond it
    msec purge_lock = 500;
    msec network_most = 1, postgres_most = 2, log_most = 1;
    msec ends = 0;  ///< requests and faults
    int gets = 0, posts = 0;
    int others = 0;            ///< writes of who does not use the cache
    bool is_followed = false;  ///< the log, by whoever can
    /// Their log is not to be had, or comes when that is over.
    enum class log_trouble : std::uint8_t { none, refused, stalled } log = log_trouble::none;
    msec trouble_from = 0, trouble_until = 0;
    bool by_triggers = false;  ///< instead of the log, when readers see it
    bool is_quiet = false;     ///< nobody asks while that is so
    int lose_percent = 0;
    bool has_table = true;  ///< PostgreSQL's, of what is unreleased
    what_happens kind = what_happens::anything;
    std::vector<fault> faults;

    bool has_trouble(log_trouble which, msec at) const {
        return log == which && at >= trouble_from && at < trouble_until;
    }
    msec stale_for() const { return std::max(while_revalidate, if_error); }
    bool is_herd() const { return kind == what_happens::herd || kind == what_happens::stuck_load; }
};

class world {
public:
    world(std::uint64_t seed, const variant& v, what_happens kind, bool traces);
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    void run();
    /// Empty if no promise was broken.
    const std::string& violation() const { return violation_; }
    const std::string& trace() const { return trace_; }
    const simulation::figures& counted() const { return figures_; }

    msec now() const { return schedule_.now(); }
    chance& luck() { return luck_; }
    const variant& left_out() const { return variant_; }
    /// Whether all is over, and it is asked what is left.
    bool asks_everybody() const { return asked_everybody_ > 0; }
    const plan_of_seed& plan() const { return plan_; }
    model_network& network() { return network_; }
    model_valkey& server(std::size_t which) { return servers_[which]; }
    /// Of the entry of `key` the one that a write makes untrue.
    std::size_t broken_by(std::size_t key) const { return variant_.by_generation ? 0 : key; }
    /// Whether a key in Valkey is that of the value, in whichever generation.
    bool is_value_of(const std::string& name, std::size_t key) const;
    /// What a server has of it, and for how long.
    std::optional<model_valkey::kept> value_of(const model_valkey& server, std::size_t key) const;
    model_postgres& postgres() { return postgres_; }
    model_log& log() { return log_; }
    simulation::judge& judge() { return judge_; }
    void schedule(const event& e) { schedule_.add(e); }
    void count(std::uint64_t figures::* what) { ++(figures_.*what); }
    void violated(const std::string& how);
    /// A line of the trace, made only where one is wanted.
    template <class F>
    void say(F line) {
        if (traces_) trace_ += std::to_string(now()) + " ms: " + line() + '\n';
    }
    static std::string told(const connection& c, const valkey::command& what,
                            const valkey::reply& r);
    /// Delivers an announcement to a worker that listens.
    void tell(const worker& to, const std::string& payload, msec after);
    /// Whether the worker there listens for its process.
    bool is_listener(std::uint8_t place) const { return place % plan_.workers == 0; }
    std::vector<worker*> listeners() const;
    /// What the worker there calls itself; empty if it has ended.
    std::string name_at(std::uint8_t place) const;
    /// The worker of a process that listens; null if the process has ended.
    const worker* listener_of(std::uint32_t process) const;
    void count_script(std::size_t which) { ++figures_.scripts[which]; }

private:
    void make_plan();
    void plan_faults();
    void plan_two(msec ends, int gets, int posts);
    void plan_cut_off();
    void plan_there_and_back();
    void plan_silence();
    void plan_gone_silent();
    void plan_no_room();
    void plan_stops();
    void plan_settling();
    void plan_late_readers();
    void plan_others();
    void plan_end_of_following();
    void plan_death();
    void plan_outages();
    void plan_what_is_stale();
    void schedule_faults();
    void plan_requests();
    void fail_while_it_writes(fault_kind how, std::uint8_t place, msec at);
    void perform(const event& e);
    void perform_of_owner(const event& e, worker& w);
    void begin(fault& f);
    void begin_on_connection(const fault& f);
    void stop_machine(const fault& f);
    void begin_on_valkey(const fault& f);
    void end(const fault& f);
    void start_instance(int number);
    void crash(int number);
    void ask_to_end(int number);
    void has_ended(std::uint8_t place);
    void fail_over();
    bool is_running(int number) const;
    int instance_of(std::uint8_t place) const { return place / plan_.workers; }
    void look();
    bool is_calm() const;
    void ask_everybody();
    void expect_hits();
    void check_leftovers();

    const std::uint64_t seed_;
    const bool traces_;
    chance luck_;
    const variant variant_;
    plan_of_seed plan_;
    simulation::schedule schedule_{luck_};
    simulation::figures figures_;
    simulation::judge judge_{*this};
    std::array<model_valkey, model_network::servers> servers_{model_valkey{"a"}, model_valkey{"b"}};
    model_network network_;
    model_log log_{*this};
    model_postgres postgres_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::vector<std::string> told_;  // by PostgreSQL
    std::uint32_t last_process_ = 0;
    msec final_at_ = 0;
    int asked_everybody_ = 0;  // how often
    msec asked_first_ = 0;
    std::array<bool, max_keys> was_cached_{};    // then
    std::array<msec, max_keys> cached_until_{};  // when it was asked again
    bool done_ = false;
    std::string violation_;
    std::string trace_;
};

}  // namespace larder::simulation
