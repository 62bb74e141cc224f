#include "larder/cache/escaped.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>

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

std::string digest_of(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(), hash.data(), &size) != 1)
        throw std::bad_alloc{};
    std::string out = "~";
    for (std::size_t i = 0; i < size; ++i) append_hexadecimal(out, hash[i], "0123456789abcdef");
    return out;
}

}  // namespace

std::string escaped(std::string_view text) {
    if (text == "all") return "%61ll";
    std::string out;
    for (const char c : text) {
        if (out.size() > longest) return digest_of(text);
        if (stands_for_itself(c)) out += c;
        else append_hexadecimal(out += '%', static_cast<unsigned char>(c), "0123456789ABCDEF");
    }
    return out.size() > longest ? digest_of(text) : out;
}

}  // namespace larder::cache
