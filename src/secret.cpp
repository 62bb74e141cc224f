#include "larder/secret.hpp"

#include <openssl/crypto.h>

#include "digest.hpp"

namespace LARDER_NAMESPACE {

// Digests are of one length, and who does not know a secret cannot choose where they differ.
bool is_same_secret(std::string_view a, std::string_view b) {
    const auto of_a = digest_of(a), of_b = digest_of(b);
    return CRYPTO_memcmp(of_a.data(), of_b.data(), of_a.size()) == 0;
}

std::string digest_of_secret(std::string_view secret) { return digest_of(secret); }

}  // namespace LARDER_NAMESPACE
