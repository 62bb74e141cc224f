// The basket service: what is in a basket and what it costs. Its types, its cache keys, its routes.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "larder/app.hpp"
#include "larder/decimal.hpp"
#include "larder/docs.hpp"
#include "larder/spelling.hpp"

namespace baskets {

inline constexpr const char* default_database = "dellstore";

using money = larder::decimal<12, 2>;
using sum_of_money = larder::decimal<18, 2>;

struct which_basket {
    std::int32_t basketid = 0;
};
BOOST_DESCRIBE_STRUCT(which_basket, (), (basketid))
constexpr larder::docs describe(const which_basket*) {
    return {.summary = "What is in a basket",
            .text = "Without a voucher and the tax.",
            .members = {{"basketid", "The number of the basket.", "7"}}};
}

struct line {
    std::string title;
    std::int32_t quantity = 0;
    money price;
    sum_of_money sum;
    bool operator==(const line&) const = default;
};
BOOST_DESCRIBE_STRUCT(line, (), (title, quantity, price, sum))
constexpr larder::docs describe(const line*) {
    return {.members = {{"title", "Of the product.", R"("Emma")"},
                        {"quantity", "How many of it.", "2"},
                        {"price", "Of one.", "5.00"},
                        {"sum", "Of all.", "10.00"}}};
}

struct basket_lines {
    std::vector<line> lines;
    sum_of_money net;
    bool operator==(const basket_lines&) const = default;
};
BOOST_DESCRIBE_STRUCT(basket_lines, (), (lines, net))
constexpr larder::docs describe(const basket_lines*) {
    return {.text = "What is in it, from the cache or from PostgreSQL.",
            .members = {{"lines", "By title."}, {"net", "The sum of all lines.", "10.00"}}};
}

struct which_voucher {
    std::string code;
};
BOOST_DESCRIBE_STRUCT(which_voucher, (), (code))

struct voucher {
    std::int32_t percent = 0;
    larder::date valid_until;
};
BOOST_DESCRIBE_STRUCT(voucher, (), (percent, valid_until))

struct which_price {
    std::int32_t basketid = 0;
    std::optional<std::string> voucher;
};
BOOST_DESCRIBE_STRUCT(which_price, (), (basketid, voucher))
constexpr larder::docs describe(const which_price*) {
    return {.summary = "What a basket costs",
            .text =
                "With a voucher's discount, and the tax. A voucher that is unknown, or was "
                "valid until a day before today (UTC), changes nothing.",
            .members = {{"basketid", "The number of the basket.", "7"},
                        {"voucher", "The code of a voucher.", "SPRING"}}};
}

struct basket_price {
    std::vector<line> lines;
    sum_of_money net;
    std::optional<std::string> voucher;
    std::optional<std::int32_t> percent;
    sum_of_money discount, tax, total;
};
BOOST_DESCRIBE_STRUCT(basket_price, (), (lines, net, voucher, percent, discount, tax, total))
constexpr larder::docs describe(const basket_price*) {
    return {.text = "The price.",
            .members = {{"lines", "By title."},
                        {"net", "The sum of all lines.", "10.00"},
                        {"voucher", "The voucher's code, if it is valid.", R"("SPRING")"},
                        {"percent", "Its discount.", "10"},
                        {"discount", "That of the net sum, rounded to cents.", "1.00"},
                        {"tax", "19 % of what is left, rounded to cents.", "1.71"},
                        {"total", "What is left, and the tax.", "10.71"}}};
}

struct item {
    std::int32_t basketid = 0, prod_id = 0, quantity = 0;
};
BOOST_DESCRIBE_STRUCT(item, (), (basketid, prod_id, quantity))
constexpr larder::docs describe(const item*) {
    return {.summary = "Put a product into a basket",
            .text = "The basket is there from then on. What it had of the product is replaced.",
            .members = {{"basketid", "The number of the basket.", "7"},
                        {"prod_id", "The number of the product.", "1"},
                        {"quantity", "How many; 1 to 1000.", "2"}}};
}

struct quantity_of {
    std::int32_t prod_id = 0, quantity = 0;
};
BOOST_DESCRIBE_STRUCT(quantity_of, (), (prod_id, quantity))
constexpr larder::docs describe(const quantity_of*) {
    return {.members = {{"prod_id", "The number of the product.", "1"},
                        {"quantity", "How many; 1 to 1000.", "2"}}};
}

struct item_list {
    std::int32_t basketid = 0;
    std::vector<quantity_of> items;
};
BOOST_DESCRIBE_STRUCT(item_list, (), (basketid, items))
constexpr larder::docs describe(const item_list*) {
    return {.summary = "Put several products into a basket",
            .text = "All of them or none. What the basket had of them is replaced.",
            .members = {{"basketid", "The number of the basket.", "7"},
                        {"items", "Of a product that is there twice, the last counts."}}};
}

struct which_item {
    std::int32_t basketid = 0, prod_id = 0;
};
BOOST_DESCRIBE_STRUCT(which_item, (), (basketid, prod_id))
constexpr larder::docs describe(const which_item*) {
    return {
        .summary = "Take a product out of a basket",
        .text = "All that the basket has of it. The basket stays, if need be with nothing in it.",
        .members = {{"basketid", "The number of the basket.", "7"},
                    {"prod_id", "The number of the product.", "1"}}};
}

struct which_product {
    std::int32_t prod_id = 0;
};
BOOST_DESCRIBE_STRUCT(which_product, (), (prod_id))
constexpr larder::docs describe(const which_product*) {
    return {.summary = "One product",
            .text = "What one costs, and in which category it is.",
            .members = {{"prod_id", "The number of the product.", "1"}}};
}

struct product {
    std::int32_t prod_id = 0, category = 0;
    std::string title;
    money price;
};
BOOST_DESCRIBE_STRUCT(product, (), (prod_id, category, title, price))
constexpr larder::docs describe(const product*) {
    return {.members = {{"prod_id", "Its number.", "1"},
                        {"category", "The number of its category.", "3"},
                        {"title", "Its title.", R"("Emma")"},
                        {"price", "Of one, without tax.", "5.00"}}};
}

struct which_products {
    std::optional<std::int32_t> category, limit, after;
};
BOOST_DESCRIBE_STRUCT(which_products, (), (category, limit, after))
constexpr larder::docs describe(const which_products*) {
    return {
        .summary = "List products",
        .text = "By their numbers, a page at a time.",
        .members = {{"category", "Only those of this category.", "3"},
                    {"limit", "How many on a page: 20 where it is left out, at most 100.", "20"},
                    {"after", "The number of the last product on the page before.", "40"}}};
}

struct product_list {
    std::vector<product> products;
};
BOOST_DESCRIBE_STRUCT(product_list, (), (products))
constexpr larder::docs describe(const product_list*) {
    return {.text = "A page, from the cache or from PostgreSQL.",
            .members = {{"products", "By their numbers; none behind the last page."}}};
}

struct new_price {
    std::int32_t prod_id = 0;
    money price;
};
BOOST_DESCRIBE_STRUCT(new_price, (), (prod_id, price))
constexpr larder::docs describe(const new_price*) {
    return {.summary = "Change the price of a product",
            .text = "Once it is answered, every basket that holds the product has the new price.",
            .members = {{"prod_id", "The number of the product.", "1"},
                        {"price", "Of one, without tax; rounded to cents.", "6.00"}}};
}

/// basket:<basketid>; untrue once one of its items changes, or the price of a product in it. Which
/// baskets hold a product only PostgreSQL knows.
inline constexpr larder::cache::key basket{
    "basket", larder::cache::depends_on{"baskets", "basketid"},
    larder::cache::depends_on{"basket_items", "basketid"}, larder::cache::depends_on{"products"}};

/// voucher:<code>; also of codes that there are not.
inline constexpr larder::cache::key vouchers{"voucher",
                                             larder::cache::depends_on{"vouchers", "code"}};

/// product:<prod_id>
inline constexpr larder::cache::key products{"product",
                                             larder::cache::depends_on{"products", "prod_id"}};

/// product_list:<category>:<limit>:<after>; all pages are untrue once any product changes.
inline constexpr auto product_pages =
    larder::cache::key{"product_list", larder::cache::depends_on{"products"}}.with_parameters(3);

void add_routes(larder::app& at);

}  // namespace baskets
