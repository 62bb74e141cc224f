// Errors as application/problem+json (RFC 9457), for clients that ask for it. Private to larder.
#pragma once

#include <string_view>

#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE::http {

/// Whether an Accept header prefers problem+json to json. `*/*` does not, nor does none.
bool prefers_problem(std::string_view accept);

/// Rewrites an error in FastAPI's shape. A list of faults becomes the member `errors`.
void make_problem(response& error);

}  // namespace LARDER_NAMESPACE::http
