// What a refusal of Valkey's means, and what helps. Private to valkey.
#pragma once

#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Valkey's sentence, without where in which script it was, and behind it what helps where that is
/// known. `user` is who logged in.
std::string with_help(std::string_view error, std::string_view user);

/// Whether the server is a node of a cluster that does not serve the key.
bool is_of_cluster(std::string_view error);

}  // namespace LARDER_NAMESPACE::valkey
