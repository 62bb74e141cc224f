#include "metrics.hpp"

#include <array>
#include <initializer_list>
#include <limits>
#include <map>
#include <utility>

#include "admin/described_stats.hpp"
#include "admin/metric_families.hpp"
#include "larder/described.hpp"

namespace LARDER_NAMESPACE::admin {

namespace {

using families = metric_families;
using type = prometheus::MetricType;

double seconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>{duration}.count();
}

std::string name_of(http::method m) {
    static constexpr std::array names{"GET",   "HEAD",   "POST",    "PUT",
                                      "PATCH", "DELETE", "OPTIONS", "other"};
    return names.at(static_cast<std::size_t>(m));
}

void add_workers(families& all, const observation& of) {
    std::size_t answering = 0;
    for (const auto& one : of.at.workers) answering += one ? 1 : 0;
    auto& info = all.begin("larder_build_info", "Which service this is; always 1", type::Gauge);
    families::add(info,
                  {{"service", std::string{of.service}}, {"version", std::string{of.version}}}, 1);
    all.gauge("larder_ready", "Whether /health/ready says so", of.is_ready ? 1 : 0);
    all.gauge("larder_workers", "Threads that serve", static_cast<double>(of.at.workers.size()));
    all.gauge("larder_workers_answering", "Those of them that said in time how they are",
              static_cast<double>(answering));
}

// Counters of a route, method and status over all workers.
void add_requests(families& all, const observation& of) {
    std::map<std::pair<unsigned, std::pair<http::method, unsigned>>, std::uint64_t> counts;
    std::vector<http::request_figures::latency> latencies(of.routes.size());
    std::size_t connections = 0, in_flight = 0;
    constexpr auto& bounds = http::request_counts::bounds;
    for (auto& one : latencies) one.buckets.resize(bounds.size() + 1);
    for (const auto& worker : of.workers) {
        connections += worker.connections;
        in_flight += worker.in_flight;
        for (const auto& one : worker.requests.counts)
            counts[{one.route, {one.method, one.status}}] += one.requests;
        for (std::size_t route = 0; route < worker.requests.latencies.size(); ++route) {
            const auto& more = worker.requests.latencies[route];
            latencies[route].sum += more.sum;
            for (std::size_t i = 0; i < more.buckets.size(); ++i)
                latencies[route].buckets[i] += more.buckets[i];
        }
    }
    auto& requests = all.begin("larder_http_requests_total",
                               "Requests that were answered, by route, method and status; the "
                               "route none has what was refused before its path was looked at",
                               type::Counter);
    for (const auto& [which, number] : counts)
        families::add(requests,
                      {{"route", of.routes[which.first]},
                       {"method", name_of(which.second.first)},
                       {"status", std::to_string(which.second.second)}},
                      static_cast<double>(number));
    auto& durations =
        all.begin("larder_http_request_duration_seconds",
                  "From when a request was read until its answer was there", type::Histogram);
    for (std::size_t route = 0; route < latencies.size(); ++route) {
        prometheus::ClientMetric one;
        one.label = {{"route", of.routes[route]}};
        auto& histogram = one.histogram;
        for (std::size_t i = 0; i <= bounds.size(); ++i) {
            histogram.sample_count += latencies[route].buckets[i];
            const auto bound =
                i < bounds.size() ? seconds(bounds[i]) : std::numeric_limits<double>::infinity();
            histogram.bucket.push_back({histogram.sample_count, bound});
        }
        histogram.sample_sum = seconds(latencies[route].sum);
        if (histogram.sample_count > 0) durations.metric.push_back(std::move(one));
    }
    all.gauge("larder_http_requests_in_flight", "Requests that are being answered",
              static_cast<double>(in_flight));
    all.gauge("larder_http_connections", "Connections of clients",
              static_cast<double>(connections));
}

template <class Number>
double sum(const observation& of, Number number) {
    double all = 0;
    for (const auto& one : of.workers) all += static_cast<double>(number(one));
    return all;
}

template <described T>
T sum_of_members(const observation& of, T cache::stats::* which) {
    T all;
    for (const auto& one : of.workers)
        for_each_member<T>(
            [&](auto member) { all.*member.pointer += (one.cache.*which).*member.pointer; });
    return all;
}

void add_cache(families& all, const observation& of) {
    const auto sum_of = [&](auto cache::stats::* member) {
        return sum(of, [member](const worker_figures& one) { return one.cache.*member; });
    };
    using s = cache::stats;
    all.by(type::Counter, "larder_cache_hits_total", "Reads that an entry answered, by its tier",
           "tier", {{"local", sum_of(&s::local_hits)}, {"shared", sum_of(&s::shared_hits)}});
    all.by_reason("larder_cache_misses_total", "Reads that no entry answered, by the reason",
                  sum_of_members(of, &s::misses));
    all.counter("larder_cache_joined_reads_total",
                "Reads that waited for the load of another read, and were answered by it",
                sum_of(&s::joined_reads));
    all.counter("larder_cache_loads_total", "Runs of a source query for an entry",
                sum_of(&s::loads));
    all.counter("larder_cache_failed_loads_total", "Those of them that failed",
                sum_of(&s::failed_loads));
    all.counter("larder_cache_stale_answers_total",
                "Hits of entries that were past their time to live", sum_of(&s::stale_answers));
    all.counter("larder_cache_refused_loads_total",
                "Loads that were not run, as too many of their family were",
                sum_of(&s::refused_loads));
    all.counter("larder_cache_load_seconds_total", "Time that the loads took together",
                sum_of(&s::load_ns) / 1e9);
    all.counter("larder_cache_fills_total", "Loaded values that became entries in Valkey",
                sum_of(&s::fills));
    all.by_reason("larder_cache_refused_fills_total",
                  "Loaded values that did not become entries, by the reason",
                  sum_of_members(of, &s::refused_fills));
    all.counter("larder_cache_writes_total", "Writes on keys that were, or may be, committed",
                sum_of(&s::writes));
    all.counter("larder_cache_holds_total", "Holds of writes", sum_of(&s::holds));
    all.counter("larder_cache_untold_holds_total",
                "Those that Valkey could not be told, so that PostgreSQL announced the write",
                sum_of(&s::untold_holds));
    all.gauge("larder_cache_unreleased_keys",
              "Keys that are not read from Valkey before it was told of writes on them",
              static_cast<double>(of.at.unreleased_keys));
    all.counter("larder_cache_purges_total", "Families of which this process deleted all entries",
                sum_of(&s::purges));
    all.counter("larder_cache_purged_entries_total", "Entries that it deleted with them",
                sum_of(&s::purged_entries));
    all.gauge("larder_cache_local_entries", "Entries of the local tier", sum_of(&s::local_entries));
    all.gauge("larder_cache_local_bytes", "Their size", sum_of(&s::local_bytes));
    all.gauge("larder_cache_local_limit_bytes", "What that may be at most: CACHE_LOCAL_BYTES",
              static_cast<double>(of.at.local_limit));
    all.counter("larder_cache_local_evictions_total", "Entries that it evicted for space",
                sum_of(&s::evictions));
    all.counter("larder_cache_local_invalidations_total",
                "Entries that it dropped because Valkey said that their keys changed",
                sum_of(&s::invalidations));
    all.gauge("larder_cache_local_usable_workers", "Workers that use their local tier",
              sum_of(&s::is_local_usable));
}

void add_servers(families& all, const observation& of) {
    const auto sum_of = [&](auto cache::stats::* member) {
        return sum(of, [member](const worker_figures& one) { return one.cache.*member; });
    };
    const auto sum_of_pools = [&](auto pg::pool_stats::* member) {
        return sum(of, [member](const worker_figures& one) { return one.pool.*member; });
    };
    using s = cache::stats;
    all.gauge("larder_valkey_connected_workers", "Workers with a connection to Valkey",
              sum_of(&s::is_connected));
    all.gauge("larder_valkey_trusted_workers", "Workers that believe what Valkey remembers",
              sum_of(&s::is_trusted));
    all.gauge("larder_valkey_breaker_open_workers",
              "Workers that do not ask Valkey for a request, as it is silent",
              sum_of(&s::is_silent));
    all.counter("larder_valkey_breaker_openings_total", "Times that Valkey fell silent",
                sum_of(&s::breaker_openings));
    all.counter("larder_valkey_connections_total", "Connections to Valkey that were made",
                sum_of(&s::connections));
    all.gauge("larder_valkey_commands_in_flight", "Commands that Valkey has not answered yet",
              sum_of(&s::commands));
    all.gauge("larder_valkey_foreign_database",
              "Whether Valkey holds entries of another database, and is not used",
              of.at.is_foreign ? 1 : 0);
    all.gauge("larder_postgres_reachable", "Whether PostgreSQL answered just now",
              of.at.source.is_reachable ? 1 : 0);
    all.by(type::Gauge, "larder_postgres_connections", "Connections of the pools, by their state",
           "state",
           {{"in_use", sum_of_pools(&pg::pool_stats::in_use)},
            {"idle", sum_of_pools(&pg::pool_stats::idle)}});
    all.gauge("larder_postgres_connections_limit",
              "How many the process may have, with the one that listens: PG_CONNECTIONS",
              static_cast<double>(of.most_connections));
    all.gauge("larder_postgres_requests_waiting", "Requests that wait for a connection",
              sum_of_pools(&pg::pool_stats::waiting));
    all.by(type::Counter, "larder_postgres_logins_total", "Logins, by how they ended", "result",
           {{"accepted", static_cast<double>(of.logins)},
            {"refused", static_cast<double>(of.refused_logins)}});
}

void add_follower(families& all, const observation& of) {
    if (of.at.follow == following::off) return;
    follower_figures here;
    for (const auto& one : of.workers)
        if (one.follower) here = *one.follower;
    all.gauge("larder_follower_followed", "Whether any instance follows the writes of others",
              sum(of, [](const auto& one) { return one.cache.is_followed; }) > 0 ? 1 : 0);
    all.gauge("larder_follower_following", "Whether it is this one", here.is_following ? 1 : 0);
    all.gauge("larder_follower_lag_seconds", "How much later than its commit it tells a write",
              here.is_following ? seconds(here.late) : 0);
    all.gauge("larder_follower_lag_bytes", "The part of PostgreSQL's log that is not told yet",
              here.is_following ? static_cast<double>(here.behind_bytes) : 0);
    all.counter("larder_follower_sessions_total", "Times that this instance began to follow",
                static_cast<double>(here.sessions));
    all.counter("larder_follower_changed_keys_total", "Keys that it told to be untrue",
                static_cast<double>(here.changed_keys));
    all.counter("larder_follower_purges_total",
                "Times that it had all entries of a family forgotten",
                static_cast<double>(here.purges));
}

void add_self_check(families& all, const observation& of) {
    if (of.workers.empty() || !of.workers.front().self_check) return;
    self_check_figures sums;
    for (const auto& one : of.workers) {
        if (!one.self_check) continue;
        sums.compared += one.self_check->compared;
        for (std::size_t i = 0; i < sums.inconsistent.size(); ++i)
            sums.inconsistent[i] += one.self_check->inconsistent[i];
    }
    all.counter("larder_self_checks_total", "Entries that were compared with PostgreSQL",
                static_cast<double>(sums.compared));
    auto& differing = all.begin("larder_inconsistent_reads_total",
                                "Entries that differed from PostgreSQL for that long: bound is "
                                "what the promises allow",
                                type::Counter);
    for (std::size_t i = 0; i < sums.inconsistent.size(); ++i)
        families::add(differing, {{"age", self_check_figures::ages[i]}},
                      static_cast<double>(sums.inconsistent[i]));
}

void add_traces(families& all, const observation& of) {
    if (!of.traces) return;
    all.counter("larder_trace_spans_exported_total", "Spans that the collector of traces has taken",
                static_cast<double>(of.traces->exported));
    all.counter("larder_trace_spans_dropped_total",
                "Spans that found no room, or that the collector refused",
                static_cast<double>(of.traces->dropped));
}

void add_process(families& all, const observation& of) {
    all.counter("larder_log_lines_dropped_total",
                "Lines of the log that found no room or could not be written",
                static_cast<double>(of.lost_log_lines));
    const auto& p = of.process;
    all.counter("process_cpu_seconds_total", "User and system time", p.cpu_seconds);
    all.gauge("process_start_time_seconds", "When the process started, since 1970",
              p.start_time_seconds);
    all.gauge("process_resident_memory_bytes", "Memory that is in use",
              static_cast<double>(p.resident_bytes));
    all.gauge("process_virtual_memory_bytes", "Address space",
              static_cast<double>(p.virtual_bytes));
    all.gauge("process_open_fds", "Descriptors that are open",
              static_cast<double>(p.open_descriptors));
    all.gauge("process_max_fds", "How many there may be", static_cast<double>(p.most_descriptors));
    all.gauge("process_threads", "Threads", static_cast<double>(p.threads));
}

}  // namespace

std::string metrics_text(const observation& of) {
    families all;
    add_workers(all, of);
    add_requests(all, of);
    add_cache(all, of);
    add_servers(all, of);
    add_follower(all, of);
    add_self_check(all, of);
    add_traces(all, of);
    add_process(all, of);
    return all.text();
}

}  // namespace LARDER_NAMESPACE::admin
