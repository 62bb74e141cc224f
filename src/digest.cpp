#include "digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <new>

namespace LARDER_NAMESPACE {

std::string digest_of(std::string_view text, std::size_t bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(), hash.data(), &size) != 1)
        throw std::bad_alloc{};
    std::string out;
    for (std::size_t i = 0; i < std::min(bytes, size); ++i)
        out.append(1, digits[hash[i] >> 4U]).append(1, digits[hash[i] & 15U]);
    return out;
}

}  // namespace LARDER_NAMESPACE
