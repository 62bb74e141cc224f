// Exit statuses, as in sysexits.h.
#pragma once

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::program {

inline constexpr int status_usage = 64, status_unavailable = 69, status_config = 78;

}  // namespace LARDER_NAMESPACE::program
