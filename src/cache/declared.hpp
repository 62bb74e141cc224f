// What a service has declared of its entries, as a text. Private to larder.
#pragma once

#include <string>
#include <vector>

#include "larder/cache/key.hpp"

namespace larder::cache {

/// What the entries of the families are told apart by: another text for other tables or columns,
/// in whatever order the families are.
std::string declared_by(const std::vector<key>& families);

}  // namespace larder::cache
