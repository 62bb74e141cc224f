// The command `orders load-sample`.
#pragma once

#include "larder/program.hpp"

namespace orders {

/// Adds its flags.
larder::program::action define_load_sample(CLI::App& loading);

}  // namespace orders
