// How the entries of a family live and are loaded.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::cache {

/// What is said of a family's entries alone; what is not said is as for all families.
struct policy {
    std::optional<std::chrono::seconds> ttl = {};  ///< of an entry
    /// Of an entry that says that nothing is there, as a std::optional reply that is empty; else
    /// that of any other.
    std::optional<std::chrono::seconds> negative_ttl = {};
    /// For how long after its TTL an entry is the answer all the same, while it is loaded anew
    /// behind. Not one that was made untrue, nor one that says that nothing is there.
    std::chrono::seconds stale_while_revalidate{0};
    /// The same where the load fails, as PostgreSQL cannot be reached, say.
    std::chrono::seconds stale_if_error{0};
    /// Of a load, from when a reader wants it: then he gets a load_error, and PostgreSQL is told to
    /// end the statement. Else a statement may take pool_options::statement_timeout.
    std::optional<std::chrono::milliseconds> timeout = {};
    /// How many loads go on at a time in the process; 0: as many as may be. Others wait for their
    /// turn, for as long as a request waits for a connection, and then get a load_error.
    std::size_t loads_at_once = 0;
    /// Of an entry's text, in bytes; else tiers_options::largest_value. What is larger is served
    /// and not stored, and the log says so, once.
    std::optional<std::size_t> largest_value = {};

    /// How long after its TTL an entry may be the answer.
    constexpr std::chrono::seconds stale_for() const {
        return std::max(stale_while_revalidate, stale_if_error);
    }
    /// Whether each time and size can be one.
    constexpr bool is_possible() const {
        const auto is_time = [](const auto& one) { return !one || one->count() > 0; };
        const bool may_be_stale = std::min(stale_while_revalidate, stale_if_error).count() >= 0;
        return is_time(ttl) && is_time(negative_ttl) && is_time(timeout) && may_be_stale &&
               largest_value != 0U;
    }
    bool operator==(const policy&) const = default;
};

}  // namespace LARDER_NAMESPACE::cache
