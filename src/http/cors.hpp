// Whose pages may read answers (the Fetch standard's CORS). Private to larder.
#pragma once

#include <string>
#include <vector>

#include "larder/http/message.hpp"

namespace larder::http {

/// Adds to an answer what lets a page of one of these origins read it; `*` is any. The answer to a
/// preflight, an OPTIONS, is told which methods there are by its `allow`.
void allow_origins(const std::vector<std::string>& origins, const request& r, response& answer);

}  // namespace larder::http
