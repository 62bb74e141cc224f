// The price of a basket: a cached value over two tables, one of which knows nothing of baskets.
// Its argument is the port; PG_SERVICE_URI names a database with the tables
//
//     CREATE TABLE products (prod_id int PRIMARY KEY, title text NOT NULL, price numeric(12,2));
//     CREATE TABLE basket_items (basketid int, prod_id int REFERENCES products,
//                                quantity int CHECK (quantity > 0),
//                                PRIMARY KEY (basketid, prod_id))
//
// and VALKEY_SERVICE_URI a Valkey. With CACHE_FOLLOW=auto it sees what others write.
#include <boost/describe/class.hpp>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "larder/app.hpp"
#include "larder/process_log.hpp"

namespace baskets {

using money = larder::decimal<12, 2>;

struct which_basket {
    std::int32_t basketid = 0;
};
BOOST_DESCRIBE_STRUCT(which_basket, (), (basketid))

struct line {
    std::string title;
    std::int32_t quantity = 0;
    money price, sum;
};
BOOST_DESCRIBE_STRUCT(line, (), (title, quantity, price, sum))

struct basket_price {
    std::vector<line> lines;
    money total;
};
BOOST_DESCRIBE_STRUCT(basket_price, (), (lines, total))

struct item {
    std::int32_t basketid = 0, prod_id = 0, quantity = 0;
};
BOOST_DESCRIBE_STRUCT(item, (), (basketid, prod_id, quantity))

struct which_item {
    std::int32_t basketid = 0, prod_id = 0;
};
BOOST_DESCRIBE_STRUCT(which_item, (), (basketid, prod_id))

struct new_price {
    std::int32_t prod_id = 0;
    money price;
};
BOOST_DESCRIBE_STRUCT(new_price, (), (prod_id, price))

/// basket:<basketid>; untrue once one of its items changes, or the price of a product in it. Which
/// baskets hold a product only PostgreSQL knows.
constexpr larder::cache::key basket{"basket", larder::cache::depends_on{"basket_items", "basketid"},
                                    larder::cache::depends_on{"products"}};
constexpr larder::pg::statement holders{
    "SELECT DISTINCT basketid FROM basket_items WHERE prod_id = $1", true};

constexpr larder::pg::statement find_price{
    "SELECT coalesce(json_agg(json_build_object('title', title, 'quantity', quantity,"
    "  'price', price, 'sum', quantity * price) ORDER BY title), '[]') AS lines,"
    " coalesce(sum(quantity * price), 0) AS total"
    " FROM basket_items JOIN products USING (prod_id) WHERE basketid = $1",
    true};
constexpr larder::pg::statement put_item{
    "INSERT INTO basket_items (basketid, prod_id, quantity) VALUES ($1, $2, $3)"
    " ON CONFLICT (basketid, prod_id) DO UPDATE SET quantity = $3 RETURNING xmax = 0 AS is_new"};
constexpr larder::pg::statement remove_item{
    "DELETE FROM basket_items WHERE basketid = $1 AND prod_id = $2"};
constexpr larder::pg::statement set_price{
    "UPDATE products SET price = $2 WHERE prod_id = $1 RETURNING prod_id, price"};

struct stored {
    bool is_new = false;
};
BOOST_DESCRIBE_STRUCT(stored, (), (is_new))

larder::awaitable<basket_price> get_price(larder::services& at, which_basket b) {
    return at.db.one<basket_price>(find_price, b.basketid);
}

larder::awaitable<larder::created<item>> put(larder::services& at, item i) {
    const auto done = co_await at.db.one<stored>(put_item, i.basketid, i.prod_id, i.quantity);
    const auto path =
        "/baskets/" + std::to_string(i.basketid) + "/items/" + std::to_string(i.prod_id);
    co_return larder::created<item>{.value = i, .location = done.is_new ? path : ""};
}

larder::awaitable<larder::no_content> remove(larder::services& at, which_item i) {
    const auto done = co_await at.db.execute(remove_item, i.basketid, i.prod_id);
    if (done.affected() == 0) throw larder::http::error(404, "There is no such item");
    co_return larder::no_content{};
}

larder::awaitable<std::optional<new_price>> change_price(larder::services& at, new_price p) {
    return at.db.maybe<new_price>(set_price, p.prod_id, p.price);
}

void add_routes(larder::app& at) {
    using larder::cached, larder::invalidates, larder::found_by, larder::on_violation;
    at.get("/baskets/{basketid}/price", get_price | cached(basket(&which_basket::basketid)));
    at.put(
        "/baskets/{basketid}/items/{prod_id}",
        put |
            on_violation("basket_items_prod_id_fkey", &item::prod_id, "There is no such product") |
            on_violation("basket_items_quantity_check", &item::quantity,
                         "Input should be greater than 0") |
            invalidates(basket(&item::basketid)));
    at.del("/baskets/{basketid}/items/{prod_id}",
           remove | invalidates(basket(&which_item::basketid)));
    at.patch("/products/{prod_id}", change_price | invalidates(found_by<std::int32_t>(
                                                       basket, holders, &new_price::prod_id)));
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace baskets

int main(int argc, char** argv) {
    using namespace baskets;
    const larder::process_log log{{.level = "info"}};
    const auto source = larder::pg::conninfo::parse(variable("PG_SERVICE_URI"));
    const auto shared = larder::valkey::parse_uri(variable("VALKEY_SERVICE_URI"));
    const bool is_followed = variable("CACHE_FOLLOW") == "auto";
    const std::string_view given = argc == 2 ? argv[1] : "";
    std::uint16_t port = 0;
    const auto read = std::from_chars(given.data(), given.data() + given.size(), port);
    const bool is_port = read.ec == std::errc{} && read.ptr == given.data() + given.size();
    if (!source || !shared || !is_port) {
        std::cerr << "usage: basket PORT, with the URIs of two servers in PG_SERVICE_URI and "
                     "VALKEY_SERVICE_URI\n";
        return 64;
    }
    try {
        larder::app service{
            {.name = "basket",
             .port = port,
             .source = larder::pg::pool_options{.server = *source},
             .shared = larder::valkey::client_options{.server = *shared},
             .follow = is_followed ? larder::following::automatic : larder::following::off}};
        add_routes(service);
        // Once, as the tables' owner: so PostgreSQL's log tells what others change.
        if (is_followed) service.follow(larder::follow_command::setup);
        return service.run();
    } catch (const std::exception& e) {
        std::cerr << "basket: " << e.what() << '\n';
        return 1;
    }
}
