// Traces: which steps a request took, and how long each, told to a collector of OpenTelemetry.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder::trace {

class recorder;

using trace_id = std::array<std::uint8_t, 16>;
using span_id = std::uint64_t;

/// The span in which something happens. It is handed from the request to all that it does: the
/// look-up in the cache, the load, the statement.
struct context {
    recorder* to = nullptr;  ///< null: nothing of it is recorded
    trace_id trace{};
    span_id span = 0;

    explicit operator bool() const { return to != nullptr; }
};

/// The span of the load that is being made on this thread: good until the loader returns its
/// awaitable. Of no use elsewhere.
const context& here();

/// Where a collector takes spans, from `http://HOST[:PORT][/PATH]` or `https://…`.
struct endpoint {
    bool is_encrypted = false;
    std::string host = {}, port = {};
    std::string path = {};  ///< `/v1/traces`

    /// Without the path.
    std::string text() const;
};
/// Nothing if it is no such URL. A user and a password in it are not taken: see options::headers.
std::optional<endpoint> parse_endpoint(std::string_view url);

/// What is recorded, and who is told of it.
///
/// Cost     of a request that is not recorded: one random number. Of one that is: about 1 µs a
///          span. Nobody waits for the collector: at most 2,048 spans wait to be told, and those
///          that find no room are dropped and counted.
/// Source   OTLP 1.x over HTTP, as protobuf; W3C Trace Context for `traceparent`.
struct options {
    endpoint to;
    std::vector<std::pair<std::string, std::string>> headers = {};  ///< never logged
    std::string authorities = {};  ///< a PEM file for https; empty: the system's
    std::string service = {};      ///< `service.name`; empty: the app's name
    /// More of what the service is: `deployment.environment.name`.
    std::vector<std::pair<std::string, std::string>> attributes = {};
    /// A request that comes with a `traceparent` is recorded if its sender does so.
    bool follows_parent = true;
    double ratio = 1;  ///< of the others, 0 to 1
};

}  // namespace larder::trace
