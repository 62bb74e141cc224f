// What tests ask of texts and of files.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace larder::test {

/// Whether the part is somewhere in the text.
inline bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// All of a file; empty if it cannot be read.
inline std::string text_of(const std::string& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace larder::test
