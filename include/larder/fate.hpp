// What can be known of a write whose answer was lost.
#pragma once

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// Whether it may still happen.
enum class fate {
    over,     ///< it has happened and can be seen, or never will: release
    pending,  ///< it may still happen: hold on, and ask again
    unknown   ///< the source does not answer, or cannot tell: hold on for as long as a hold lasts
};

}  // namespace LARDER_NAMESPACE
