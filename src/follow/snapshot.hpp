// Which transactions a reader of PostgreSQL sees. Private to larder.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::follow {

/// What pg_current_snapshot() says: everything before `xmin` is over, nothing from `xmax` on is,
/// and of those in between all but `running`. Transaction ids have 64 bits, the epoch included.
struct snapshot {
    std::uint64_t xmin = 0, xmax = 0;
    std::vector<std::uint64_t> running;  ///< ascending

    /// From `xmin:xmax:xip,xip`; nothing if it is something else.
    static std::optional<snapshot> parse(std::string_view text);

    /// Whether that transaction is over, and what it committed is seen.
    bool sees(std::uint64_t transaction) const;
    /// The 64 bits of an id of which the log tells 32: it is less than 2^31 away from `xmax`.
    std::uint64_t widen(std::uint32_t transaction) const;
};

}  // namespace LARDER_NAMESPACE::follow
