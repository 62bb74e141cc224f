#include "orders.hpp"

#include <spdlog/spdlog.h>

#include "larder/json.hpp"

namespace orders {

using larder::awaitable;
using larder::services;
namespace pg = larder::pg;

namespace {

constexpr pg::statement count_all{"SELECT count(*) FROM orders", true};
constexpr pg::statement count_one{"SELECT count(*) FROM orders WHERE customerid = $1", true};
constexpr pg::statement insert_order{
    "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
    " VALUES ($1, $2, $3, $4, $5)"};

/// How many orders there are, or how many one customer has.
awaitable<count_reply> read_count(services& at, count_query query) {
    if (!query.customerid) {
        spdlog::debug("Looking up all orders");
        co_return co_await at.db.one<count_reply>(count_all);
    }
    spdlog::debug("Looking up orders for customerid {}", *query.customerid);
    co_return co_await at.db.one<count_reply>(count_one, *query.customerid);
}

money total_of(const new_order& order) {
    if (const auto total = checked_add(order.netamount, order.tax)) return *total;
    throw larder::http::invalid_input({{"decimal_out_of_range",
                                        {"body", "netamount"},
                                        "netamount and tax together should be between -" +
                                            money::max().text() + " and " + money::max().text()}});
}

// What only PostgreSQL can know is wrong with an order.
larder::http::fault fault_of(const pg::error& e, const new_order& order) {
    const auto customer = std::to_string(order.customerid);
    if (e.sqlstate() == "23503")
        return {"foreign_key", {"body", "customerid"}, "Customer " + customer + " does not exist"};
    return {"date_parsing", {"body", "orderdate"}, e.what()};
}

/// Add a new order.
awaitable<add_reply> post_add(services& at, new_order order) {
    spdlog::debug("Adding order {}", larder::json::text(order));
    const auto total = total_of(order);
    try {
        co_await at.db.execute(insert_order, order.orderdate, order.customerid, order.netamount,
                               order.tax, total);
    } catch (const pg::error& e) {
        if (e.sqlstate() != "23503" && !e.sqlstate().starts_with("22")) throw;
        throw larder::http::invalid_input({fault_of(e, order)});
    }
    spdlog::debug("Added new order");
    co_return add_reply{{order.customerid}};
}

}  // namespace

void add_routes(larder::app& at) {
    at.get("/count", read_count | larder::cached(num_orders(&count_query::customerid)));
    at.post("/add/", post_add | larder::invalidates(num_orders(&new_order::customerid)));
}

}  // namespace orders
