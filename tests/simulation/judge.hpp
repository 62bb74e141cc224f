// Knows all orders and what became of them, and says whether an answer breaks a promise.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "simulation/worker.hpp"

namespace larder::simulation {

inline constexpr msec hold_time = 3'000;  // longer than a statement takes
inline constexpr msec purge_lock = 500;

/// A value is the number of orders committed on a key, so it tells exactly which it contains.
class judge {
public:
    static constexpr msec local_lag = 1'000;
    /// From a read of the source to the end of its fill, at the most.
    static constexpr msec fill_lag = 6'000;

    judge(world& w) : world_(w) {}

    text begin_order(std::uint32_t process, const std::vector<std::size_t>& keys, msec now);
    void held(text order, msec now);
    void committed(text order, std::size_t key, text number);
    void acknowledged(text order, msec now);
    /// Its hold or its release did not get through.
    void cut_off(text order);
    /// By a process, at last.
    void heard(const model_postgres::announcement& what, std::uint32_t by, msec now);
    /// A release was carried out by Valkey.
    void released(std::size_t key, const std::vector<text>& writers, msec now);
    void purge_begins(std::uint8_t place, msec now) { purge_began_[place] = now; }
    void purged(std::uint8_t place, std::uint32_t process, msec now);
    /// Valkey lost holds.
    void data_lost(msec now) { losses_.push_back(now); }
    void crashed(std::uint32_t process) { dead_.push_back(process); }

    /// A GET that began then: time, and number among the events.
    struct reader {
        std::uint8_t place;
        std::uint32_t process;
        msec began;
        std::uint64_t event;
    };
    void answered(const reader& who, std::size_t key, text value, origin from);
    /// Nothing goes on any more: from now on every order that was committed has to be counted.
    void all_is_over() { over_ = true; }
    /// What is left in the shared tier.
    void check_shared(std::size_t key, text value, msec expires);

private:
    struct order {
        std::uint32_t process = 0;
        std::vector<std::size_t> keys;
        std::array<text, max_keys> number{};    // among the orders on the key; 0: not committed
        std::array<msec, max_keys> released{};  // carried out after the commit; -1: not
        msec begun = 0;
        msec held = -1;
        msec committed = -1;
        msec acknowledged = -1;
        std::uint64_t acknowledging_event = 0;
        bool was_cut_off = false;
        bool released_early = false;
    };
    order& of(text number) { return orders_[static_cast<std::size_t>(number) - 1]; }
    bool is_dead(std::uint32_t process) const;
    bool lost_its_hold(const order& o) const;
    bool has_heard(const order& o, std::size_t key, std::uint32_t by, msec at) const;
    msec may_be_unheard_until(const order& o) const;
    bool is_excused(const order& o, std::size_t key, std::uint32_t by, msec at, origin from) const;

    world& world_;
    struct hearing {
        const model_postgres::announcement what;
        std::uint32_t by;
        msec at;
    };
    std::vector<order> orders_;
    std::vector<hearing> hearings_;
    std::vector<msec> losses_;
    std::vector<std::uint32_t> dead_;
    std::array<msec, 8> purge_began_{};
    bool over_ = false;
};

}  // namespace larder::simulation
