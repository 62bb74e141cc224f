// How much of a machine a process may use. Private to larder.
#pragma once

#include <string>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// The processors that this process may run on, by its affinity, and no more than the quotas of its
/// control groups (of version 1 or 2) allow, rounded up. At least one. `root` stands
/// before /proc and /sys.
unsigned processors(const std::string& root = {});

}  // namespace LARDER_NAMESPACE
