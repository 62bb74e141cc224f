// Step 3 of docs/tutorial.md: orders are added, and the counts are right afterwards.
#include <boost/describe/class.hpp>

#include <larder/app.hpp>
#include <larder/decimal.hpp>
#include <larder/program.hpp>

#include <cstdint>
#include <optional>

namespace shop {

struct count_query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(count_query, (), (customerid))

struct count_reply {
    std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(count_reply, (), (count))

constexpr larder::pg::statement count_orders{
    "SELECT count(*) FROM orders WHERE $1::int IS NULL OR customerid = $1", true};

larder::awaitable<count_reply> read_count(larder::services& at, count_query query) {
    return at.db.one<count_reply>(count_orders, query.customerid);
}

constexpr larder::cache::key num_orders{"num_orders",
                                        larder::cache::depends_on{"orders", "customerid"}};

using money = larder::decimal<12, 2>;

struct new_order {
    larder::date orderdate;
    std::int32_t customerid = 0;
    money netamount, tax;
};
BOOST_DESCRIBE_STRUCT(new_order, (), (orderdate, customerid, netamount, tax))

struct orderer {
    std::int32_t customer = 0;
};
BOOST_DESCRIBE_STRUCT(orderer, (), (customer))

struct add_reply {
    orderer updated;
};
BOOST_DESCRIBE_STRUCT(add_reply, (), (updated))

constexpr larder::pg::statement insert_order{
    "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
    " VALUES ($1, $2, $3::numeric, $4::numeric, $3::numeric + $4::numeric)"};

larder::awaitable<add_reply> add_order(larder::services& at, new_order order) {
    co_await at.db.execute(insert_order, order.orderdate, order.customerid, order.netamount,
                           order.tax);
    co_return add_reply{{order.customerid}};
}

void add_routes(larder::app& at) {
    at.get("/count", read_count | larder::cached(num_orders(&count_query::customerid)));
    at.post("/add/", add_order |
                         larder::on_violation("fk_customerid", &new_order::customerid,
                                              "There is no such customer") |
                         larder::invalidates(num_orders(&new_order::customerid)));
}

}  // namespace shop

int main(int argc, char** argv) {
    return larder::program::run(
        {.name = "shop", .database = "dellstore", .add_routes = shop::add_routes}, argc, argv);
}
