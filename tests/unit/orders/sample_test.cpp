// The rows of the sample database, and what is shown while they are loaded. That PostgreSQL takes
// them is tests/integration/load_sample_test.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "sample/load_sample.hpp"
#include "sample/progress.hpp"
#include "sample/random.hpp"
#include "sample/rows.hpp"
#include "sample/schema.hpp"

namespace orders::sample {
namespace {

std::string all_text(const row_source& source) {
    std::string text;
    for (std::int64_t piece = 1; piece <= source.pieces; ++piece) {
        source.append(piece, text);
    }
    return text;
}

using row = std::vector<std::string>;

std::vector<row> rows_of(const row_source& source) {
    std::vector<row> rows;
    std::istringstream lines{all_text(source)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream columns{line};
        rows.emplace_back();
        for (std::string column; std::getline(columns, column, '\t');) {
            rows.back().push_back(column);
        }
    }
    return rows;
}

std::vector<row> rows_of(std::string_view table, std::int64_t orders = order_count) {
    for (const auto& source : sample_rows(orders)) {
        if (source.table == table) return rows_of(source);
    }
    ADD_FAILURE() << "no table " << table;
    return {};
}

std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char byte : text) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    }
    return hash;
}

std::int64_t cents(const std::string& amount) {
    const auto point = amount.find('.');
    return std::stoll(amount.substr(0, point)) * 100 + std::stoll(amount.substr(point + 1));
}

// Whoever changes a row changes everyone's figures: this is meant to fail then.
TEST(sample_rows, are_the_same_bytes_at_every_run_and_on_every_platform) {
    std::map<std::string_view, std::uint64_t> hashes;
    for (const auto& source : sample_rows(order_count)) {
        hashes[source.table] = fnv1a(all_text(source));
    }
    const std::map<std::string_view, std::uint64_t> known{
        {"categories", 11479939201365011151U}, {"products", 14584176806316932624U},
        {"inventory", 1529947282149309955U},   {"customers", 11585265729396745155U},
        {"orders", 13280344884376548149U},     {"orderlines", 1714468724538005425U},
        {"cust_hist", 4144735088302736918U},
    };
    EXPECT_EQ(hashes, known);
}

