// The service's types and its key, as its users see them: in JSON, in Valkey, in PostgreSQL.

#include "orders.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "larder/cache/value.hpp"
#include "larder/json.hpp"
#include "unit/offline_worker.hpp"

namespace orders {
namespace {

using strings = std::vector<std::string>;

new_order read_order(std::string_view body) {
    new_order order;
    larder::http::faults wrong;
    larder::http::read_body(body, order, wrong);
    EXPECT_TRUE(wrong.empty()) << larder::http::faults_json(wrong);
    return order;
}

TEST(orders, answer_with_the_tutorials_json) {
    EXPECT_EQ(larder::json::text(count_reply{12000}), R"({"count":12000})");
    EXPECT_EQ(larder::json::text(add_reply{{9999}}), R"({"updated":{"customer":9999}})");
}

TEST(orders, read_the_tutorials_order) {
    const auto order =
        read_order(R"({"orderdate":"2023-03-10","customerid":9999,"netamount":23.0,"tax":2.0})");
    EXPECT_EQ(order.orderdate, "2023-03-10");
    EXPECT_EQ(order.customerid, 9999);
    EXPECT_EQ(checked_add(order.netamount, order.tax)->text(), "25.00");
    EXPECT_EQ(larder::json::text(order),
              R"({"orderdate":"2023-03-10","customerid":9999,"netamount":23.00,"tax":2.00})");
}

TEST(orders, need_every_member) {
    new_order order;
    larder::http::faults wrong;
    larder::http::read_body("{}", order, wrong);
    strings names;
    for (const auto& f : wrong) names.push_back(std::get<std::string>(f.loc.at(1)));
    EXPECT_EQ(names, (strings{"orderdate", "customerid", "netamount", "tax"}));
}

TEST(orders, count_all_customers_or_one) {
    const auto read = [](std::string_view query) {
        count_query out;
        larder::http::faults wrong;
        larder::http::read_query(query, out, wrong);
        EXPECT_TRUE(wrong.empty()) << query;
        return out.customerid;
    };
    EXPECT_EQ(read(""), std::nullopt);
    EXPECT_EQ(read("customerid=9999"), 9999);
}

// numeric(12,2), the column's type.
TEST(orders, hold_amounts_as_the_column_does) {
    static_assert(money::max().unscaled() == 999'999'999'999);
    EXPECT_EQ(money::max().text(), "9999999999.99");
}

// What PostgreSQL need not be asked for.
strings found_later(const new_order& order, larder::http::faults wrong) {
    larder::test::offline_worker w;
    w.run(find_faults(w.next_request(), order, wrong));
    strings types;
    for (const auto& f : wrong) types.push_back(f.type);
    return types;
}

TEST(orders, have_a_sum_that_fits_the_column_too) {
    static_assert(larder::finds_faults<new_order> && !larder::finds_faults<count_query>);
    const auto cent = *money::from_unscaled(1);
    const larder::http::fault date{"a", {"body", "orderdate"}, ""},
        customer{"b", {"body", "customerid"}, ""};
    EXPECT_EQ(found_later({"", 0, money::max(), cent}, {date, customer}),
              (strings{"a", "b", "decimal_out_of_range"}));
    EXPECT_EQ(found_later({"", 0, money::max(), {}}, {date, customer}), (strings{"a", "b"}));
}

TEST(orders, have_no_sum_where_an_amount_is_at_fault) {
    const auto cent = *money::from_unscaled(1);
    const larder::http::fault date{"a", {"body", "orderdate"}, ""},
        customer{"b", {"body", "customerid"}, ""};
    for (const auto* amount : {"netamount", "tax"})
        EXPECT_EQ(
            found_later({"", 0, money::max(), cent}, {date, customer, {"c", {"body", amount}, ""}}),
            (strings{"a", "b", "c"}));
    EXPECT_EQ(found_later({"", 0, money::max(), cent}, {{"missing", {"body"}, ""}}),
              strings{"missing"});
}

TEST(orders, are_cached_under_the_tutorials_keys) {
    const auto read = num_orders(&count_query::customerid);
    EXPECT_EQ(read.entry({}), "num_orders:all");
    EXPECT_EQ(read.entry({9999}), "num_orders:9999");
    EXPECT_EQ(num_orders.sources()[0].table, "orders");
    EXPECT_EQ(num_orders.sources()[0].column, "customerid");
}

TEST(orders, make_two_counts_untrue) {
    const auto order =
        read_order(R"({"orderdate":"2023-03-10","customerid":42,"netamount":1,"tax":1})");
    EXPECT_EQ(num_orders(&new_order::customerid).broken_by(order),
              (strings{"num_orders:all", "num_orders:42"}));
}

TEST(orders, are_cached_as_the_tutorials_text) {
    EXPECT_EQ(larder::cache::to_text(count_reply{12000}), "12000");
}

TEST(orders, have_routes_that_fit_their_handlers) {
    larder::app at{larder::app_options{}};
    EXPECT_NO_THROW(add_routes(at));
}

}  // namespace
}  // namespace orders
