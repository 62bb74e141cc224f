// The line of the log that each request has. Private to http.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE::http {

struct access {
    std::string_view client;
    std::string_view line;  ///< `GET /count HTTP/1.1`, or why it is no request
    std::string_view request_id, trace_id;
    std::string_view trace;                        ///< what the text of the line has of these
    std::optional<std::chrono::nanoseconds> took;  ///< nothing: it is no request
    bool has_duration = false;                     ///< in the text of the line
};

/// At level info; in JSON with what it says as members of their own.
void log_access(const access& a, const response& answer);

}  // namespace LARDER_NAMESPACE::http
