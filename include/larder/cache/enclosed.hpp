// How the text of a struct is enclosed in an entry, and what that tells of it.
#pragma once

#include <cstddef>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::cache {

namespace detail {

// `{"shape":"`, the fingerprint of the type, `","value":`, the value's JSON, `}`.
inline constexpr std::string_view opening_begins = R"({"shape":")", opening_ends = R"(","value":)";
inline constexpr std::size_t shape_digits = 16;

}  // namespace detail

/// Whether what to_text() has written is of a value that is not there: an empty std::optional. No
/// other value's JSON has four letters.
constexpr bool is_nothing(std::string_view text) {
    using namespace detail;
    constexpr std::string_view null = "null}";
    return text.size() ==
               opening_begins.size() + shape_digits + opening_ends.size() + null.size() &&
           text.ends_with(null);
}

}  // namespace LARDER_NAMESPACE::cache
