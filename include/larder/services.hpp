// What a handler works with.
#pragma once

#include "larder/cache/tiers.hpp"
#include "larder/pg/session.hpp"

namespace larder {

/// One request's source and cache. A handler gets it as its first argument.
struct services {
    pg::session& db;
    cache::tiers& cache;
};

}  // namespace larder
