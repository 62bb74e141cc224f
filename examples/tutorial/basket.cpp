// Step 4 of docs/tutorial.md: the price of a basket, which is computed from two tables.
#include <boost/describe/class.hpp>

#include <larder/app.hpp>
#include <larder/decimal.hpp>
#include <larder/program.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

struct which_basket {
    std::int32_t basketid = 0;
};
BOOST_DESCRIBE_STRUCT(which_basket, (), (basketid))

struct line {
    std::string title;
    std::int32_t quantity = 0;
    money price;
};
BOOST_DESCRIBE_STRUCT(line, (), (title, quantity, price))

struct basket {
    std::vector<line> lines;
    money total;
};
BOOST_DESCRIBE_STRUCT(basket, (), (lines, total))

constexpr larder::pg::statement find_basket{
    "SELECT coalesce(json_agg(json_build_object('title', title, 'quantity', quantity,"
    "  'price', price) ORDER BY prod_id), '[]') AS lines,"
    " coalesce(sum(quantity * price), 0) AS total"
    " FROM basket_items JOIN products USING (prod_id) WHERE basketid = $1",
    true};

larder::awaitable<basket> read_basket(larder::services& at, which_basket which) {
    return at.db.one<basket>(find_basket, which.basketid);
}

constexpr larder::cache::key baskets{"basket",
                                     larder::cache::depends_on{"basket_items", "basketid"},
                                     larder::cache::depends_on{"products"}};

struct item {
    std::int32_t basketid = 0, prod_id = 0, quantity = 0;
};
BOOST_DESCRIBE_STRUCT(item, (), (basketid, prod_id, quantity))

constexpr larder::pg::statement put_item{
    "INSERT INTO basket_items (basketid, prod_id, quantity) VALUES ($1, $2, $3)"
    " ON CONFLICT (basketid, prod_id) DO UPDATE SET quantity = $3"
    " RETURNING basketid, prod_id, quantity"};

larder::awaitable<item> fill_basket(larder::services& at, item one) {
    return at.db.one<item>(put_item, one.basketid, one.prod_id, one.quantity);
}

struct new_price {
    std::int32_t prod_id = 0;
    money price;
};
BOOST_DESCRIBE_STRUCT(new_price, (), (prod_id, price))

constexpr larder::pg::statement set_price{
    "UPDATE products SET price = $2 WHERE prod_id = $1 RETURNING prod_id, price"};

larder::awaitable<std::optional<new_price>> change_price(larder::services& at, new_price changed) {
    return at.db.maybe<new_price>(set_price, changed.prod_id, changed.price);
}

constexpr larder::pg::statement holders{
    "SELECT DISTINCT basketid FROM basket_items WHERE prod_id = $1", true};

void add_routes(larder::app& at) {
    at.get("/count", read_count | larder::cached(num_orders(&count_query::customerid)));
    at.post("/add/", add_order |
                         larder::on_violation("fk_customerid", &new_order::customerid,
                                              "There is no such customer") |
                         larder::invalidates(num_orders(&new_order::customerid)));

    at.get("/baskets/{basketid}", read_basket | larder::cached(baskets(&which_basket::basketid)));
    at.put("/baskets/{basketid}/items/{prod_id}",
           fill_basket | larder::invalidates(baskets(&item::basketid)));
    at.patch("/products/{prod_id}",
             change_price | larder::invalidates(larder::found_by<std::int32_t>(
                                baskets, holders, &new_price::prod_id)));
}

}  // namespace shop

int main(int argc, char** argv) {
    return larder::program::run(
        {.name = "shop", .database = "dellstore", .add_routes = shop::add_routes}, argc, argv);
}
