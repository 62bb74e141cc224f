#include "etag.hpp"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace LARDER_NAMESPACE::http {

namespace {

struct context_deleter {
    void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};
using context = std::unique_ptr<EVP_MD_CTX, context_deleter>;

void require(bool succeeded) {
    if (!succeeded) throw std::runtime_error{"OpenSSL cannot compute SHA-256"};
}

context sha_256() {
    context c{EVP_MD_CTX_new()};
    require(c && EVP_DigestInit_ex2(c.get(), EVP_sha256(), nullptr) == 1);
    return c;
}

}  // namespace

// Whoever writes what an answer shows must not be able to make two answers with one tag, so it is
// a cryptographic hash. 128 bits of it are enough.
entity_tag etag_of(std::string_view body) {
    // OpenSSL takes three times as long to find an algorithm as to hash a few bytes.
    thread_local const context c = sha_256();
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    require(EVP_DigestInit_ex2(c.get(), nullptr, nullptr) == 1 &&
            EVP_DigestUpdate(c.get(), body.data(), body.size()) == 1 &&
            EVP_DigestFinal_ex(c.get(), digest.data(), nullptr) == 1);

    constexpr std::string_view digits = "0123456789abcdef";
    entity_tag tag;
    tag.text.front() = tag.text.back() = '"';
    for (std::size_t i = 0; i < 16; ++i) {
        tag.text[1 + 2 * i] = digits[digest[i] / 16];
        tag.text[2 + 2 * i] = digits[digest[i] % 16];
    }
    return tag;
}

}  // namespace LARDER_NAMESPACE::http
