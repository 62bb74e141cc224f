// How a family of entries lives.
#pragma once

#include <chrono>
#include <optional>

namespace larder::cache {

/// What is said of a family's entries alone; what is not said is as for all families.
struct policy {
    std::optional<std::chrono::seconds> ttl = {};  ///< of an entry
    /// Of an entry that says that nothing is there, as a std::optional reply that is empty; else
    /// that of any other.
    std::optional<std::chrono::seconds> negative_ttl = {};

    /// Whether each is as it may be: longer than no time.
    constexpr bool is_possible() const {
        const auto is_time = [](const auto& one) { return !one || one->count() > 0; };
        return is_time(ttl) && is_time(negative_ttl);
    }
    bool operator==(const policy&) const = default;
};

}  // namespace larder::cache
