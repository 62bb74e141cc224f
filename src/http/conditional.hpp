// Preconditions on a resource's entity tag (RFC 9110, section 13). Private to http.
#pragma once

#include <optional>
#include <string_view>

#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE::http {

/// Header values, several lines joined by ", ".
struct preconditions {
    std::optional<std::string_view> if_match = {};
    std::string_view if_none_match = {};  ///< none and an empty list are the same
};

enum class verdict {
    proceed,             ///< do what the request asks for
    not_modified,        ///< answer 304, with the headers that a 200 would have
    precondition_failed  ///< answer 412, and change nothing
};

/// `etag` is the strong one of what the resource holds now; empty if it holds nothing.
///
/// Only for a request that would otherwise be answered with 2xx (13.2.1). If-Modified-Since and
/// If-Unmodified-Since do not count: larder's resources have no date of modification (13.1.3 and
/// 13.1.4), and Range is not served.
verdict evaluate(method m, const preconditions& p, std::string_view etag);

}  // namespace LARDER_NAMESPACE::http
