// The orders service: its types, its cache key and its routes.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "larder/app.hpp"
#include "larder/decimal.hpp"

namespace orders {

using money = larder::decimal<12, 2>;

struct count_query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(count_query, (), (customerid))

struct count_reply {
    std::int64_t count{};
};
BOOST_DESCRIBE_STRUCT(count_reply, (), (count))

struct new_order {
    std::string orderdate;  // e.g., 2023-03-10
    std::int32_t customerid{};
    money netamount;
    money tax;
};
BOOST_DESCRIBE_STRUCT(new_order, (), (orderdate, customerid, netamount, tax))

struct customer_reply {
    std::int32_t customer{};
};
BOOST_DESCRIBE_STRUCT(customer_reply, (), (customer))

struct add_reply {
    customer_reply updated;
};
BOOST_DESCRIBE_STRUCT(add_reply, (), (updated))

/// num_orders:all and num_orders:<customerid>; untrue once a row of orders changes.
inline constexpr larder::cache::key num_orders{"num_orders",
                                               larder::cache::depends_on{"orders", "customerid"}};

/// Adds what only PostgreSQL can know is wrong: a date that it does not take, an unknown customer.
larder::awaitable<void> find_faults(larder::services& at, const new_order& order,
                                    larder::http::faults& wrong);

/// GET /count and POST /add/.
void add_routes(larder::app& at);

}  // namespace orders
