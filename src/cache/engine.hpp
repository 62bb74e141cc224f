// The cache of a worker, without any I/O: everything that decides. Private to cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/generations.hpp"
#include "cache/local_tier.hpp"
#include "cache/reader.hpp"
#include "cache/releases.hpp"
#include "cache/shared_tier.hpp"
#include "cache/trust.hpp"
#include "cache/writer.hpp"
#include "larder/cache/entry.hpp"
#include "larder/cache/options.hpp"
#include "larder/cache/own_writes.hpp"
#include "larder/cache/stats.hpp"
#include "valkey/client.hpp"

namespace larder::cache {

/// What the service and the simulation both run. In: requests, what a link to Valkey tells, the
/// time, answers of the source. Out: commands for Valkey, loads, waits. Sockets, clocks and event
/// loops are behind `world` and `valkey::network`.
///
/// Errors   never throws for a dead or silent Valkey.
/// Threads  one worker's; own_writes is shared by those of a process.
class engine final : private valkey::client_events, private reader::owner, private writer::owner {
public:
    engine(world& outside, valkey::network& way, const valkey::client_options& server,
           own_writes& own, tiers_options options);
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    /// To be called by the world.
    void resume(wait_id id) { waits_.resume(id); }
    waits& waiting() { return waits_; }

    /// Connects; returns when entries can be read, or when that failed for now.
    task<void> start();
    /// Until everything that this process wrote is released and settled, or that time. Call it when
    /// no request is left.
    task<void> drain(time_point until);
    /// Ends the connection and what goes on in the background.
    void stop();

    std::optional<local_hit> find(std::string_view key);
    /// During its life find() looks once at what is unread, for all who ask: these have to have
    /// asked before, and nothing of Valkey's may be handled meanwhile.
    class one_look {
    public:
        explicit one_look(engine& of) : of_(of) { of_.looks_once_ = true; }
        ~one_look() {
            of_.looks_once_ = false;
            of_.has_seen_unread_.reset();
        }
        one_look(const one_look&) = delete;
        one_look& operator=(const one_look&) = delete;

    private:
        engine& of_;
    };
    task<std::optional<found>> look(std::string key, check is_value);
    /// Hits in either tier, in the order of the keys, which are asked for together.
    task<std::vector<std::optional<found>>> look_all(std::vector<std::string> keys, check is_value);
    task<found> read(std::string key, loader load, check is_value, wish how);
    writer& writes() { return writer_; }
    /// What another instance announced.
    void hear(std::string_view announcement);
    /// Somebody who may not use this cache made these keys untrue, and readers of the source see
    /// it. What was loaded after the release of all those transactions stays.
    void invalidate(std::vector<changed_key> keys);
    /// The same of all keys of these families.
    void invalidate_all_of(const std::set<std::string>& families, const std::string& why);
    /// Such writes are told to invalidate(), and will be for a moment.
    void say_followed(followed_how how = {});
    /// They are not any more.
    void say_unfollowed();
    /// What this process tells of itself, for people; see notes.hpp. Nobody waits for it.
    void tell_of_instance(const std::string& name, std::string text);
    /// Whether any instance says so.
    bool is_followed() const { return shared_.is_followed(); }
    task<std::optional<std::size_t>> take_over() { return trust_.take_over(); }

    /// Whether Valkey is trusted, and nothing of it is left to do.
    bool is_calm() const;
    /// Empty if nothing is left over when it is calm.
    std::string leftover() const;
    const local_tier& local() const { return local_; }
    /// Adds what the engine knows: what its parts counted, and how they are.
    void complete(stats& s) const;
    void remember_servers(server_memory how) { trust_.remember_servers(std::move(how)); }
    const std::vector<std::string>& families() const { return options_.families; }
    /// Of the key's family; null if that has none.
    const family_policy* policy_of(std::string_view key) const { return shared_.policy_of(key); }
    const tiers_options& options() const { return options_; }
    /// In leases, holds and locks.
    const std::string& name() const { return name_; }

private:
    void connected(time_point sent) override;
    void lost() override;
    void changed(std::string_view key) override;
    void all_changed() override;
    bool is_usable(std::string_view key) const override;
    std::string next_name() override { return name_ + ':' + std::to_string(++last_name_); }
    bool is_trusted() const override { return trust_.is_trusted(); }
    void release_soon() override { releases_.soon(); }

    struct gathered {
        std::vector<std::optional<found>> all;
        std::size_t left = 0;
        wait_id done = 0;
    };
    bool is_proved() const;
    bool has_unread();
    task<void> look_into(std::shared_ptr<gathered> to, std::size_t place, std::string key,
                         check is_value);
    std::optional<local_hit> find_entry(std::string_view key);
    std::optional<found> find_value(std::string_view key, check is_value);
    task<found> read_in_generation(std::string key, loader load, check is_value, wish how);
    void remember(std::span<const changed_key> keys);
    task<void> forget(std::vector<changed_key> keys);
    task<void> forget_some(std::span<const changed_key> keys);
    void read_sign(const valkey::reply& left, time_point sent);
    task<void> put_sign(unsigned told, followed_how how);
    task<void> take_sign_away();
    task<void> tell(std::vector<valkey::command> notes);
    task<void> look_after();
    task<void> ask_for_proof();

    waits waits_;
    own_writes& own_;
    const tiers_options options_;
    const generations generations_;
    const std::string name_;  // of this worker, in leases and holds
    const std::string sign_;  // the key that is there while somebody follows
    std::uint64_t last_name_ = 0;
    time_point connected_at_ = time_point::min();
    time_point proved_{};  // the last time of which it is known that the server was the primary
    time_point asked_{};
    bool asking_ = false;
    std::set<std::uint64_t> forgetting_;  // what invalidate() began and goes on, by its number
    std::uint64_t last_forget_ = 0;
    unsigned failed_forgets_ = 0;    // did not get through
    unsigned times_unfollowed_ = 0;  // so that who said before that it is followed knows
    bool signing_ = false;
    bool was_connected_ = false;
    bool stopped_ = false;
    bool looks_once_ = false;
    std::optional<bool> has_seen_unread_;  // by that look
    local_tier local_;
    valkey::client client_;
    shared_tier shared_;
    trust trust_;
    releases releases_;
    reader reader_;
    writer writer_;
    nursery home_;  // ends first
};

}  // namespace larder::cache
