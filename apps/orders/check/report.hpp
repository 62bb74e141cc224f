// What a run found.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace orders::check {

/// Requests without a usable answer, by what happened. None of them is a violation.
struct error_counts {
    std::int64_t refused{};       ///< no connection
    std::int64_t lost{};          ///< the connection ended before the answer
    std::int64_t late{};          ///< no answer in time
    std::int64_t garbled{};       ///< not an answer as the service gives it
    std::int64_t unavailable{};   ///< answered 503
    std::int64_t other_status{};  ///< answered anything else but 200

    std::int64_t sum() const;
};
BOOST_DESCRIBE_STRUCT(error_counts, (), (refused, lost, late, garbled, unavailable, other_status))

struct report {
    bool consistent{};
    std::int64_t instances{};
    std::int64_t elapsed_ms{};
    std::int64_t reads{};  ///< GETs that were answered 200, each of them checked
    std::int64_t reads_per_second{};
    std::int64_t writes{};          ///< orders acknowledged
    std::int64_t unknown_writes{};  ///< orders that nobody knows whether they were stored
    std::int64_t refused_writes{};  ///< orders answered that they were not stored
    error_counts errors;
    std::int64_t stale_reads{};
    std::int64_t worst_stale_ms{};  ///< rounded up
    std::int64_t allowed_stale_ms{};
    std::int64_t too_stale_reads{};   ///< stale by more than what is allowed
    std::int64_t overcounts{};        ///< reads that counted more orders than were started
    std::int64_t lost_writes{};       ///< acknowledged, but not in PostgreSQL
    std::int64_t doubled_writes{};    ///< more than once in PostgreSQL
    std::int64_t denied_writes{};     ///< answered that they were not stored, but in PostgreSQL
    std::int64_t foreign_orders{};    ///< orders that somebody else added or deleted meanwhile
    std::int64_t wrong_at_the_end{};  ///< instances that do not answer PostgreSQL's counts
    std::vector<std::string> first_violations;
};
BOOST_DESCRIBE_STRUCT(report, (),
                      (consistent, instances, elapsed_ms, reads, reads_per_second, writes,
                       unknown_writes, refused_writes, errors, stale_reads, worst_stale_ms,
                       allowed_stale_ms, too_stale_reads, overcounts, lost_writes, doubled_writes,
                       denied_writes, foreign_orders, wrong_at_the_end, first_violations))

/// Whether no promise was broken.
bool is_consistent(const report& found);

/// A table for people.
std::string text(const report& found);

}  // namespace orders::check
