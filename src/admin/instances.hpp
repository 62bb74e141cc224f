// What instances tell of themselves in Valkey, and how that is shown. Does no I/O. Private to
// larder.
#pragma once

#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/figures.hpp"

namespace LARDER_NAMESPACE::admin {

/// What an instance tells of itself every two seconds. Numbers of reads and requests are those of
/// the last `window_ms`.
struct instance_status {
    std::string instance;  ///< machine and process: `web1:4711`
    std::string version, address;
    std::int64_t uptime_s = 0;
    bool is_ready = false;
    std::vector<std::string> reasons;  ///< why it is not; two at most
    std::int64_t window_ms = 0;
    std::int64_t local_hits = 0, shared_hits = 0, misses = 0;
    std::optional<std::int64_t> requests;  ///< where they are counted: with --admin-port
    std::int64_t workers = 0, trusted_workers = 0;
    bool follows_here = false, is_followed = false;
    std::optional<std::int64_t> late_ms;  ///< of the one that follows
};
BOOST_DESCRIBE_STRUCT(instance_status, (),
                      (instance, version, address, uptime_s, is_ready, reasons, window_ms,
                       local_hits, shared_hits, misses, requests, workers, trusted_workers,
                       follows_here, is_followed, late_ms))

/// Of `status --json`.
struct instances_report {
    std::vector<instance_status> instances;
};
BOOST_DESCRIBE_STRUCT(instances_report, (), (instances))

/// Nothing if it is of another version, or no such text.
std::optional<instance_status> read_instance(std::string_view text);

/// A table for a terminal, with what keeps an instance from being ready below it.
std::string text_of(const instances_report& of);

/// Counters of a process at a time.
struct totals {
    std::chrono::steady_clock::time_point at;
    std::uint64_t local_hits = 0, shared_hits = 0, misses = 0, requests = 0;
};
totals totals_of(const std::vector<worker_figures>& workers,
                 std::chrono::steady_clock::time_point at);

/// What has grown within the last ten seconds or so.
class recent_totals {
public:
    void add(const totals& now);
    /// Since the oldest one that is kept.
    totals growth() const;
    std::chrono::milliseconds window() const;

private:
    std::deque<totals> all_;
};

}  // namespace LARDER_NAMESPACE::admin
