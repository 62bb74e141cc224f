// The two tiers of a worker's cache: its own entries, and those that all instances share.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "larder/cache/own_writes.hpp"
#include "larder/valkey/client.hpp"

namespace larder::cache {

struct tiers_options {
    std::chrono::seconds ttl{120};           ///< of an entry; some live a twentieth shorter
    std::vector<std::string> families = {};  ///< of all keys that are read through these tiers
    std::size_t local_bytes = 0;             ///< of this worker's own entries; 0: keeps none
    /// Of a lease; renewed while its load goes on, so this is how long a crash keeps it.
    std::chrono::milliseconds lease{1'000};
    /// Of a hold: longer than a statement takes from when it is begun to when it is known to be
    /// over.
    std::chrono::milliseconds hold{20'000};
};

/// Where an answer came from.
enum class origin { local, shared, source };

/// How a reader wants a value, beyond true.
struct wish {
    bool anew = false;  ///< loaded after he asked
    bool keep = true;   ///< it may be stored
};

/// Values under keys with a TTL, kept true: a reader that begins after a write was answered never
/// gets what was true before it.
///
/// Read     local tier; shared tier; a lease, the source, and a fill that counts only if nobody
///          invalidated meanwhile. One reader of a key does that at a time, for all who wait.
/// Write    class write.
/// Errors   never throws for a dead or silent Valkey: a read loads, a write is remembered and its
///          keys are not read from here until their release got through.
/// Threads  call on the worker it was made for; own_writes is shared.
/// Cost     local hit: one system call, which looks. shared hit: one round trip. miss: three, and
///          one load.
/// Source   leases: Nishtala et al., NSDI 2013, section 3.2.1.
class tiers {
public:
    /// Runs the source's query; the text of its value.
    using loader = std::function<boost::asio::awaitable<std::string>()>;
    /// Whether a text is a value. Others may write to Valkey, so what is found may be none.
    using check = bool (*)(std::string_view);
    /// An entry, or what a load brought.
    struct found {
        std::string text;
        origin from = origin::source;
        std::chrono::milliseconds age{0};   ///< since its load
        std::chrono::milliseconds left{0};  ///< of the entry's time; of no use if it is none
        bool stored = false;                ///< the load's value is an entry now
        bool collapsed = false;             ///< others took part in the load, or began it
        std::string_view bypassed = {};     ///< why no entry could be made; mostly empty
    };

    tiers(const boost::asio::any_io_executor& executor, valkey::client_options server,
          own_writes& own, tiers_options options);
    ~tiers();
    tiers(const tiers&) = delete;
    tiers& operator=(const tiers&) = delete;

    /// Connects; returns when entries can be read, or when that failed for now.
    boost::asio::awaitable<void> start();
    /// Ends the connection and what goes on in the background.
    void stop();

    struct local_hit {
        std::string_view text;  ///< until the next call
        std::chrono::milliseconds age, left;
    };
    /// A hit in the local tier.
    std::optional<local_hit> find(std::string_view key);
    /// A hit in either tier.
    boost::asio::awaitable<std::optional<found>> look(std::string key, check is_value);
    /// The value from wherever it is. `load` may run after the caller has gone; it throws what
    /// every reader of this load then gets.
    boost::asio::awaitable<found> read(std::string key, loader load, check is_value, wish how = {});

    /// What another instance announced.
    void hear(std::string_view announcement);

private:
    friend class write;
    struct state;
    std::shared_ptr<state> state_;
};

/// A write to the source, seen from the cache: hold, commit, release, answer.
///
/// With the holds in place no reader fills the keys, on any instance; the release makes them
/// fillable again and deletes what they hold. Valkey out of reach delays neither by more than a
/// deadline.
class write {
public:
    write(tiers& of, std::vector<std::string> keys);

    /// Before the commit; again before a further one. What Valkey could not be told, so that the
    /// commit itself has to announce it to the other instances (tiers::hear()); mostly nothing.
    boost::asio::awaitable<std::vector<std::string>> hold();
    /// Whether holds were sent.
    bool is_held() const { return !writer_.empty(); }
    /// The write is committed, or certainly not.
    boost::asio::awaitable<void> release();
    /// It is not known whether the write is committed, and it may still be. The holds stay until
    /// `is_over` says that it cannot any more, or their time ends.
    boost::asio::awaitable<void> leave(std::function<boost::asio::awaitable<bool>()> is_over);

private:
    std::shared_ptr<tiers::state> state_;
    std::vector<std::string> keys_;
    std::string writer_;
};

}  // namespace larder::cache
