// An answer's entity tag. Private to http.
#pragma once

#include <array>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::http {

/// A strong one, as it stands in a header line: quoted.
struct entity_tag {
    std::array<char, 34> text;

    operator std::string_view() const { return {text.data(), text.size()}; }
};

/// Depends on the bytes alone: the same on every instance and after a restart.
///
/// Cost     0.15 µs for a count, 0.3 where the CPU has no SHA instructions; one allocation, which
///          OpenSSL makes.
entity_tag etag_of(std::string_view body);

}  // namespace LARDER_NAMESPACE::http
