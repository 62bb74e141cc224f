#include "larder/percent.hpp"

#include <charconv>

namespace larder {

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (; !text.empty(); text.remove_prefix(1)) {
        if (text.front() != '%') {
            out += text.front();
            continue;
        }
        if (text.size() < 3) return std::nullopt;
        unsigned byte = 0;
        const auto [end, ec] = std::from_chars(text.data() + 1, text.data() + 3, byte, 16);
        if (ec != std::errc{} || end != text.data() + 3) return std::nullopt;
        out += static_cast<char>(byte);
        text.remove_prefix(2);
    }
    return out;
}

}  // namespace larder
