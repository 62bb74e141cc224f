// Which part of a URI cannot be read.
#pragma once

#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::program {

/// Of a PG_SERVICE_URI that libpq does not take. Says nothing that may be a part of the password.
std::string fault_of_source_uri(std::string_view uri);

/// Of a VALKEY_SERVICE_URI that larder does not take. Likewise.
std::string fault_of_cache_uri(std::string_view uri);

}  // namespace LARDER_NAMESPACE::program
