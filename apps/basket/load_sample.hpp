// The command `basket load-sample`.
#pragma once

#include "larder/program.hpp"

namespace baskets {

/// Makes the tables of the service and fills them, in one transaction: all of it or nothing. The
/// products are those of `orders load-sample`, if these are there. Does nothing if there is a table
/// public.baskets.
larder::program::action define_load_sample(CLI::App& loading);

}  // namespace baskets
