// What readers of the cache ask for, and what they get.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder::cache {

/// Where an answer came from.
enum class origin { local, shared, source };

/// How a reader wants a value, beyond true.
struct wish {
    bool anew = false;  ///< loaded after he asked
    bool keep = true;   ///< it may be stored
};

/// Whether a text is a value. Others may write to Valkey, so what is found may be none.
using check = bool (*)(std::string_view);

/// An entry, or what a load brought.
struct found {
    std::string text;
    origin from = origin::source;
    std::chrono::milliseconds age{0};   ///< since its load
    std::chrono::milliseconds left{0};  ///< of the entry's time; of no use if it is none
    bool stored = false;                ///< the load's value is an entry now
    bool unfollowed = false;            ///< for a short time, as nobody sees what others write
    bool collapsed = false;             ///< others took part in the load, or began it
    bool loaded = false;                ///< by this reader's own load
    std::string_view bypassed = {};     ///< why no entry could be made; mostly empty
};

/// A hit in the local tier.
struct local_hit {
    std::string_view text;  ///< until the next call
    std::chrono::milliseconds age, left;
    std::uint64_t version;  ///< no other value of this tier has it, of whichever key
};

}  // namespace larder::cache
