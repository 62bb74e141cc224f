// What a service declares of the families that it reads. Private to larder.
#pragma once

#include <string>
#include <vector>

#include "larder/cache/key.hpp"

namespace larder::follow {

/// 16 hexadecimal digits, others for other tables or columns, in whatever order the families are.
std::string declared_by(const std::vector<cache::key>& families);

}  // namespace larder::follow
