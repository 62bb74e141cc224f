// What Valkey does with larder's commands, without a socket. That it is what the real one does:
// tests/integration/cache_scripts_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "simulation/schedule.hpp"
#include "valkey/command.hpp"

namespace larder::simulation {

inline constexpr std::size_t max_keys = 3;
inline constexpr auto family = "num_orders";
/// `num_orders:all`, `num_orders:1`, ...
const std::string& key_name(std::size_t key);

/// A server, by its own clock. It takes the very commands that larder sends; scripts by what they
/// do.
class model_valkey {
public:
    using command = valkey::command;
    using reply = valkey::reply;

    explicit model_valkey(std::string name);

    /// The rule of a script that can be switched off.
    bool checks_lease = true;
    bool is_replica = false;

    reply execute(std::uint32_t connection, const command& words, msec now);

    struct push {
        std::uint32_t connection;
        std::optional<std::string> key;  ///< none: any key may have changed
    };
    std::vector<push> pushes;  ///< to be sent

    void save() { saved_ = data_; }
    /// A new run of the server; with what was saved, or with nothing.
    void restart(bool with_old_data);
    void flush();
    void demote(msec now);
    void promote(msec now);
    msec demoted_at = 0;
    msec promoted_at = -1;  ///< from a replica, last
    void flush_scripts() { scripts_loaded_ = false; }
    /// Deletes what is past its time, as Valkey does now and then. How many.
    std::size_t expire(msec now);
    void forget_connection(std::uint32_t connection);

    void evict_value(std::size_t key) { delete_value(key); }
    void evict_lease(std::size_t key) { data_.of[key].lease.clear(); }
    void evict_holds(std::size_t key) { delete_holds(key); }

    /// Which run of which server it is.
    std::string run() const { return name_ + std::to_string(run_); }
    /// Which run it was trusted in last, and for which database.
    const std::string& mark() const { return data_.mark; }
    bool has_holds(std::size_t key, msec now) const;
    std::vector<std::string> holders(std::size_t key, msec now) const;
    /// Who purges, and since when; nobody: empty.
    const std::string& purges(msec now) const {
        static const std::string nobody;
        return data_.purging_until > now ? data_.purging : nobody;
    }
    msec purges_since() const { return data_.purging_since; }
    /// Whether somebody says that he follows the source.
    bool is_followed(msec now) const { return data_.followed_until > now; }
    struct kept {
        std::string value;
        msec until;
    };
    std::optional<kept> value(const std::string& name, msec now) const;

    /// What a key of the server is of: `key` of max_keys is the family's.
    struct place {
        enum class kind : std::uint8_t { value, lease, hold, brief, mark, lock, sign, note } is;
        std::size_t key;
    };

    // The scripts, by what they take.
    using texts = std::span<const std::string>;
    std::string lease(std::size_t key, texts arguments, msec now);
    std::string fill(std::size_t key, texts arguments, msec now);
    std::string yield(std::size_t key, texts arguments, msec now);
    std::string hold(std::size_t key, texts arguments, msec now);
    std::string release(std::size_t key, texts arguments, msec now);
    std::string renew(std::size_t key, texts arguments, msec now);
    std::string forget(std::size_t key, texts arguments, msec now);
    std::string lock(texts arguments, msec now);
    std::string unlock(texts arguments);
    std::string mark(texts arguments, msec now);

private:
    struct hold_mark {
        std::string writer;
        msec until;
    };
    struct entry {
        std::optional<std::string> value;
        msec value_until = 0;
        std::string lease;  // empty: none
        msec lease_until = 0, brief_until = 0;
        std::vector<hold_mark> holds;
        std::vector<hold_mark> released;  // which transactions, beside the holds
        msec holds_until = 0;
    };
    struct everything {
        std::vector<entry> of = std::vector<entry>(max_keys + 1);
        std::string mark;
        std::string purging;
        msec purging_until = 0, purging_since = 0;
        msec followed_until = 0;
    };
    place find(const std::string& name);
    place add(const std::string& name);

    entry& fresh(std::size_t key, msec now);
    void changed(std::size_t key);
    void delete_value(std::size_t key);
    void delete_holds(std::size_t key);
    void set_mark(std::string text);
    reply get(std::uint32_t connection, const std::string& name, msec now);
    reply pttl(const std::string& name, msec now);
    reply scan(const command& words, msec now);
    reply run_script(const command& words, msec now);
    void del(const std::string& name);

    const std::string name_;
    everything data_;
    everything saved_;
    std::vector<std::string> names_;  // of all keys of values, and of the mark
    std::unordered_map<std::string, place> more_places_;
    std::vector<std::vector<std::uint32_t>> tracked_ =
        std::vector<std::vector<std::uint32_t>>(max_keys + 1);
    int run_ = 1, promotions_ = 1;
    bool scripts_loaded_ = false;
    std::vector<std::uint32_t> caching_;  // connections whose next read is tracked
};

}  // namespace larder::simulation
