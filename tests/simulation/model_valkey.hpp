// What Valkey does with larder's scripts and tracked reads, without a socket. That it is what the
// real one does: tests/integration/cache_scripts_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "cache/flight.hpp"
#include "simulation/schedule.hpp"

namespace larder::simulation {

inline constexpr std::size_t max_keys = 3;

/// Texts (tokens, writers, run ids, values) are numbers here; 0 is none, but for values.
using text = std::int64_t;

/// The keys of a cache and what belongs to them, by the server's clock.
class model_valkey {
public:
    /// The rule of fill that can be switched off.
    bool checks_lease = true;

    struct lease_reply {
        cache::lease_answer is;
        text value = 0;
        bool operator==(const lease_reply&) const = default;
    };
    lease_reply lease(std::size_t key, text token, msec duration, std::optional<text> no_value,
                      msec now);
    void yield(std::size_t key, text token, msec now);
    bool renew(std::size_t key, text token, msec duration, msec now);
    bool fill(std::size_t key, text token, text value, msec ttl, msec now);
    void hold(std::size_t key, text writer, msec duration, msec now);
    void release(std::size_t key, const std::vector<text>& writers, msec now);

    struct got {
        std::optional<text> value;
        msec pttl = -2;
    };
    /// `connection` is told when the key changes next; 0: nobody.
    got get(std::size_t key, std::uint32_t connection, msec now);

    // A walk over the key space, and DEL. Bits are keys.
    std::uint32_t leases(msec now) const;
    std::uint32_t values(msec now) const;
    void delete_leases(std::uint32_t which);
    void delete_values(std::uint32_t which);
    bool has_hold(std::size_t key, text writer, msec now) const;
    bool has_holds(std::size_t key, msec now) const;
    void evict_holds(std::size_t key) { data_.of[key].holds.clear(); }

    text marker() const { return data_.marker; }
    void mark(text run);
    bool lock_purge(text name, msec duration, msec now);

    text run() const { return run_; }
    void save() { saved_ = data_; }
    /// A new run of the server; with what was saved, or with nothing.
    void restart(bool with_old_data);
    void flush();
    /// Deletes what is past its time, as Valkey does now and then. How many.
    std::size_t expire(msec now);
    void forget_connection(std::uint32_t connection);

    struct push {
        std::uint32_t connection;
        std::optional<std::size_t> key;  ///< none: any key may have changed
    };
    std::vector<push> pushes;  ///< to be sent

private:
    struct hold_mark {
        text writer;
        msec until;
    };
    struct entry {
        std::optional<text> value;
        msec value_until = 0;
        text lease = 0;
        msec lease_until = 0;
        std::vector<hold_mark> holds;
        msec holds_until = 0;
    };
    struct everything {
        std::array<entry, max_keys> of;
        text marker = 0;
        text purging = 0;
        msec purging_until = 0;
    };

    entry& fresh(std::size_t key, msec now);
    void changed(std::size_t key);
    void delete_value(std::size_t key);

    everything data_;
    everything saved_;
    std::array<std::vector<std::uint32_t>, max_keys> tracked_;
    text run_ = 1;
};

}  // namespace larder::simulation
