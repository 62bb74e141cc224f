// How a worker's connection to Valkey behaves.
#pragma once

#include <algorithm>
#include <chrono>

#include "larder/valkey/uri.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Which Valkey a worker connects to, and how long it waits.
struct client_options {
    valkey::server server;                              ///< where and who
    std::chrono::milliseconds deadline{100};            ///< for a command that a request waits for
    std::chrono::milliseconds patient_deadline{1'000};  ///< for any other
    std::chrono::milliseconds connect_timeout{1'000};   ///< name, TCP and TLS, each
    /// Without a reply, although it was asked, or twice the deadline if that is more: then another
    /// connection is made.
    std::chrono::milliseconds silence_ends{2'000};
    std::chrono::milliseconds reconnect_after{20};     ///< the first time, doubled up to
    std::chrono::milliseconds reconnect_at_most{500};  ///< this, with jitter
    std::chrono::milliseconds probe_after{50};         ///< while the server is silent: a PING

    std::chrono::milliseconds longest_silence() const {
        return std::max(silence_ends, 2 * deadline);
    }
};

}  // namespace LARDER_NAMESPACE::valkey
