// The command `orders check`.
#pragma once

#include "larder/program.hpp"

namespace orders::check {

/// Adds its flags.
larder::program::action define(CLI::App& checking);

}  // namespace orders::check
