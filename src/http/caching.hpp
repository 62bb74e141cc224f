// The headers of a cached answer, and the preconditions on it. Private to larder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "larder/http/message.hpp"
#include "larder/services.hpp"

namespace LARDER_NAMESPACE::http {

/// What the client's headers ask of the cache.
cache_directives directives_of(const request& r);

/// The answer to a GET or HEAD: 200 with the body, 304 or 412. `etag` is the body's, and
/// `cache_control` its line.
response tagged_answer(const request& r, std::string body, std::string_view etag,
                       std::string_view cache_control);

/// The same, with what tells where the body came from; nothing if no cache was asked.
response cached_answer(const request& r, std::string body, const exchange& how,
                       std::string_view cache_control);

/// The answer to a GET or HEAD of what is not there, which a cache may know.
response missing_answer(const exchange& how);

/// Whether preconditions forbid a write, where this is what a GET would answer. Without it there is
/// no representation, as of a POST's resource.
bool is_precondition_failed(const request& r, const std::optional<std::string>& now = {});

}  // namespace LARDER_NAMESPACE::http
