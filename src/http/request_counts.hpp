// What a worker has answered, counted. Private to larder.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE::http {

/// What request_counts counted, to be read by another thread.
struct request_figures {
    struct counted {
        unsigned route = 0;
        http::method method = method::other;
        unsigned status = 0;
        std::uint64_t requests = 0;
    };
    /// The requests of each bucket, and beyond the last bound; the time they took together.
    struct latency {
        std::vector<std::uint64_t> buckets;
        std::chrono::nanoseconds sum{0};
    };
    std::vector<counted> counts;
    std::vector<latency> latencies;  ///< of each route
};

/// Requests by route, method and status, and how long they took by route.
///
/// Threads  one worker's: plain numbers, which another thread gets as a copy (figures()).
/// Cost     some twenty instructions a request: no lock, no lookup, and memory only for the first
///          request of a route and a method.
class request_counts {
public:
    /// Upper bounds of the buckets. A hit in the local tier takes some microseconds.
    static constexpr std::array<std::chrono::nanoseconds, 15> bounds{
        std::chrono::microseconds{50},    std::chrono::microseconds{100},
        std::chrono::microseconds{250},   std::chrono::microseconds{500},
        std::chrono::microseconds{1'000}, std::chrono::microseconds{2'500},
        std::chrono::milliseconds{5},     std::chrono::milliseconds{10},
        std::chrono::milliseconds{25},    std::chrono::milliseconds{50},
        std::chrono::milliseconds{100},   std::chrono::milliseconds{250},
        std::chrono::milliseconds{500},   std::chrono::milliseconds{1'000},
        std::chrono::milliseconds{5'000}};

    explicit request_counts(std::size_t routes) : routes_(routes) {}

    void add(unsigned route, http::method m, unsigned status, std::chrono::nanoseconds took) {
        auto& one = routes_[route];
        std::size_t bucket = 0;
        while (bucket < bounds.size() && took > bounds[bucket]) ++bucket;
        ++one.buckets[bucket];
        one.sum += took;
        count(one, m, status);
    }
    /// What could not be read to its end, so that there is no path and no time.
    void add_refused(unsigned status) { count(routes_.front(), method::other, status); }

    request_figures figures() const;

private:
    static constexpr unsigned least_status = 100, statuses = 500;
    static constexpr std::size_t methods = static_cast<std::size_t>(method::other) + 1;
    using by_status = std::array<std::uint64_t, statuses>;

    struct of_route {
        std::array<std::unique_ptr<by_status>, methods> counts;
        std::array<std::uint64_t, bounds.size() + 1> buckets{};
        std::chrono::nanoseconds sum{0};
    };

    static void count(of_route& one, http::method m, unsigned status) {
        auto& all = one.counts[static_cast<std::size_t>(m)];
        if (!all) all = std::make_unique<by_status>();
        ++(*all)[std::min(std::max(status, least_status) - least_status, statuses - 1)];
    }

    std::vector<of_route> routes_;
};

}  // namespace LARDER_NAMESPACE::http
