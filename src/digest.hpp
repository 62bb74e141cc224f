// SHA-256 as text. Private to larder.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// The first bytes of the SHA-256, 32 at most, in hexadecimal digits.
std::string digest_of(std::string_view text, std::size_t bytes = 32);

}  // namespace LARDER_NAMESPACE
