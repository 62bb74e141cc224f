// What this process is called among those of all machines. Private to larder.
#pragma once

#include <string>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// The machine's name and the process's number there: `web1:4711`.
std::string name_of_process();

}  // namespace LARDER_NAMESPACE
