// What the dashboard is told, once a second. Does no I/O. Private to larder.
#pragma once

#include <chrono>
#include <string>

#include "admin/metrics.hpp"

namespace LARDER_NAMESPACE::admin {

/// JSON in one line. Counters grow from the start of the process, and the page takes their
/// differences: so one event fits all pages, and one that is missed does no harm. `now` is when the
/// workers were asked.
std::string dashboard_event(const observation& of, std::chrono::steady_clock::time_point now);

}  // namespace LARDER_NAMESPACE::admin
