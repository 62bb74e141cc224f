// What the system knows of this process. Private to larder.
#pragma once

#include <cstdint>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::admin {

/// In base units; what cannot be read is 0.
struct process_figures {
    double cpu_seconds = 0;
    double start_time_seconds = 0;  ///< since 1970
    std::uint64_t resident_bytes = 0, virtual_bytes = 0;
    std::uint64_t open_descriptors = 0, most_descriptors = 0;
    std::uint64_t threads = 0;
};

/// Cost     four small files of /proc.
process_figures figures_of_process();

}  // namespace LARDER_NAMESPACE::admin
