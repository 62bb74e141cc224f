// What a reader is told whose value is not loaded in time.
#pragma once

#include <stdexcept>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::cache {

/// A load took longer than the key's policy allows, or so many went on that it could not begin.
/// Nothing is wrong with the request: 503, try again later.
class load_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace LARDER_NAMESPACE::cache
