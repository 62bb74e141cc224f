#include "larder/cache/escaped.hpp"

#include "digest.hpp"

namespace larder::cache {

namespace {

constexpr std::size_t longest = 200;

void append_hexadecimal(std::string& out, unsigned char byte, std::string_view digits) {
    out.append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
}

bool stands_for_itself(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

}  // namespace

std::string escaped(std::string_view text) {
    if (text == "all") return "%61ll";
    std::string out;
    for (const char c : text) {
        if (out.size() > longest) return "~" + digest_of(text);
        if (stands_for_itself(c)) out += c;
        else append_hexadecimal(out += '%', static_cast<unsigned char>(c), "0123456789ABCDEF");
    }
    return out.size() > longest ? "~" + digest_of(text) : out;
}

}  // namespace larder::cache
