// The span of a request, named as OpenTelemetry has it. Private to http.
#pragma once

#include <chrono>
#include <string_view>

#include "known_requests.hpp"
#include "larder/http/message.hpp"
#include "server.hpp"
#include "trace/recorder.hpp"

namespace larder::http {

/// Nothing if it is not to be recorded. `parent`: the `traceparent`, or empty.
trace::active begin_span(const server_options& o, std::string_view parent, const request& r,
                         std::chrono::steady_clock::time_point begun);

/// The answer is there.
void end_span(trace::active& one, const server_options& o, const request& r,
              const response& answer);

/// The same of a request that was not read again, as its answer is known: one that the local tier
/// answered.
void record_known(const server_options& o, const known_answer& answer, std::string_view head,
                  std::chrono::steady_clock::time_point begun);

}  // namespace larder::http