TEST(sample_rows, are_as_many_as_they_say_and_as_in_the_original) {
    const std::map<std::string_view, std::int64_t> original{
        {"categories", 16}, {"products", 10'000},   {"inventory", 10'000}, {"customers", 20'000},
        {"orders", 12'000}, {"orderlines", 60'350}, {"cust_hist", 60'350},
    };
    std::map<std::string_view, std::int64_t> said;
    std::map<std::string_view, std::int64_t> made;
    for (const auto& source : sample_rows(order_count)) {
        said[source.table] = source.rows;
        const auto text = all_text(source);
        made[source.table] = std::count(text.begin(), text.end(), '\n');
    }
    EXPECT_EQ(said, original);
    EXPECT_EQ(made, original);
}

TEST(sample_rows, of_referenced_tables_come_first) {
    std::vector<std::string_view> tables;
    for (const auto& source : sample_rows(order_count)) {
        tables.push_back(source.table);
    }
    const auto place = [&tables](std::string_view table) {
        return std::find(tables.begin(), tables.end(), table);
    };
    EXPECT_LT(place("customers"), place("orders"));
    EXPECT_LT(place("orders"), place("orderlines"));
    EXPECT_LT(place("customers"), place("cust_hist"));
}

TEST(sample_rows, of_an_order_do_not_depend_on_how_many_there_are) {
    const auto few = rows_of("orders", 1'234);
    const auto many = rows_of("orders", 24'000);
    ASSERT_EQ(few.size(), 1'234U);
    ASSERT_EQ(many.size(), 24'000U);
    EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(sample_rows, have_lines_and_history_for_the_first_twelve_thousand_orders_only) {
    EXPECT_EQ(rows_of("orderlines", 13'000).size(), 60'350U);
    EXPECT_EQ(rows_of("cust_hist", 13'000).size(), 60'350U);
    EXPECT_EQ(rows_of("orderlines", 0).size(), 0U);
    std::size_t lines = 0;
    for (std::int64_t orderid = 1; orderid <= 100; ++orderid) {
        lines += static_cast<std::size_t>(facts_of_order(orderid).lines);
    }
    EXPECT_EQ(rows_of("orderlines", 100).size(), lines);
}

TEST(sample_rows, have_totals_that_are_net_and_tax_to_the_cent) {
    for (const auto& order : rows_of("orders")) {
        const auto net = cents(order[3]);
        const auto tax = cents(order[4]);
        ASSERT_EQ(cents(order[5]), net + tax) << "order " << order[0];
        ASSERT_GE(net, 1) << "order " << order[0];
        ASSERT_LE(net, 40'000) << "order " << order[0];
        // 8.25 %, to the nearest cent.
        ASSERT_LE(std::abs(tax * 10'000 - net * 825), 5'000) << "order " << order[0];
    }
}

TEST(sample_rows, spread_the_orders_over_the_months_of_2004) {
    std::map<std::string, int> months;
    std::set<std::string> days;
    for (const auto& order : rows_of("orders")) {
        ++months[order[1].substr(0, 7)];
        days.insert(order[1]);
    }
    EXPECT_EQ(months.size(), 12U);
    for (const auto& [month, orders] : months) {
        EXPECT_EQ(orders, 1'000) << month;
    }
    EXPECT_EQ(days.size(), 366U);
    EXPECT_EQ(*days.begin(), "2004-01-01");
    EXPECT_EQ(*days.rbegin(), "2004-12-31");
    EXPECT_TRUE(days.contains("2004-02-29"));
}

TEST(sample_rows, give_the_tutorials_customer_some_orders) {
    const auto orders = rows_of("orders");
    EXPECT_EQ(std::count_if(orders.begin(), orders.end(),
                            [](const row& order) { return order[2] == "9999"; }),
              3);
}

TEST(sample_rows, have_a_history_row_for_each_order_line_with_the_orders_customer) {
    const auto orders = rows_of("orders");
    const auto lines = rows_of("orderlines");
    const auto history = rows_of("cust_hist");
    ASSERT_EQ(lines.size(), history.size());
    for (std::size_t index = 0; index < lines.size(); ++index) {
        const auto& line = lines[index];
        const auto& order = orders[std::stoul(line[1]) - 1];
        ASSERT_EQ(line[4], order[1]) << "the line's date";
        ASSERT_EQ(history[index], (row{order[2], line[1], line[2]}));
    }
}

TEST(sample_rows, count_as_sales_what_the_lines_say_was_sold) {
    std::map<std::string, int> sold;
    for (const auto& line : rows_of("orderlines")) {
        sold[line[2]] += std::stoi(line[3]);
    }
    for (const auto& product : rows_of("inventory")) {
        ASSERT_EQ(std::stoi(product[2]), sold[product[0]]) << "product " << product[0];
    }
}

TEST(sample_rows, have_titles_and_usernames_that_are_unique) {
    std::set<std::string> titles;
    for (const auto& product : rows_of("products")) {
        titles.insert(product[2]);
    }
    EXPECT_EQ(titles.size(), 10'000U);
    std::set<std::string> usernames;
    for (const auto& customer : rows_of("customers")) {
        usernames.insert(customer[15]);
        ASSERT_EQ(customer[15], "user" + customer[0]);
    }
    EXPECT_EQ(usernames.size(), 20'000U);
}

// With a tab, a newline or a backslash in a text, COPY would read another row.
TEST(sample_rows, need_no_escapes_and_fit_their_columns) {
    const std::map<std::string_view, std::size_t> columns{
        {"categories", 2}, {"products", 7},   {"inventory", 3}, {"customers", 20},
        {"orders", 6},     {"orderlines", 5}, {"cust_hist", 3},
    };
    for (const auto& source : sample_rows(order_count)) {
        for (const auto& one : rows_of(source)) {
            ASSERT_EQ(one.size(), columns.at(source.table)) << source.table << ' ' << one[0];
            for (const auto& column : one) {
                ASSERT_LE(column.size(), 50U) << column;
                ASSERT_FALSE(column.empty()) << source.table << ' ' << one[0];
                ASSERT_TRUE(column == "\\N" || column.find('\\') == std::string::npos) << column;
            }
        }
    }
}

TEST(row_random, draws_every_number_of_a_range_and_none_beside_it) {
    std::map<std::int32_t, int> drawn;
    for (std::int64_t number = 0; number < 9'000; ++number) {
        ++drawn[row_random{stream::line, number}.between(-1, 1)];
    }
    ASSERT_EQ(drawn.size(), 3U);
    for (const auto& [value, times] : drawn) {
        EXPECT_NEAR(times, 3'000, 300) << value;
    }
    EXPECT_EQ(drawn.begin()->first, -1);
}

TEST(row_random, differs_between_streams_and_rows) {
    const auto first = [](stream of, std::int64_t number) { return row_random{of, number}.next(); };
    EXPECT_EQ(first(stream::line, 7), first(stream::line, 7));
    EXPECT_NE(first(stream::line, 7), first(stream::line, 8));
    EXPECT_NE(first(stream::line, 7), first(stream::order, 7));
    // A row's second draw is not the next row's first.
    row_random random{stream::line, 7};
    random.next();
    EXPECT_NE(random.next(), first(stream::line, 8));
}

TEST(sample_schema, drops_nothing_that_others_made_upon_it) {
    for (const auto& step : drop_steps) {
        EXPECT_EQ(step.sql.find("CASCADE"), std::string_view::npos) << step.sql;
        EXPECT_NE(step.sql.find("IF EXISTS"), std::string_view::npos) << step.sql;
    }
}

TEST(progress_line, shows_rows_and_rate_while_rows_are_loaded) {
    EXPECT_EQ(progress_line({"orders", 3'000'000, 12'000'000, std::chrono::seconds{2}}, 79),
              "[######..................]  25 %  orders  3,000,000 rows, 1,500,000/s");
    EXPECT_EQ(progress_line({"orders", 12, 12, std::chrono::seconds{12}}, 79),
              "[########################] 100 %  orders  12 rows, 1/s");
}

TEST(progress_line, shows_only_its_name_while_a_step_runs) {
    EXPECT_EQ(progress_line({"orders_pkey", 3, 20, {}}, 79),
              "[###.....................]  15 %  orders_pkey");
}

TEST(progress_line, never_wraps) {
    const progress_state state{"orders", 3'000'000, 12'000'000, std::chrono::seconds{2}};
    EXPECT_EQ(progress_line(state, 34), "[######..................]  25 %  ");
    EXPECT_EQ(progress_line(state, 0), "");
}

TEST(progress_line, stands_having_nothing_to_do) {
    EXPECT_EQ(progress_line({"orders", 0, 0, {}}, 79), "[########################] 100 %  orders");
}

TEST(grouped, puts_a_comma_before_every_three_digits) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1'000), "1,000");
    EXPECT_EQ(grouped(100'000), "100,000");
    EXPECT_EQ(grouped(1'234'567), "1,234,567");
    EXPECT_EQ(grouped(-999), "-999");
    EXPECT_EQ(grouped(-1'000), "-1,000");
}

// Nothing listens on port 1: the number is looked at first.
TEST(load_sample, refuses_a_number_of_orders_out_of_range) {
    for (const auto count : {std::int64_t{-1}, max_sample_orders + 1}) {
        testing::internal::CaptureStderr();
        const auto status =
            load_sample({.server = {{"host", "127.0.0.1"}, {"port", "1"}}, .orders = count});
        EXPECT_EQ(testing::internal::GetCapturedStderr(),
                  "orders load-sample: the number of orders must be from 0 to 100,000,000\n");
        EXPECT_EQ(status, 1);
    }
}

}  // namespace
}  // namespace orders::sample
