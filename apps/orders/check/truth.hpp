// What PostgreSQL says.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "larder/pg/conninfo.hpp"
#include "sample/connection.hpp"

namespace orders::check {

/// What tells a run's orders apart from all others: they come after those that were there, and
/// have this tax. Their net amount is their number.
struct run_mark {
    std::int64_t after_order = 0;
    std::int64_t tax_cents = 0;
};

/// What a run left, in one snapshot.
struct outcome_of_run {
    std::int64_t all_orders = 0;                   ///< everybody's
    std::map<std::int64_t, std::int64_t> rows_of;  ///< of each of the run's orders, by its number
};

/// A blocking connection, opened when it is needed and again after it was lost. Every call throws
/// sample::failure.
class truth {
public:
    /// Counts customers 1 to `customers`.
    truth(larder::pg::conninfo source, std::int32_t customers)
        : source_(std::move(source)), customers_(customers) {}

    std::int64_t last_order();
    /// The counts by key: all, then each customer.
    std::vector<std::int64_t> counts();
    outcome_of_run left_by(const run_mark& mark);
    /// Adds one, as another program would. If this throws, it may be stored all the same.
    void add_order(const run_mark& mark, std::int64_t number, std::int64_t customer);

private:
    using row = std::vector<std::int64_t>;
    std::vector<row> ask(const std::string& sql);

    larder::pg::conninfo source_;
    std::int32_t customers_;
    std::unique_ptr<sample::connection> connection_;
};

/// An amount of money as JSON and SQL write it.
std::string amount(std::int64_t cents);

}  // namespace orders::check
