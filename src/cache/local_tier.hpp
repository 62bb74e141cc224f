// A worker's own entries, kept true by what Valkey tells about changes. Does no I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace larder::cache {

/// How long this worker may go on without a sign of life of Valkey, which would have told it of
/// changes; and how much may be kept.
struct local_tier_options {
    std::size_t max_bytes = 0;                   ///< 0: keeps nothing
    std::chrono::milliseconds max_silence{900};  ///< of Valkey, before entries are not used
    std::chrono::milliseconds max_lateness{10};  ///< of the worker's own loop, likewise
};

/// Entries that a GET's reply brought, each usable until Valkey says that its key changed.
///
/// A GET that is to be kept reserves a place before it is sent; its reply enters that very place
/// and no other. Whatever was said meanwhile took the place away. Entries belong to one life of
/// the connection: what a lost connection would have said nobody knows.
///
/// Threads  one worker's.
/// Cost     a hash lookup a call. Full, it evicts by SIEVE.
/// Source   SIEVE: Zhang et al., NSDI 2024.
class local_tier {
public:
    using time_point = std::chrono::steady_clock::time_point;
    /// A place that a GET reserved; 0 is none.
    using place = std::uint64_t;

    explicit local_tier(local_tier_options options);

    struct hit {
        std::string_view value;  ///< until the next call
        time_point expires;
        place version;  ///< of the value: no other one has it
        bool is_brief;  ///< see settle()
    };
    /// The entry, if it is surely not untrue for longer than the promise allows. `generation` is
    /// this process's count of own writes on the key (own_writes).
    std::optional<hit> find(std::string_view key, time_point now, std::uint32_t generation);
    /// Before the GET is sent.
    place reserve(std::string_view key, std::uint32_t generation);
    /// With the GET's reply. `is_brief`: it was stored while nobody followed the writes of others.
    void settle(place at, std::string_view key, std::string_view value, time_point expires,
                bool is_brief = false);
    /// The GET brought nothing.
    void abandon(place at, std::string_view key);

    /// Valkey says that the key changed.
    void invalidated(std::string_view key);
    /// Valkey says that any key may have changed.
    void invalidated_all();

    /// A connection that tells about changes is there, as of something sent at `sent`.
    void connected(time_point sent);
    void lost();
    /// A reply came to what was sent then: all changes before that have been told.
    void heard(time_point sent);
    /// The worker's loop will run again by then. Where it does not, no entry is used until
    /// something that was sent afterwards is answered.
    void wakes_at(time_point due) { due_ = due; }
    void woke(time_point now);

    /// Whether entries may be used.
    bool is_current(time_point now) const;
    bool is_on() const { return options_.max_bytes > 0; }
    bool is_connected() const { return connected_; }
    std::size_t size() const { return entries_.size(); }
    std::size_t bytes() const { return bytes_; }
    std::uint64_t evictions() const { return evictions_; }
    /// Entries that are gone because Valkey said that their keys changed.
    std::uint64_t invalidations() const { return invalidations_; }

private:
    struct entry {
        std::string key;
        std::string value;
        time_point expires;
        place reserved = 0;  // not 0: no value yet
        place version = 0;
        std::uint32_t generation = 0;
        bool visited = false, is_brief = false;

        std::size_t bytes() const;
    };
    using queue = std::list<entry>;  // newest first

    bool is_late(time_point now) const { return now > due_ && now - due_ > options_.max_lateness; }
    void remove(queue::iterator at);
    void evict();
    queue::iterator reserved_at(place at, std::string_view key);

    const local_tier_options options_;
    queue queue_;
    queue::iterator hand_ = queue_.end();
    std::unordered_map<std::string_view, queue::iterator> entries_;
    std::size_t bytes_ = 0;
    std::uint64_t evictions_ = 0, invalidations_ = 0;
    place last_place_ = 0;
    bool connected_ = false;
    time_point heard_{};
    time_point due_ = time_point::max();
    time_point late_{};  // entries wait until something sent since then was answered
};

}  // namespace larder::cache
