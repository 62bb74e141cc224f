// What a worker's cache has done since it began, and how it is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::cache {

/// Requests that no entry answered, by the reason.
struct misses {
    std::uint64_t absent = 0;              ///< there was none that could be used
    std::uint64_t requested = 0;           ///< the client wanted the value loaded anew
    std::uint64_t write_in_progress = 0;   ///< a write held the key
    std::uint64_t valkey_unavailable = 0;  ///< away, silent or not trusted
    std::uint64_t unreleased_write = 0;    ///< Valkey was not told of a write on the key yet
};

/// Loads whose value did not become an entry, by the reason.
struct refused_fills {
    std::uint64_t overtaken = 0;  ///< the key was invalidated, or Valkey lost, since the load began
    std::uint64_t too_large = 0;
    std::uint64_t not_wanted = 0;  ///< the client said `no-store`
    std::uint64_t write_in_progress = 0;
    std::uint64_t valkey_unavailable = 0;
    std::uint64_t unreleased_write = 0;
};

/// Counters, which only grow, and how it is now.
struct stats {
    std::uint64_t local_hits = 0, shared_hits = 0;
    cache::misses misses;
    std::uint64_t joined_reads =
        0;  ///< that waited for another one's load, and were answered by it
    std::uint64_t loads = 0, failed_loads = 0;
    std::uint64_t stale_answers = 0;  ///< entries that were past their TTL, among the hits
    std::uint64_t refused_loads = 0;  ///< that never had their turn
    std::uint64_t load_ns = 0;        ///< that the loads took together, in nanoseconds
    std::uint64_t fills = 0;          ///< values that became entries of the shared tier
    cache::refused_fills refused_fills;
    std::uint64_t writes = 0;        ///< that ended, and may be written
    std::uint64_t holds = 0;         ///< of writes, unless whoever follows tells of them
    std::uint64_t untold_holds = 0;  ///< that Valkey could not be told
    std::uint64_t purges = 0;        ///< of a family, by this worker
    std::uint64_t purged_entries = 0;
    std::uint64_t evictions = 0;         ///< from the local tier
    std::uint64_t invalidations = 0;     ///< there, of single entries
    std::uint64_t connections = 0;       ///< to Valkey that were made
    std::uint64_t breaker_openings = 0;  ///< times that Valkey fell silent

    bool is_connected = false;  ///< to Valkey
    bool is_trusted = false;    ///< and what that remembers is believed
    bool is_silent = false;     ///< the breaker is open: requests do not ask Valkey
    bool is_followed = false;   ///< somebody sees the writes of others
    bool is_local_usable = false;
    std::size_t local_entries = 0, local_bytes = 0;
    std::size_t commands = 0;  ///< that Valkey has not answered yet
};

}  // namespace LARDER_NAMESPACE::cache
