#include "sample/rows.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>

#include "sample/random.hpp"
#include "sample/row_text.hpp"
#include "sample/words.hpp"

namespace orders::sample {

namespace {

// More orders are asked for to make COUNT(*) slow, which their lines would not; 50 million lines
// and as many history rows would only make such a load take several times as long.
constexpr std::int64_t orders_with_lines = order_count;

// The original has a thousand orders a month; further orders begin the year again.
constexpr std::int64_t orders_per_month = 1'000;

constexpr std::array<std::int32_t, 12> days_of_2004{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

template <std::size_t Size>
std::string_view any_of(const std::array<std::string_view, Size>& words, row_random& random) {
    return words[static_cast<std::size_t>(random.between(0, static_cast<std::int32_t>(Size) - 1))];
}

std::string letters(std::size_t length, row_random& random) {
    std::string word(length, ' ');
    std::generate(word.begin(), word.end(), [&random] { return random.letter(); });
    return word;
}

std::string digits(std::size_t length, row_random& random) {
    std::string number(length, ' ');
    std::generate(number.begin(), number.end(),
                  [&random] { return static_cast<char>('0' + random.between(0, 9)); });
    number.front() = static_cast<char>('1' + random.between(0, 8));
    return number;
}

void append_category(std::int64_t category, std::string& out) {
    row_text{out}
        .number(category)
        .text(category_names[static_cast<std::size_t>(category - 1)])
        .end();
}

void append_product(std::int64_t prod_id, std::string& out) {
    row_random random{stream::product, prod_id};
    const auto words = title_words.size();
    const auto index = static_cast<std::size_t>(prod_id - 1);

    row_text row{out};
    row.number(prod_id);
    row.number(random.between(1, category_count));
    row.text(
        std::string{title_words[index / words]}.append(" ").append(title_words[index % words]));
    row.text(
        std::string{any_of(first_names, random)}.append(" ").append(any_of(last_names, random)));
    row.cents(std::int64_t{100} * random.between(9, 29) + 99);
    row.number(random.between(1, 100) == 1 ? 1 : 0);  // special
    row.number(random.between(1, product_count));     // common_prod_id
    row.end();
}

void append_address(std::int64_t customerid, const std::string& phone, row_random& random,
                    row_text& row) {
    row.text(phone + " Dell Way").null();
    row.text(letters(7, random));
    if (customerid <= customer_count / 2)
        row.text(any_of(states, random))
            .number(random.between(10'000, 99'999))
            .text("US")
            .number(1);
    else row.null().number(0).text(any_of(countries, random)).number(2);
}

void append_credit_card(row_random& random, row_text& row) {
    row.number(random.between(1, 5));
    row.text(digits(16, random));
    const auto year = random.between(2008, 2012);
    const auto month = random.between(1, 12);
    row.text(std::to_string(year) + (month < 10 ? "/0" : "/") + std::to_string(month));
}

void append_customer(std::int64_t customerid, std::string& out) {
    row_random random{stream::customer, customerid};
    const auto last_name = letters(10, random);
    const auto phone = digits(10, random);

    row_text row{out};
    row.number(customerid).text(letters(6, random)).text(last_name);
    append_address(customerid, phone, random, row);
    // The original's mail addresses are at a company's; these reach nobody.
    row.text(last_name + "@example.com").text(phone);
    append_credit_card(random, row);
    row.text("user" + std::to_string(customerid)).text("password");
    row.number(random.between(18, 90));
    row.number(random.between(1, 5) * std::int64_t{20'000});
    row.text(random.between(0, 1) == 0 ? "F" : "M");
    row.end();
}

void append_order(std::int64_t orderid, std::string& out) {
    const auto order = facts_of_order(orderid);
    row_text{out}
        .number(orderid)
        .date(order.month, order.day)
        .number(order.customerid)
        .cents(order.net_cents)
        .cents(order.tax_cents)
        .cents(order.net_cents + order.tax_cents)
        .end();
}

void append_lines(std::int64_t orderid, std::string& out) {
    const auto order = facts_of_order(orderid);
    for (std::int32_t lineid = 1; lineid <= order.lines; ++lineid) {
        const auto line = facts_of_line(orderid, lineid);
        row_text{out}
            .number(lineid)
            .number(orderid)
            .number(line.prod_id)
            .number(line.quantity)
            .date(order.month, order.day)
            .end();
    }
}

void append_history(std::int64_t orderid, std::string& out) {
    const auto order = facts_of_order(orderid);
    for (std::int32_t lineid = 1; lineid <= order.lines; ++lineid) {
        row_text{out}
            .number(order.customerid)
            .number(orderid)
            .number(facts_of_line(orderid, lineid).prod_id)
            .end();
    }
}

std::int64_t lines_of(std::int64_t orders) {
    std::int64_t lines = 0;
    for (std::int64_t orderid = 1; orderid <= orders; ++orderid)
        lines += facts_of_order(orderid).lines;
    return lines;
}

// As in the original, a product's sales are what the order lines say was sold of it.
row_source inventory_rows(std::int64_t orders) {
    const auto sold = std::make_shared<std::vector<std::int32_t>>(product_count + 1);
    for (std::int64_t orderid = 1; orderid <= orders; ++orderid) {
        for (std::int32_t lineid = facts_of_order(orderid).lines; lineid > 0; --lineid) {
            const auto line = facts_of_line(orderid, lineid);
            (*sold)[static_cast<std::size_t>(line.prod_id)] += line.quantity;
        }
    }
    return {"inventory", product_count, product_count,
            [sold](std::int64_t prod_id, std::string& out) {
                row_random random{stream::stock, prod_id};
                row_text{out}
                    .number(prod_id)
                    .number(random.between(0, 500))
                    .number((*sold)[static_cast<std::size_t>(prod_id)])
                    .end();
            }};
}

}  // namespace

order_facts facts_of_order(std::int64_t orderid) noexcept {
    row_random random{stream::order, orderid};
    order_facts order{};
    order.lines = random.between(1, 9);
    order.customerid = random.between(1, customer_count);
    order.month = 1 + static_cast<std::int32_t>((orderid - 1) / orders_per_month % 12);
    order.day = random.between(1, days_of_2004[static_cast<std::size_t>(order.month - 1)]);
    // As in the original, what an order costs was not added up from its lines.
    order.net_cents = random.between(1, 40'000);
    order.tax_cents = (order.net_cents * 825 + 5'000) / 10'000;
    return order;
}

line_facts facts_of_line(std::int64_t orderid, std::int32_t lineid) noexcept {
    row_random random{stream::line, orderid * 16 + lineid};
    line_facts line{};
    line.prod_id = random.between(1, product_count);
    line.quantity = random.between(1, 3);
    return line;
}

std::vector<row_source> sample_rows(std::int64_t orders) {
    const auto lined = std::min(orders, orders_with_lines);
    const auto lines = lines_of(lined);
    return {{"categories", category_count, category_count, append_category},
            {"products", product_count, product_count, append_product},
            inventory_rows(lined),
            {"customers", customer_count, customer_count, append_customer},
            {"orders", orders, orders, append_order},
            {"orderlines", lined, lines, append_lines},
            {"cust_hist", lined, lines, append_history}};
}

}  // namespace orders::sample
