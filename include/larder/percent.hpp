// Percent-encoding, as URIs have it (RFC 3986, section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// The decoded text; empty if a percent sign is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

/// The same as browsers have it: a percent sign that starts no byte stands for itself.
std::string percent_decode_leniently(std::string_view text);

/// The text as a segment of a path: all but unreserved characters (RFC 3986, section 2.3) encoded.
std::string percent_encode(std::string_view text);

}  // namespace LARDER_NAMESPACE
