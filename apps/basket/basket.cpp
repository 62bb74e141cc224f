#include "basket.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace baskets {

using larder::awaitable;
using larder::services;
namespace pg = larder::pg;

struct stored {
    bool is_new = false;
};
BOOST_DESCRIBE_STRUCT(stored, (), (is_new))

struct both {
    std::optional<basket_lines> lines;
    std::optional<voucher> known;
};

namespace {

constexpr int tax_percent = 19;

constexpr pg::statement find_lines{
    "SELECT coalesce(json_agg(json_build_object('title', title, 'quantity', quantity,"
    "  'price', price, 'sum', quantity * price) ORDER BY title, prod_id)"
    "  FILTER (WHERE title IS NOT NULL), '[]') AS lines,"
    " coalesce(sum(quantity * price), 0) AS net"
    " FROM baskets LEFT JOIN basket_items USING (basketid) LEFT JOIN products USING (prod_id)"
    " WHERE basketid = $1 GROUP BY basketid",
    true};
constexpr pg::statement find_voucher{"SELECT percent, valid_until FROM vouchers WHERE code = $1",
                                     true};
constexpr pg::statement find_product{
    "SELECT prod_id, category, title, price FROM products WHERE prod_id = $1", true};
constexpr pg::statement find_products{
    "SELECT prod_id, category, title, price FROM products"
    " WHERE category = coalesce($1, category) AND prod_id > coalesce($3, -2147483648)"
    " ORDER BY prod_id LIMIT greatest(1, least(100, coalesce($2, 20)))",
    true};
constexpr pg::statement holders{"SELECT DISTINCT basketid FROM basket_items WHERE prod_id = $1",
                                true};
constexpr pg::statement put_item{
    "WITH made AS (INSERT INTO baskets (basketid) VALUES ($1) ON CONFLICT DO NOTHING)"
    " INSERT INTO basket_items (basketid, prod_id, quantity) VALUES ($1, $2, $3)"
    " ON CONFLICT (basketid, prod_id) DO UPDATE SET quantity = $3 RETURNING xmax = 0 AS is_new"};
constexpr pg::statement put_items{
    "WITH made AS (INSERT INTO baskets (basketid) VALUES ($1) ON CONFLICT DO NOTHING)"
    " INSERT INTO basket_items (basketid, prod_id, quantity)"
    " SELECT DISTINCT ON (prod_id) $1, prod_id, quantity FROM ROWS FROM"
    "  (json_to_recordset($2::json) AS (prod_id int, quantity int)) WITH ORDINALITY"
    "  AS item (prod_id, quantity, place) ORDER BY prod_id, place DESC"
    " ON CONFLICT (basketid, prod_id) DO UPDATE SET quantity = excluded.quantity"};
constexpr pg::statement remove_item{
    "DELETE FROM basket_items WHERE basketid = $1 AND prod_id = $2"};
constexpr pg::statement set_price{
    "UPDATE products SET price = $2 WHERE prod_id = $1"
    " RETURNING prod_id, category, title, price"};

awaitable<std::optional<basket_lines>> read_lines(services& at, which_basket which) {
    return at.db.maybe<basket_lines>(find_lines, which.basketid);
}

awaitable<std::optional<voucher>> read_voucher(services& at, which_voucher which) {
    auto found = co_await at.db.maybe<voucher>(find_voucher, which.code);
    co_return found;
}

awaitable<std::optional<product>> read_product(services& at, which_product which) {
    return at.db.maybe<product>(find_product, which.prod_id);
}

awaitable<product_list> list_products(services& at, which_products which) {
    auto found =
        co_await at.db.many<product>(find_products, which.category, which.limit, which.after);
    co_return product_list{std::move(found)};
}

constexpr auto get_lines = read_lines | larder::cached(basket(&which_basket::basketid));
constexpr auto get_voucher = read_voucher | larder::cached(vouchers(&which_voucher::code));

larder::date today() {
    return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

sum_of_money in_cents(std::int64_t cents) { return sum_of_money::from_unscaled(cents).value(); }

// Rounded half away from zero.
std::int64_t percent_of(std::int64_t cents, std::int32_t percent) {
    const auto hundredths = cents * percent;
    return (hundredths + (hundredths < 0 ? -50 : 50)) / 100;
}

// At one time: the lines are the same before the voucher was asked for and after.
awaitable<both> read_both(services& at, which_price which) {
    const which_basket its_basket{which.basketid};
    both found;
    found.lines = co_await get_lines(at, its_basket);
    constexpr int most = 10;  // who never rests is not waited for
    for (int i = 0; i < most && found.lines && which.voucher; ++i) {
        const which_voucher its_voucher{*which.voucher};
        found.known = co_await get_voucher(at, its_voucher);
        auto again = co_await get_lines(at, its_basket);
        const bool are_same = again == found.lines;
        found.lines = std::move(again);
        if (are_same) break;
    }
    co_return found;
}

// Of the two cached values: an entry of both would be as many a basket as there are vouchers, and
// true only until midnight.
awaitable<std::optional<basket_price>> get_price(services& at, which_price which) {
    auto [found, known] = co_await read_both(at, which);
    if (!found) co_return std::nullopt;
    basket_price price{.lines = std::move(found->lines), .net = found->net};
    if (known && known->valid_until >= today()) {
        price.voucher = which.voucher;
        price.percent = known->percent;
    }
    const auto net = price.net.unscaled();
    const auto discount = percent_of(net, price.percent.value_or(0));
    const auto tax = percent_of(net - discount, tax_percent);
    price.discount = in_cents(discount);
    price.tax = in_cents(tax);
    price.total = in_cents(net - discount + tax);
    co_return price;
}

awaitable<larder::created<item>> put(services& at, item i) {
    const auto done = co_await at.db.one<stored>(put_item, i.basketid, i.prod_id, i.quantity);
    const auto path =
        "/baskets/" + std::to_string(i.basketid) + "/items/" + std::to_string(i.prod_id);
    co_return larder::created<item>{.value = i, .location = done.is_new ? path : ""};
}

awaitable<larder::no_content> put_all(services& at, item_list list) {
    const auto items = larder::json::text(list.items);
    co_await at.db.execute(put_items, list.basketid, items);
    co_return larder::no_content{};
}

awaitable<larder::no_content> remove(services& at, which_item i) {
    const auto done = co_await at.db.execute(remove_item, i.basketid, i.prod_id);
    if (done.affected() == 0) throw larder::http::error(404, "There is no such item");
    co_return larder::no_content{};
}

awaitable<std::optional<product>> change_price(services& at, new_price p) {
    return at.db.maybe<product>(set_price, p.prod_id, p.price);
}

}  // namespace

void add_routes(larder::app& at) {
    using larder::cached, larder::invalidates, larder::found_by, larder::on_violation;
    at.get("/products/{prod_id}", read_product | cached(products(&which_product::prod_id)));
    at.get("/products",
           list_products | cached(product_pages(&which_products::category, &which_products::limit,
                                                &which_products::after)));
    at.get("/baskets/{basketid}", get_lines);
    at.get("/baskets/{basketid}/price", get_price);
    at.reads(vouchers);

    at.put(
        "/baskets/{basketid}/items/{prod_id}",
        put |
            on_violation("basket_items_prod_id_fkey", &item::prod_id, "There is no such product") |
            on_violation("basket_items_quantity_check", &item::quantity,
                         "Input should be between 1 and 1000") |
            invalidates(basket(&item::basketid)));
    at.put("/baskets/{basketid}/items",
           put_all |
               on_violation("basket_items_prod_id_fkey", &item_list::items,
                            "There is no such product") |
               on_violation("basket_items_quantity_check", &item_list::items,
                            "A quantity should be between 1 and 1000") |
               invalidates(basket(&item_list::basketid)));
    at.del("/baskets/{basketid}/items/{prod_id}",
           remove | invalidates(basket(&which_item::basketid)));
    at.patch(
        "/products/{prod_id}",
        change_price |
            on_violation("products_price_check", &new_price::price, "Input should be at least 0") |
            invalidates(products(&new_price::prod_id), product_pages.every_entry(),
                        found_by<std::int32_t>(basket, holders, &new_price::prod_id)) |
            larder::preconditions_on(read_product));
}

}  // namespace baskets
