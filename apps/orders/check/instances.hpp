// The instances that a run asks, and a thread's connections to them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "check/report.hpp"
#include "larder/check/client.hpp"
#include "larder/check/ledger.hpp"

namespace orders::check {

inline constexpr int exit_usage = 64;

struct instance {
    using key = larder::check::key;

    instance(const std::string& where, const larder::check::address& at, std::int32_t customers);
    static std::string path(key k);
    std::string post(const std::string& body) const;

    std::string url;
    std::string authority;
    larder::check::endpoint to;
    std::vector<std::string> gets;  ///< by key
    bool takes_writes = true;
    std::atomic<std::int64_t> reads{0};
    std::atomic<std::int64_t> writes{0};
};

/// Throws sample::failure.
larder::check::address parse_or_throw(const std::string& url);
/// Asks the system where it is. Throws sample::failure.
std::unique_ptr<instance> instance_at(const std::string& url, std::int32_t customers);

/// A thread's connections: one to each instance, of which it picks any that answered lately.
class links {
public:
    links(const std::vector<std::unique_ptr<instance>>& all, std::chrono::milliseconds timeout,
          bool to_write);

    /// Null if none has answered lately.
    instance* pick();
    /// Through the instance picked last. An answer that is not 200 is counted as an error.
    larder::check::answer exchange(std::string_view request, error_counts& errors);
    std::size_t below(std::size_t limit);
    /// As long as this, on average.
    void pause(std::chrono::milliseconds average);

private:
    struct link {
        instance* to;
        larder::check::client connection;
        larder::check::clock::time_point not_before;
    };

    std::minstd_rand random_;
    std::vector<link> links_;
    link* chosen_ = nullptr;
};

}  // namespace orders::check
