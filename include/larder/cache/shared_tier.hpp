// The tier that all instances share: entries in Valkey.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "larder/valkey/client.hpp"

namespace larder::cache {

/// The keys whose invalidation has not reached Valkey yet. Their entries may be untrue, so no
/// worker of this process reads or fills them until the invalidation got through.
///
/// Threads  shared by all workers. Cost of asking while there are none: one atomic read.
class unreleased_keys {
public:
    unreleased_keys();
    ~unreleased_keys();

    void add(const std::vector<std::string>& keys);
    bool contains(std::string_view key) const;
    std::size_t size() const;

    struct remembered {
        std::string key;
        std::uint64_t change;  ///< which add() it was; a later one is not undone by an earlier
    };
    /// At most `limit` of them.
    std::vector<remembered> some(std::size_t limit) const;
    void remove(const std::vector<remembered>& released);

private:
    struct state;
    std::unique_ptr<state> state_;
};

struct shared_tier_options {
    std::chrono::seconds ttl{120};           ///< of an entry
    std::vector<std::string> families = {};  ///< of all keys that are read through this tier
};

/// Values under keys, with a TTL, in one Valkey. Private to a worker but for unreleased_keys.
///
/// A server that came back may remember too much: restarted from an old snapshot, or promoted
/// before it heard the last invalidations. So each family has a marker, `larder:trusted:<family>`,
/// with the run id of the server that it was last trusted on. Where that is another one, the
/// family's entries are purged before any is read.
///
/// Errors   never throws for a dead or silent Valkey: a read is a miss, a fill is left out, an
///          invalidation is remembered and repeated until it got through.
/// Threads  call on the worker it was made for.
/// Cost     one round trip a call.
class shared_tier {
public:
    shared_tier(const boost::asio::any_io_executor& executor, valkey::client& client,
                unreleased_keys& unreleased, shared_tier_options options);
    ~shared_tier();

    /// Connects; returns when entries can be read, or when that failed for now.
    boost::asio::awaitable<void> start();

    /// The value, or nothing: no entry, no Valkey, or an entry that may be untrue.
    boost::asio::awaitable<std::optional<std::string>> get(std::string_view key);
    boost::asio::awaitable<void> fill(std::string_view key, std::string_view value);
    /// Returns when the entries are gone, or when they are remembered as unreleased.
    boost::asio::awaitable<void> invalidate(std::vector<std::string> keys);
    /// Stops repeating invalidations and ends the connection.
    void stop();

private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace larder::cache
