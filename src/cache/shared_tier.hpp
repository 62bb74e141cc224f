// What the cache says to Valkey about one key, and what Valkey answers. Private to cache.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/flight.hpp"
#include "cache/generations.hpp"
#include "cache/scripts.hpp"
#include "larder/cache/options.hpp"
#include "task.hpp"
#include "valkey/client.hpp"

namespace LARDER_NAMESPACE::cache {

/// The entries that all instances share. No call throws; what did not get through may have run all
/// the same.
///
/// Threads  one worker's.
/// Cost     one round trip a call.
class shared_tier {
public:
    using milliseconds = std::chrono::milliseconds;

    shared_tier(waits& w, valkey::client& client, const tiers_options& options,
                const generations& all)
        : waits_(w), client_(client), options_(options), generations_(all) {}

    /// Of a value; the text is missing if there is none, or if it cannot be of this service: too
    /// long, without an end, or with one that is too late.
    struct kept {
        std::optional<std::string> text;
        std::optional<std::string> unreadable;  ///< what is there instead, at least its beginning
        milliseconds left{0};                   ///< of its TTL
        time_point expires;                     ///< when nothing will be left
        bool is_stale = false;                  ///< past its TTL, and still there
        bool is_tracked = false;                ///< so a change would be heard of
        bool is_brief = false;                  ///< known to have been stored while nobody followed
    };
    /// By the connection that is told of changes. Nothing if there was no answer.
    task<std::optional<kept>> get(const std::string& key);

    struct leased {
        lease_answer is = lease_answer::none;
        std::string value;       ///< also of what was deleted, as it will not do
        bool was_stale = false;  ///< what will not do was past its TTL
    };
    /// `unreadable`: what is there and is no value.
    task<leased> lease(const std::string& key, const std::string& token,
                       const std::optional<std::string>& unreadable, demand of);
    task<bool> renew(const std::string& key, const std::string& token);
    /// `is_brief`: nobody follows the writes of others.
    task<bool> fill(const std::string& key, const std::string& token, const std::string& text,
                    milliseconds ttl, bool is_brief);
    task<void> yield(const std::string& key, const std::string& token);

    /// Whether that got through for all keys.
    task<bool> hold(const std::vector<std::string>& keys, const std::string& writer);
    /// `transaction`: the one of the source that committed the write, if that is known.
    task<bool> release(const std::vector<std::string>& keys,
                       const std::vector<std::string>& writers,
                       const std::string& transaction = {});

    /// Of an entry with this text under this key. Not all entries end at once; by the key, so that
    /// what is left of an entry tells its age.
    milliseconds ttl_of(std::string_view key, std::string_view text) const {
        return ttl_within(longest(key, text, true), key);
    }
    /// The most that such an entry may have left and be believed. While nobody follows that is
    /// nothing unless it is brief: another may have become untrue since somebody followed last, and
    /// be at the end of its long life.
    milliseconds longest(std::string_view key, std::string_view text, bool is_brief) const;
    /// Writes of others are seen until then.
    void followed_until(time_point when) { followed_until_ = when; }
    bool is_followed() const { return waits_.now() < followed_until_; }
    /// How much longer than its TTL an entry is kept.
    milliseconds stale_for(std::string_view key) const;
    /// Whether entries are believed for a shorter time than they would be.
    bool is_shortened(std::string_view key, std::string_view text) const {
        return longest(key, text, true) < whole_ttl_of(key, text);
    }
    /// `longest`: that of the entry.
    static milliseconds age_of(std::string_view key, milliseconds longest, milliseconds left) {
        return std::max(milliseconds{0}, ttl_within(longest, key) - left);
    }

    /// Of the key's family; null if that has none.
    const family_policy* policy_of(std::string_view key) const;
    /// What comes before its parameters; empty if the family is not known.
    std::string_view family_of(std::string_view key) const;
    /// The longest text that is kept under it.
    std::size_t largest_of(std::string_view key) const;

private:
    static milliseconds ttl_within(milliseconds longest, std::string_view key);
    bool doubts() const;
    milliseconds whole_ttl_of(std::string_view key, std::string_view text) const;
    task<bool> run(script::index what, const std::vector<std::string>& keys,
                   std::vector<std::string> arguments);

    waits& waits_;
    valkey::client& client_;
    const tiers_options& options_;
    const generations& generations_;
    time_point followed_until_{};
};

}  // namespace LARDER_NAMESPACE::cache
