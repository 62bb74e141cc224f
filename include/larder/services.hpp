// What a handler works with.
#pragma once

#include "larder/cache/shared_tier.hpp"
#include "larder/pg/session.hpp"

namespace larder {

/// One request's source and cache. A handler gets it as its first argument.
struct services {
    pg::session& db;
    cache::shared_tier& cache;
};

}  // namespace larder
