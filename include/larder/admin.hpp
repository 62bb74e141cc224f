// Where an operator asks a service how it is: health, metrics and a dashboard.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace larder {

/// A listener beside the service's own, for /health/live, /health/ready, /metrics and /dashboard,
/// in HTTP without TLS. It takes part from before the first worker serves until after the last one
/// has ended. One of `port`, `unix_path` and `descriptor` says where; of several the last.
///
/// Threads  its own requests are answered by the thread that runs the app, so a worker that is busy
///          does not keep it from answering.
/// Cost     of a request for /metrics: some microseconds of each worker. Counting costs a request
///          of the service 0.5 % of a hit (docs/decisions.md).
struct admin_options {
    std::string host = "127.0.0.1";     ///< a name or an address to listen on
    std::optional<std::uint16_t> port;  ///< 0: any free one, which the log tells
    std::string unix_path;              ///< a Unix socket instead
    std::optional<int> descriptor;      ///< a socket that listens already instead
};

/// Opens the socket that the options name: see listen(const app_options&).
int listen(const admin_options& options);

}  // namespace larder
