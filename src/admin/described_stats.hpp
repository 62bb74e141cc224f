// The cache's counters, described. Beside their header, as the simulation compiles that without
// Boost. Private to larder.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>

#include "larder/cache/stats.hpp"
#include "larder/described.hpp"

namespace LARDER_NAMESPACE::cache {

BOOST_DESCRIBE_STRUCT(misses, (),
                      (absent, requested, write_in_progress, valkey_unavailable, unreleased_write))
BOOST_DESCRIBE_STRUCT(refused_fills, (),
                      (overtaken, too_large, not_wanted, write_in_progress, valkey_unavailable,
                       unreleased_write))

/// For whatever reason.
inline std::uint64_t all_of(const misses& by_reason) {
    std::uint64_t all = 0;
    for_each_member<misses>([&](auto member) { all += by_reason.*member.pointer; });
    return all;
}

}  // namespace LARDER_NAMESPACE::cache
