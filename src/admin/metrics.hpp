// The metrics of a process in Prometheus' text format. Private to larder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/figures.hpp"
#include "admin/health.hpp"
#include "admin/process.hpp"
#include "trace/recorder.hpp"

namespace larder::admin {

/// All that /metrics shows.
struct observation {
    std::string_view service, version;
    std::vector<std::string> routes;  ///< by their numbers
    condition at;
    std::vector<worker_figures> workers;  ///< the last known
    bool is_ready = false;
    std::size_t most_connections = 0;  ///< to PostgreSQL
    std::uint64_t logins = 0, refused_logins = 0;
    std::uint64_t lost_log_lines = 0;
    std::optional<trace::counts> traces;  ///< nothing: none are recorded
    process_figures process;
};

inline constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

/// Names are `larder_*` in base units, and of the process those that Prometheus' clients share.
std::string metrics_text(const observation& of);

}  // namespace larder::admin
