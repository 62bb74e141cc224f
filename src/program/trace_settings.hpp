// The variables of OpenTelemetry that say who is told of traces.
#pragma once

#include <optional>
#include <string>

#include "larder/trace.hpp"

namespace larder::program {

/// Nothing unless OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT is set. Throws
/// setting_error, which never says what a header is.
///
/// Source   OpenTelemetry's specification: environment variables, and those of the OTLP exporter.
std::optional<trace::options> traces_from_environment();

/// As OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG have it: `parentbased_traceidratio 0.1`.
std::string sampler_text(const trace::options& o);

}  // namespace larder::program
