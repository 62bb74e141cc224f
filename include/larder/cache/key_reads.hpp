// Which keys a worker reads most.
#pragma once

#include <string>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::cache {

/// Reads of the latest minute or so: one that is half a minute old counts half as much as a new
/// one.
struct key_reads {
    struct of_key {
        std::string key;   ///< of a longer one its first 256 bytes
        double reads = 0;  ///< at least
    };
    double all = 0;
    std::vector<of_key> most;  ///< the most read ones first
};

}  // namespace LARDER_NAMESPACE::cache
