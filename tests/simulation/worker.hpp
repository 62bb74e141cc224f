// A worker of an instance: the engine that ships, in virtual time, with requests for it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/engine.hpp"
#include "follow/following.hpp"
#include "simulation/judge.hpp"
#include "simulation/model_log.hpp"
#include "simulation/model_postgres.hpp"
#include "simulation/network.hpp"
#include "simulation/schedule.hpp"

namespace larder::simulation {

class world;

/// One life of an instance: what its workers share.
struct process {
    process(std::uint32_t number, std::size_t max_remembered)
        : id(number), own(max_remembered, 'p' + std::to_string(number)) {
        own.expect_source();
    }

    const std::uint32_t id;
    msec begun = 0;
    cache::own_writes own;
    bool listens = false;     ///< to PostgreSQL's announcements
    msec listens_since = -1;  ///< -1: it never has yet
    bool is_ending = false;   ///< it was asked to, and takes no more requests
    int ended = 0;            ///< how many of its workers have
};
using process_ptr = std::shared_ptr<process>;

class worker final : public larder::world, public valkey::network {
public:
    static constexpr msec say_every = 250, graceful = 1'000, unfollowed = 1'000;

    worker(simulation::world& w, std::uint8_t place, std::uint32_t incarnation, process_ptr of);
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    // What the engine asks of the outside.
    time_point now() const override;
    void at(time_point when, wait_id id) override;
    void soon(wait_id id) override;
    std::uint64_t random() override;
    task<addresses> find() override;
    std::shared_ptr<valkey::link> open(const std::string& address, valkey::link_events& events,
                                       std::string& why) override;
    void cancel() override {}

    // Events.
    void begin_get(std::size_t key);
    void begin_get_list() { home_.start(get_list()); }
    void begin_post(std::vector<std::size_t> keys) { home_.start(post(std::move(keys))); }
    void begin_end() { home_.start(end()); }
    void hear(const std::string& payload);

    std::uint8_t place() const { return place_; }
    std::uint32_t incarnation() const { return incarnation_; }
    const process_ptr& owner() const { return process_; }
    cache::engine& engine() { return *engine_; }
    waits& waiting() { return engine_->waiting(); }
    std::string name() const;
    /// Nothing of it happens for so long.
    void rest(msec duration);
    msec rested_until() const { return rested_until_; }
    msec stopped_at = 0;  ///< with its machine

    /// It has nothing to do, and Valkey is trusted.
    bool is_calm() const { return requests_ == 0 && engine_->is_calm(); }
    /// What others write is told by it, and all was.
    bool follows() const { return following_ && following_->is_calm(); }
    void log_arrived() {
        if (log_) log_->arrived();
    }
    std::size_t requests() const { return requests_; }
    /// To Valkey, that were of use; since it began.
    std::uint64_t connections() const;
    std::size_t local_bytes() const { return engine_->local().bytes(); }

private:
    task<void> get(std::size_t key);
    task<void> get_list();
    task<void> read(judge::reader who, std::size_t key);
    cache::wish wish();
    task<void> post(std::vector<std::size_t> keys);
    task<void> announce(order_number order, std::vector<std::string> payloads);
    task<std::string> load(std::size_t key);
    task<void> serve();
    task<void> listen();
    void follow();
    void look(bool is_due);
    task<void> end();
    void schedule(event::kind what, msec at, std::uint64_t id);

    simulation::world& world_;
    const std::uint8_t place_;
    const std::uint32_t incarnation_;
    const process_ptr process_;
    msec rested_until_ = 0;
    std::size_t requests_ = 0;                     // under way
    unsigned asked_ = 0;                           // by who may take no entry
    std::optional<cache::engine::one_look> look_;  // that is kept
    msec looks_again_ = 0;
    pg::announcements announcements_;
    wait_id notified_ = 0;
    std::unique_ptr<cache::engine> engine_;
    std::unique_ptr<model_follower> log_;
    std::unique_ptr<follow::following> following_;
    nursery home_;  // ends first
};

}  // namespace larder::simulation
