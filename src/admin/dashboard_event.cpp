#include "dashboard_event.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "admin/described_stats.hpp"
#include "larder/json.hpp"

namespace LARDER_NAMESPACE::admin::shown {

using number = std::int64_t;

struct requests {
    number answered = 0, refused = 0, failed = 0;  // of the first: with 4xx, and with 5xx
    number in_flight = 0, connections = 0;
};
BOOST_DESCRIBE_STRUCT(requests, (), (answered, refused, failed, in_flight, connections))

struct latency {
    std::vector<number> bounds_us;  // of the buckets but the last, which has none
    std::vector<number> requests;   // in each
};
BOOST_DESCRIBE_STRUCT(latency, (), (bounds_us, requests))

struct reads {
    number local = 0, shared = 0, missed = 0;
};
BOOST_DESCRIBE_STRUCT(reads, (), (local, shared, missed))

struct invalidations {
    number local_entries = 0, writes = 0, followed_keys = 0, purges = 0;
};
BOOST_DESCRIBE_STRUCT(invalidations, (), (local_entries, writes, followed_keys, purges))

struct one_worker {
    bool is_answering = false;
    number requests = 0, connections = 0, in_flight = 0;
    shown::reads reads;
    number local_entries = 0, local_bytes = 0;
    number postgresql_in_use = 0, postgresql_waiting = 0;
    bool is_connected = false, is_trusted = false, is_silent = false;
};
BOOST_DESCRIBE_STRUCT(one_worker, (),
                      (is_answering, requests, connections, in_flight, reads, local_entries,
                       local_bytes, postgresql_in_use, postgresql_waiting, is_connected, is_trusted,
                       is_silent))

struct hot_key {
    std::string key;
    number millionths = 0;  // of all reads, at least
};
BOOST_DESCRIBE_STRUCT(hot_key, (), (key, millionths))

struct event {
    number at_us = 0;       // by a clock that begins anywhere
    number started_ms = 0;  // since 1970
    std::string service, version;
    report health;
    shown::requests requests;
    shown::latency latency;
    shown::reads reads;
    number loads = 0, load_us = 0;
    shown::invalidations invalidations;
    std::vector<one_worker> workers;
    std::vector<hot_key> hot_keys;
};
BOOST_DESCRIBE_STRUCT(event, (),
                      (at_us, started_ms, service, version, health, requests, latency, reads, loads,
                       load_us, invalidations, workers, hot_keys))

}  // namespace LARDER_NAMESPACE::admin::shown

namespace LARDER_NAMESPACE::admin {

namespace {

constexpr std::size_t most_keys = 12;

shown::number told(std::uint64_t count) { return static_cast<shown::number>(count); }

shown::reads reads_of(const cache::stats& c) {
    return {told(c.local_hits), told(c.shared_hits), told(all_of(c.misses))};
}

void add_requests(shown::event& all, shown::one_worker& shown, const worker_figures& one) {
    for (const auto& [route, method, status, requests] : one.requests.counts) {
        shown.requests += told(requests);
        if (status >= 500) all.requests.failed += told(requests);
        else if (status >= 400) all.requests.refused += told(requests);
    }
    all.requests.answered += shown.requests;
    all.requests.in_flight += shown.in_flight = told(one.in_flight);
    all.requests.connections += shown.connections = told(one.connections);
    for (const auto& route : one.requests.latencies)
        for (std::size_t i = 0; i < route.buckets.size(); ++i)
            all.latency.requests[i] += told(route.buckets[i]);
}

void add_cache(shown::event& all, shown::one_worker& shown, const cache::stats& c) {
    shown.reads = reads_of(c);
    all.reads.local += shown.reads.local;
    all.reads.shared += shown.reads.shared;
    all.reads.missed += shown.reads.missed;
    all.loads += told(c.loads);
    all.load_us += told(c.load_ns / 1'000);
    all.invalidations.local_entries += told(c.invalidations);
    all.invalidations.writes += told(c.writes);
    all.invalidations.purges += told(c.purges);
    shown.local_entries = told(c.local_entries);
    shown.local_bytes = told(c.local_bytes);
    shown.is_connected = c.is_connected;
    shown.is_trusted = c.is_trusted;
    shown.is_silent = c.is_silent;
}

void add_worker(shown::event& all, const worker_figures& one, bool is_answering) {
    auto& shown = all.workers.emplace_back();
    shown.is_answering = is_answering;
    add_requests(all, shown, one);
    add_cache(all, shown, one.cache);
    shown.postgresql_in_use = told(one.pool.in_use);
    shown.postgresql_waiting = told(one.pool.waiting);
    if (one.follower) all.invalidations.followed_keys += told(one.follower->changed_keys);
}

// A key that several workers read is counted by each.
std::vector<shown::hot_key> hottest(const std::vector<worker_figures>& workers) {
    std::map<std::string, double> by_key;
    double all = 0;
    for (const auto& one : workers) {
        all += one.keys.all;
        for (const auto& [key, reads] : one.keys.most) by_key[key] += reads;
    }
    std::vector<shown::hot_key> shown;
    shown.reserve(by_key.size());
    for (const auto& [key, reads] : by_key)
        shown.push_back({key, static_cast<shown::number>(reads / std::max(all, 1.0) * 1e6)});
    std::ranges::sort(shown, std::ranges::greater{},
                      [](const auto& one) { return std::tie(one.millionths, one.key); });
    shown.resize(std::min(shown.size(), most_keys));
    return shown;
}

}  // namespace

std::string dashboard_event(const observation& of, std::chrono::steady_clock::time_point now) {
    using std::chrono::duration_cast;
    using std::chrono::microseconds;
    shown::event all;
    all.at_us = duration_cast<microseconds>(now.time_since_epoch()).count();
    all.started_ms = static_cast<shown::number>(of.process.start_time_seconds * 1e3);
    all.service = of.service;
    all.version = of.version;
    all.health = judge(of.at);
    for (const auto& bound : http::request_counts::bounds)
        all.latency.bounds_us.push_back(duration_cast<microseconds>(bound).count());
    all.latency.requests.resize(all.latency.bounds_us.size() + 1);
    for (std::size_t i = 0; i < of.workers.size(); ++i)
        add_worker(all, of.workers[i], of.at.workers[i].has_value());
    all.hot_keys = hottest(of.workers);
    return json::text(all);
}

}  // namespace LARDER_NAMESPACE::admin
