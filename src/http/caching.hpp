// The headers of a cached answer, and the preconditions on it. Private to larder.
#pragma once

#include <string>
#include <string_view>

#include "larder/http/message.hpp"
#include "larder/services.hpp"

namespace larder::http {

/// What the client's headers ask of the cache.
cache_directives directives_of(const request& r);

/// The answer to a GET or HEAD: 200 with the body, 304 or 412. `cache_control` is its line.
response cached_answer(const request& r, std::string body, const exchange& how,
                       std::string_view cache_control);

/// Whether preconditions forbid a request whose resource has no representation, as a POST's.
bool is_precondition_failed(const request& r);

}  // namespace larder::http
