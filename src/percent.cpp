#include "larder/percent.hpp"

#include <charconv>

namespace LARDER_NAMESPACE {

namespace {

// The byte of the `%41` that `text` starts with.
std::optional<char> encoded_byte(std::string_view text) {
    if (text.size() < 3 || text.front() != '%') return std::nullopt;
    unsigned byte = 0;
    const auto [end, ec] = std::from_chars(text.data() + 1, text.data() + 3, byte, 16);
    if (ec != std::errc{} || end != text.data() + 3) return std::nullopt;
    return static_cast<char>(byte);
}

}  // namespace

std::string percent_decode_leniently(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto byte = encoded_byte(text);
        out += byte.value_or(text.front());
        text.remove_prefix(byte ? 3 : 1);
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3))
        if (!encoded_byte(text.substr(at))) return std::nullopt;
    return percent_decode_leniently(text);
}

std::string percent_encode(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                   (c >= '0' && c <= '9') ||
                                   std::string_view{"-._~"}.find(c) != std::string_view::npos;
        if (is_unreserved) out += c;
        else out.append(1, '%').append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
    }
    return out;
}

}  // namespace LARDER_NAMESPACE
