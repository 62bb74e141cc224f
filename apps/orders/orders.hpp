// The orders service: its types, its cache key and its routes.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "larder/app.hpp"
#include "larder/decimal.hpp"
#include "larder/docs.hpp"

namespace orders {

using money = larder::decimal<12, 2>;

/// The tutorial's.
inline constexpr const char* default_database = "dellstore";

struct count_query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(count_query, (), (customerid))
constexpr larder::docs describe(const count_query*) {
    return {.summary = "Count orders",
            .text = "How many orders there are, or how many one customer has.",
            .members = {{"customerid",
                         "Count only this customer's orders; an unknown one has none.", "9999"}}};
}

struct count_reply {
    std::int64_t count{};
};
BOOST_DESCRIBE_STRUCT(count_reply, (), (count))
constexpr bool is_possible(const count_reply& r) { return r.count >= 0; }
constexpr larder::docs describe(const count_reply*) {
    return {.text = "The count, from the cache or from PostgreSQL.",
            .members = {{"count", "How many orders.", "12000"}}};
}

struct new_order {
    std::string orderdate;  // e.g., 2023-03-10
    std::int32_t customerid{};
    money netamount;
    money tax;
};
BOOST_DESCRIBE_STRUCT(new_order, (), (orderdate, customerid, netamount, tax))
constexpr larder::docs describe(const new_order*) {
    return {
        .summary = "Add an order",
        .text =
            "Stores the order; its total is the exact sum of both amounts. Once it is "
            "answered, every instance counts the order.",
        .members = {{"orderdate",
                     "A day from 0001-01-01 to 9999-12-31: the year first, or the month's name.",
                     R"("2023-03-10")"},
                    {"customerid", "Who orders; has to exist.", "9999"},
                    {"netamount", "Without the tax; rounded to cents.", "23.0"},
                    {"tax", "Rounded to cents.", "2.0"}}};
}

struct customer_reply {
    std::int32_t customer{};
};
BOOST_DESCRIBE_STRUCT(customer_reply, (), (customer))
constexpr larder::docs describe(const customer_reply*) {
    return {.members = {{"customer", "Who ordered.", "9999"}}};
}

struct add_reply {
    customer_reply updated;
};
BOOST_DESCRIBE_STRUCT(add_reply, (), (updated))
constexpr larder::docs describe(const add_reply*) {
    return {.text = "The order is stored.", .members = {{"updated", "Whose count has changed."}}};
}

/// num_orders:all and num_orders:<customerid>; untrue once there are other rows of orders.
inline constexpr larder::cache::key num_orders{
    "num_orders", larder::cache::depends_on{"orders", "customerid"}.only_counted()};

/// Adds what only PostgreSQL can know is wrong: a date that it does not take, an unknown customer.
larder::awaitable<void> find_faults(larder::services& at, const new_order& order,
                                    larder::http::faults& wrong);

/// GET /count and POST /add/.
void add_routes(larder::app& at);

}  // namespace orders
