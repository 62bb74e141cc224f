// What readers of the cache ask for, and what they get.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "larder/trace.hpp"

namespace LARDER_NAMESPACE::cache {

/// Where an answer came from.
enum class origin { local, shared, source };

/// Whether it is no fault of the request that a load failed so, and may soon be over.
using outage = bool (*)(const std::exception_ptr& failed);

/// How a reader wants a value, beyond true.
struct wish {
    bool anew = false;   ///< loaded after he asked
    bool again = false;  ///< an entry that there is will not do; where there is none, as any
    bool keep = true;    ///< it may be stored
    /// An entry that is past its TTL will do, as its family's policy says: also in the place of a
    /// load of which this is said. Null: none will.
    outage stale = nullptr;
    trace::context trace = {};  ///< the span that this is a part of
};

/// Whether a text is a value. Others may write to Valkey, so what is found may be none.
using check = bool (*)(std::string_view);

/// An entry, or what a load brought.
struct found {
    std::string text;
    origin from = origin::source;
    std::chrono::milliseconds age{0};    ///< since its load
    std::chrono::milliseconds left{0};   ///< of the entry's TTL; of no use if it is none
    bool stored = false;                 ///< the load's value is an entry now
    bool unfollowed = false;             ///< for a short time, as nobody sees what others write
    bool collapsed = false;              ///< others took part in the load, or began it
    bool loaded = false;                 ///< by this reader's own load
    bool joined = false;                 ///< it waited for another reader's load, and has its value
    bool was_stale = false;              ///< there was an entry, past its TTL
    bool was_kept = false;               ///< there was one, which the wish `again` did not take
    std::exception_ptr instead_of = {};  ///< how the load failed that it takes the place of
    std::string_view bypassed = {};      ///< why no entry could be made; mostly empty

    bool is_stale() const { return from != origin::source && left.count() < 0; }
};

/// A hit in the local tier.
struct local_hit {
    std::string_view text;  ///< until the next call
    std::chrono::milliseconds age, left;
    std::uint64_t version;  ///< no other value of this tier has it, of whichever key
};

}  // namespace LARDER_NAMESPACE::cache
