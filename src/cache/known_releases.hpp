// Which writes this process has released lately. Private to cache.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "larder/cache/own_writes.hpp"

namespace larder::cache {

/// Threads  any.
/// Memory   of a second, and of 20,000 writes at most.
class known_releases {
public:
    using time_point = own_writes::time_point;

    void add(const std::string& transaction, const std::vector<std::string>& keys, time_point now);
    /// Whether all of its transactions are here, with its key.
    bool have(const changed_key& one, time_point now) const;

private:
    struct release {
        std::vector<std::string> keys;
        time_point when;
    };
    mutable std::mutex mutex_;  // guards the rest
    std::unordered_map<std::string, release> all_;
    std::deque<std::string> transactions_;  // oldest first
};

}  // namespace larder::cache
