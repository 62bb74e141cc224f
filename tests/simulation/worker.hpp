// A worker of an instance: what src/cache/tiers.cpp and larder/cached.hpp do with the state
// machines, in virtual time.
#pragma once

#include <coroutine>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/flight.hpp"
#include "cache/local_tier.hpp"
#include "larder/cache/own_writes.hpp"
#include "simulation/client.hpp"
#include "simulation/model_postgres.hpp"
#include "simulation/rules.hpp"
#include "simulation/schedule.hpp"
#include "simulation/task.hpp"

namespace larder::simulation {

class world;

/// One life of an instance: what its workers share.
struct process {
    process(std::uint32_t number, std::size_t max_remembered) : id(number), own(max_remembered) {}

    const std::uint32_t id;
    cache::own_writes own;
    msec listens_from = 0;  ///< to PostgreSQL's announcements
};
using process_ptr = std::shared_ptr<process>;

enum class origin : std::uint8_t { local, shared, source };

class worker {
public:
    static constexpr msec tick = 20, quiet_for = 300, release_every = 100, say_every = 250;

    worker(world& w, std::uint8_t place, std::uint32_t incarnation, process_ptr of);
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    // Requests.
    task<void> get(std::size_t key);
    task<void> post(std::vector<std::size_t> keys);

    // What PostgreSQL announces, and is asked to.
    void hear(std::uint64_t announcement);
    task<void> say();

    // What the client tells.
    void connected(msec sent);
    void lost();
    void heard(msec sent) { local_.heard(time_of(sent)); }
    void changed(std::size_t key);
    void all_changed();

    // Time.
    std::uint64_t new_wait();
    struct wait;
    wait wait_for(std::uint64_t id);
    wait sleep(msec duration);
    void schedule(event::kind what, msec at, std::uint64_t id);
    void resume(std::uint64_t id);
    void spawn(task<void> work) { nursery_.start(std::move(work)); }

    std::uint8_t place() const { return place_; }
    std::uint32_t incarnation() const { return incarnation_; }
    const process_ptr& owner() const { return process_; }
    simulation::client& valkey() { return client_; }
    std::string name() const;
    msec stopped_until = 0;

    /// It has nothing to do, and Valkey is trusted.
    bool is_calm() const;
    /// Empty if nothing is left over when it is calm.
    std::string leftover();
    std::optional<text> local_value(std::size_t key);
    std::size_t local_bytes() const { return local_.bytes(); }

private:
    struct passage {
        std::size_t key = 0;
        text value = 0;
        origin from = origin::source;
        bool failed = false;
        bool landed = false;
        bool alone = false;  // not of departures
        std::vector<std::uint64_t> passengers;
    };
    using passage_ptr = std::shared_ptr<passage>;
    struct renewal {
        std::uint64_t pause = 0;
        bool ended = false;
    };
    using step = cache::flight::step;
    using keys = std::vector<std::size_t>;

    cache::local_tier_options local_options() const;
    bool is_usable(std::size_t key) const;
    text next_name() { return process_name_ + ++last_name_; }

    task<void> trust(std::uint64_t life);
    task<bool> trust_family(text run);
    task<bool> purge();

    std::optional<text> find(std::size_t key);
    task<passage_ptr> read(std::size_t key);
    passage_ptr in_the_air(std::size_t key) const;
    void take_off(const passage_ptr& p);
    void land(const passage_ptr& p);
    task<void> fly(passage_ptr p);
    task<step> read_shared(cache::flight& f, passage& p);
    void keep(cache::local_tier::place place, std::size_t key, const reply& got, msec sent);
    task<step> ask(cache::flight& f, passage& p, text token);
    task<step> wait_for_change(cache::flight& f, std::size_t key);
    task<step> load(cache::flight& f, passage& p, text token);
    task<step> fill(cache::flight& f, const passage& p, text token);
    task<step> yield(cache::flight& f, std::size_t key, text token);
    task<void> renew(std::size_t key, text token, std::shared_ptr<renewal> during);
    void wake(std::size_t key);
    void wake_all();
    void cancel(std::uint64_t id);

    task<bool> hold(keys of, text writer);
    task<bool> release(keys of, text writer);
    void remember(const keys& of, text writer);
    void count(const keys& of);
    /// Whether they are held.
    task<bool> write_hold(keys of, text writer);
    void release_soon();
    task<void> write_release(keys of, text writer);
    task<void> leave(keys of, text writer, statement_ptr by);
    task<void> settle(keys of, text writer, statement_ptr by);

    task<void> look_after();
    task<void> ping();
    task<void> release_remembered();
    task<bool> release_some();

    world& world_;
    const std::uint8_t place_;
    const std::uint32_t incarnation_;
    const process_ptr process_;
    const text process_name_;
    text last_name_ = 0;
    cache::local_tier local_;
    cache::departures flights_;
    std::unordered_map<cache::departures::flight_number, passage_ptr> boarding_;
    std::vector<passage_ptr> flying_;
    std::multimap<std::size_t, std::uint64_t> waiting_;
    simulation::client client_;
    std::uint64_t trusted_life_ = ~std::uint64_t{0};
    std::array<cache::local_tier::place, max_keys> last_place_{};  // for a rule switched off
    bool was_connected_ = false;                                   // likewise
    bool pinging_ = false;
    bool releasing_ = false;
    std::size_t requests_ = 0;  // under way
    std::size_t settling_ = 0;
    std::uint64_t last_wait_ = 0;
    std::unordered_map<std::uint64_t, std::coroutine_handle<>> waits_;
    nursery nursery_;  // ends first
};

/// Until resume() is called with its id.
struct worker::wait {
    worker& of;
    std::uint64_t id;

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> who) { of.waits_.emplace(id, who); }
    void await_resume() const {}
};

}  // namespace larder::simulation
