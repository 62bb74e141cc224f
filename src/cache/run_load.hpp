// Runs a load of Asio's for the engine, within its family's bounds. Private to cache.
#pragma once

#include <string>

#include "../asio_world.hpp"
#include "larder/cache/options.hpp"
#include "larder/cache/stats.hpp"
#include "larder/cache/tiers.hpp"
#include "task.hpp"

namespace LARDER_NAMESPACE::cache {

/// Of a worker: where its loads run, and who waits for them.
struct load_site {
    asio_world& outside;
    waits& of;
};

/// Waits for its turn, runs the load and counts it, also if it fails or is given up. `of`: of its
/// family; null if that has no policy.
///
/// Errors   throws load_error, and what the load throws.
task<std::string> run_load(tiers::loader load, load_site here, const tiers_options& options,
                           const family_policy* of, stats& all);

}  // namespace LARDER_NAMESPACE::cache
