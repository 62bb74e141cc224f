// What a handler works with.
#pragma once

#include <string_view>

#include "larder/cache/shared_tier.hpp"
#include "larder/pg/pool.hpp"

namespace larder {

/// One worker's source and cache. A handler gets it as its first argument.
struct services {
    pg::pool& db;
    cache::shared_tier& cache;
    /// Why requests cannot be answered at all (a setting is missing); empty if they can.
    std::string_view not_ready;
};

}  // namespace larder
