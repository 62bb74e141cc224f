// Knows all orders and what became of them, and says whether an answer breaks a promise.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "larder/cache/entry.hpp"
#include "simulation/model_postgres.hpp"
#include "simulation/model_valkey.hpp"

namespace larder::simulation {

class world;
class worker;
struct connection;

inline constexpr msec hold_time = 3'000;  // longer than a statement takes

/// A value is the number of orders committed on a key, so it tells exactly which it contains.
///
/// It excuses what the Limits in docs/reference.md name, and no more; each excuse says which
/// sentence it is.
class judge {
public:
    static constexpr msec local_lag = 1'000;
    /// From a read of the source to the end of its fill, at the most.
    static constexpr msec fill_lag = 6'000;
    /// For what another one loads, besides two own loads.
    static constexpr msec longest_wait = 2'200;
    /// Where a connection goes silent for good, it is then.
    static constexpr msec goes_silent = 600;
    /// Instead of a process: somebody who does not use the cache.
    static constexpr std::uint32_t others = 0;

    judge(world& w) : world_(w) {}

    order_number begin_order(std::uint32_t process, const std::vector<std::size_t>& keys, msec now);
    /// Valkey was not told before its commit, which therefore announces it, or after it; whether
    /// the announcement got through at once.
    void untold(order_number which, bool is_announced = true);
    /// Nothing was held, as somebody follows.
    void unheld(order_number which);
    /// It is held, or cannot be, and goes on; its mark in the holds.
    void named(order_number which, const std::string& name);
    /// Its connection was lost; and then, that it will never be committed.
    void lost(order_number which);
    void dropped(order_number which) { of(which).is_dropped = true; }
    void committed(order_number which, std::size_t key, std::int64_t number);
    void acknowledged(order_number which);
    void announced(const std::string& payload);
    void heard(const std::string& payload, std::uint32_t by);
    /// A command was carried out by the server that the address leads to.
    void executed(const connection& by, msec sent, const valkey::command& words,
                  const valkey::reply& answer, msec now);
    /// That server lost holds, or another one took its place.
    void data_lost(msec now) { losses_.push_back(now); }
    void ended(std::uint32_t process) { dead_.push_back(process); }
    /// Whether Valkey was not told the end of a write of it.
    bool has_unreleased(std::uint32_t process) const;

    /// A GET that began: when, number among the events, and what its worker could know.
    struct reader {
        std::uint8_t place = 0;
        std::uint32_t process = 0;
        msec began = 0;
        msec process_began = 0;
        std::uint64_t event = 0;
        bool is_busy = false;  ///< with other requests, or with what Valkey said
        msec stopped_at = 0, goes_on_at = 0;
        std::uint32_t connection = 0;
        bool is_at_a_replica = false;  ///< which it could have noticed
        msec promoted_at = -1;         ///< its server, under its connection
        bool lags = false;             ///< something that Valkey said had not reached its machine
        bool is_elsewhere = false;     ///< its connection is to a server that was replaced
    };
    reader asks(const worker& by) const;
    void answered(const reader& who, std::size_t key, const cache::found& what);
    /// Nothing goes on any more: from now on every order that was committed has to be counted.
    void all_is_over() { over_ = true; }
    /// Until then whoever asks for the key is answered from there, or from closer.
    void expect_from(std::size_t key, cache::origin farthest, msec until) {
        expected_[key] = {farthest, until};
    }
    /// What is left in the shared tier.
    void check_shared(std::size_t key, std::int64_t value, msec expires);
    void check_left_holds(std::size_t key, const std::vector<std::string>& writers);

private:
    struct order {
        std::uint32_t process = 0;
        std::vector<std::size_t> keys;
        std::array<std::int64_t, max_keys> number{};  // among the orders on the key; 0: none
        std::array<msec, max_keys> released{};        // carried out after the commit; -1: not
        msec begun = 0;
        msec committed = -1;
        msec acknowledged = -1;
        std::uint64_t acknowledging_event = 0;
        bool is_untold = false, is_announced = true, is_unheld = false, is_dropped = false;
        msec lost = -1;
        bool is_settled_by_name = false;  // held again after it was lost
        std::string name;
        bool was_protected = true;  // by a hold, when it was committed
    };
    struct announcement {
        std::string payload;
        std::uint32_t by;
        msec at;
        std::uint64_t event;
    };
    order& of(order_number number) { return orders_[static_cast<std::size_t>(number) - 1]; }
    void filled(std::size_t key, const std::string& name, msec until);
    /// At the latest an entry of the key is used until then.
    msec used_until(std::size_t key) const;
    void check_name(const std::string& transaction, msec sent);
    void check_holds(const connection& by, bool is_hold, std::span<const std::string> names,
                     msec sent);
    void check_purge(const connection& by) const;
    void check_wait(const order& o, msec by_source);
    void check_stale(const reader& who, std::size_t key, const cache::found& what) const;
    bool is_dead(std::uint32_t process) const;
    bool lost_its_holds(const order& o) const;
    bool has_heard(const order& o, std::size_t key, const reader& who) const;
    bool may_be_unheard(const order& o, const reader& who) const;
    bool has_to_be_there(const order& o, const reader& who) const;
    msec takeover_after() const;
    bool is_excused(const order& o, std::size_t key, const reader& who, cache::origin from) const;
    bool may_be_believed(const order& o, msec at) const;
    bool died_with_it(const order& o, msec at) const;

    world& world_;
    std::vector<order> orders_;
    std::vector<announcement> hearings_;
    std::vector<msec> losses_;
    std::vector<std::uint32_t> dead_;
    std::vector<std::string> released_;
    std::vector<std::string> strays_;  // holds that came behind their release, or after the end
    struct filled_entry {
        msec lasts_until = 0;  // its TTL
        msec used_until = 0;   // at the latest
    };
    std::array<std::map<std::string, filled_entry>, max_keys> filled_;  // by its name in Valkey
    struct expectation {
        cache::origin farthest = cache::origin::source;
        msec until = 0;
    };
    std::array<expectation, max_keys> expected_;
    bool over_ = false;
};

}  // namespace larder::simulation
