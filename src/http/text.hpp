// What header values are made of: blanks, words in any case, lists. Private to larder.
#pragma once

#include <algorithm>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::http {

/// Without the blanks and tabs around it: always a part of the text, if it is an empty one.
inline std::string_view trim(std::string_view text) {
    const auto first = std::min(text.find_first_not_of(" \t"), text.size());
    return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

/// Equal but for the case of ASCII letters.
inline bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

/// What stands before the first `separator`, trimmed; takes both off the text.
inline std::string_view take_until(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto part = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

}  // namespace LARDER_NAMESPACE::http
