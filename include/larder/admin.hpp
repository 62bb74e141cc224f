// Where an operator asks a service how it is: health, metrics and a dashboard.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// A listener beside the service's own, for /health/live, /health/ready, /metrics and /dashboard,
/// in HTTP without TLS. It takes part from before the first worker serves until after the last one
/// has ended. One of `port`, `unix_path` and `descriptor` says where; of several the last.
///
/// Threads  its own requests are answered by the thread that runs the app, so a worker that is busy
///          does not keep it from answering.
/// Cost     of a request for /metrics: some microseconds of each worker. Counting costs a request
///          of the service 1 % of a hit (docs/decisions.md).
struct admin_options {
    std::string host = "127.0.0.1";     ///< a name or an address to listen on
    std::optional<std::uint16_t> port;  ///< 0: any free one, which the log tells
    std::string unix_path;              ///< a Unix socket instead
    std::optional<int> descriptor;      ///< a socket that listens already instead
};

/// What app::look_after_cache() does with the entries that all instances share.
enum class cache_command {
    get,         ///< shows what there is under a key; without an entry it is none
    stats,       ///< counts all entries, by family
    invalidate,  ///< has all instances forget some keys
    purge,       ///< has them forget a family
    trust        ///< says whether the entries are believed, and why
};

/// For a person, or in one line of JSON.
struct cache_answer {
    std::string text;
    bool is_positive = true;  ///< there is an entry; the entries are trusted
};

/// Valkey is away, or refuses; what() is one sentence for a person, without a password.
class cache_error : public std::runtime_error {
public:
    cache_error(const std::string& why, bool is_refused)
        : std::runtime_error(why), is_refused_(is_refused) {}
    bool is_refused() const { return is_refused_; }

private:
    bool is_refused_;
};

/// Opens the socket that the options name: see listen(const app_options&).
int listen(const admin_options& options);

}  // namespace LARDER_NAMESPACE
