// Spans as bytes: OTLP's ExportTraceServiceRequest. Private to larder.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "trace/recorder.hpp"

namespace larder::trace {

/// Who it is that records, as OpenTelemetry names these: `service.name`.
using resource = std::vector<std::pair<std::string, std::string>>;

/// Protobuf. `since_1970`: what is to be added to the spans' times.
///
/// Source   opentelemetry-proto 1.x, trace/v1/trace.proto: the numbers of the fields are for ever.
std::string encode(const resource& who, std::string_view version, std::span<const span> spans,
                   std::chrono::nanoseconds since_1970);

}  // namespace larder::trace
