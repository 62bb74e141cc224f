// What is compared or kept without giving it away.
#pragma once

#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// Whether two secrets are the same, in a time that tells neither where they differ nor how long
/// either is.
///
/// Cost     two hashes by SHA-256.
bool is_same_secret(std::string_view a, std::string_view b);

/// The SHA-256 of a secret in 64 hexadecimal digits. It may be kept in a table, or in a key of the
/// cache, if the secret is long and random, as a token is; a person's password is not.
std::string digest_of_secret(std::string_view secret);

}  // namespace LARDER_NAMESPACE
