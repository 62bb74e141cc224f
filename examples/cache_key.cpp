// One key declaration for who reads an entry and for who makes it untrue. The reader takes the
// key's parameter from a query, the writer from a new row, and both arrive at the same names.
#include <boost/describe/class.hpp>

#include <cstdint>
#include <iostream>
#include <optional>

#include "larder/cache/key.hpp"

namespace {

// What is asked: how many orders there are, or how many one customer has.
struct count_query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(count_query, (), (customerid))

// What is written.
struct new_order {
    std::int32_t customerid{};
};
BOOST_DESCRIBE_STRUCT(new_order, (), (customerid))

// The family's name, and what its entries are computed from. The parameter has to be an integer, so
// no input can spell the name of another entry.
constexpr larder::cache::key num_orders{"num_orders",
                                        larder::cache::depends_on{"orders", "customerid"}};

}  // namespace

int main() {
    // For a route these are written `cached(read_by)` and `invalidates(write_by)`.
    constexpr auto read_by = num_orders(&count_query::customerid);
    constexpr auto write_by = num_orders(&new_order::customerid);

    std::cout << "GET /count reads " << read_by.entry({}) << '\n';
    std::cout << "GET /count?customerid=9999 reads " << read_by.entry({9999}) << '\n';

    // An order counts among all orders and among those of its customer.
    std::cout << "An order of customer 9999 makes untrue:\n";
    for (const auto& entry : write_by.broken_by({9999})) std::cout << "    " << entry << '\n';
}
