// The commands that look after the cache: `cache get`, `cache purge`.
#pragma once

#include <CLI/App.hpp>

#include <functional>

#include "larder/app.hpp"
#include "larder/program.hpp"
#include "program/complaints.hpp"

namespace LARDER_NAMESPACE::program {

/// Adds `cache` and what is below it. What is returned runs the one that was parsed, with what
/// `options` makes of the environment.
action define_cache_commands(CLI::App& caching, const description& of, const complaints& to,
                             std::function<app_options()> options);

}  // namespace LARDER_NAMESPACE::program
