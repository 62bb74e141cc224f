#include "orders.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <optional>
#include <string>

#include "date_text.hpp"
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
    " SELECT $1::date, $2, $3, $4, $5"
    " WHERE $1::date BETWEEN '0001-01-01' AND '9999-12-31'"};
constexpr pg::statement read_date{"SELECT 1 WHERE $1::date BETWEEN '0001-01-01' AND '9999-12-31'",
                                  true};
constexpr pg::statement find_customer{"SELECT 1 FROM customers WHERE customerid = $1", true};

/// How many orders there are, or how many one customer has.
awaitable<count_reply> read_count(services& at, count_query query) {
    if (!query.customerid) {
        spdlog::debug("Looking up all orders");
        co_return co_await at.db.one<count_reply>(count_all);
    }
    spdlog::debug("Looking up orders for customerid {}", *query.customerid);
    co_return co_await at.db.one<count_reply>(count_one, *query.customerid);
}

// A foreign key, or a date that is none: the input is to blame, not the statement.
bool blames_input(const pg::error& e) {
    return e.sqlstate() == "23503" || e.sqlstate().starts_with("22");
}

/// Add a new order.
awaitable<add_reply> post_add(services& at, new_order order) {
    spdlog::debug("Adding order {}", larder::json::text(order));
    const auto total = checked_add(order.netamount, order.tax);
    const bool may_be_stored = total && is_same_day_everywhere(order.orderdate);
    const add_reply stored{{order.customerid}};
    std::exception_ptr refused;
    try {
        if (may_be_stored) {
            const auto done =
                co_await at.db.execute(insert_order, order.orderdate, order.customerid,
                                       order.netamount, order.tax, *total);
            if (done.affected() == 1) {
                spdlog::debug("Added new order");
                co_return stored;
            }
        }
    } catch (const pg::error& e) {
        if (!blames_input(e)) throw;
        refused = std::current_exception();
    }
    larder::http::faults wrong;
    co_await find_faults(at, order, wrong);
    if (!wrong.empty()) throw larder::http::invalid_input(std::move(wrong));
    if (refused) std::rethrow_exception(refused);  // the customer has come meanwhile
    co_return stored;                              // a trigger has put the row elsewhere
}

// What is wrong with the date; nothing if it is right, or if nobody knows.
awaitable<std::optional<std::string>> fault_of_date(services& at, const std::string& date) {
    const std::string ours =
        "Input should be a date from 0001-01-01 to 9999-12-31, such as 2023-03-10";
    if (date.size() > most_date_bytes) co_return ours;  // PostgreSQL's sentence would repeat it
    const bool may_be_right = is_same_day_everywhere(date);
    try {
        const auto found = co_await at.db.execute(read_date, date);
        if (may_be_right && found.size() == 1) co_return std::nullopt;
    } catch (const pg::error& e) {
        if (blames_input(e)) co_return e.what();
        if (may_be_right) co_return std::nullopt;
    }
    co_return ours;
}

}  // namespace

awaitable<void> find_faults(services& at, const new_order& order, larder::http::faults& wrong) {
    using larder::http::is_at_fault;
    const auto most = money::max().text();
    if (!is_at_fault(wrong, "netamount") && !is_at_fault(wrong, "tax") &&
        !checked_add(order.netamount, order.tax))
        wrong.push_back({"decimal_out_of_range",
                         {"body", "netamount"},
                         "netamount + tax should be between -" + most + " and " + most});
    if (!is_at_fault(wrong, "orderdate")) {
        auto sentence = co_await fault_of_date(at, order.orderdate);
        if (sentence) wrong.push_back({"date_parsing", {"body", "orderdate"}, *sentence});
    }
    try {
        if (is_at_fault(wrong, "customerid")) co_return;
        const auto found = co_await at.db.execute(find_customer, order.customerid);
        if (found.size() == 0)
            wrong.push_back({"foreign_key",
                             {"body", "customerid"},
                             "Customer " + std::to_string(order.customerid) + " does not exist"});
    } catch (const pg::error& e) {  // what is known to be wrong is told all the same
        spdlog::debug("Cannot look for the customer: {}", e.what());
    }
}

void add_routes(larder::app& at) {
    at.get("/count", read_count | larder::cached(num_orders(&count_query::customerid)));
    at.post("/add/", post_add | larder::invalidates(num_orders(&new_order::customerid)));
}

}  // namespace orders
