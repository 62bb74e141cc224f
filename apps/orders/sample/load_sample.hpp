#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace orders {

inline constexpr std::int64_t max_sample_orders = 100'000'000;

struct load_sample_options {
    /// libpq keywords of PG_SERVICE_URI, with or without dbname.
    std::vector<std::pair<std::string, std::string>> server;
    /// Made if it is not there.
    std::string database = "dellstore";
    /// From 0 to max_sample_orders.
    std::int64_t orders = 12'000;
    /// Drop the sample's own relations first, and load them anew.
    bool reset = false;
};

/// Makes the tutorial's sample database, dellstore2, in one transaction: all of it or nothing.
///
/// Shape    returns the exit status: 0 done, or there was a table `orders` already and reset is
///          false; 69 the server is unavailable; 130 and 143 interrupted; 1 anything else. Says
///          what it did on stdout, why it did not on stderr, how far it is on stderr.
/// Errors   never throws; never prints a password.
/// Cancel   SIGINT and SIGTERM, which it handles while it loads, roll everything back.
/// Threads  one call at a time in a process.
/// Cost     12,000 orders: about a second. Memory does not grow with the orders.
int load_sample(const load_sample_options& options);

}  // namespace orders
