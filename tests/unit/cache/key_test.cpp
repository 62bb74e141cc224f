// One key declaration, for who reads an entry and who makes it untrue.

#include "larder/cache/key.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace LARDER_NAMESPACE::cache {
namespace {

struct count_query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(count_query, (), (customerid))

struct new_order {
    std::string orderdate;
    std::int32_t customerid = 0;
};
BOOST_DESCRIBE_STRUCT(new_order, (), (orderdate, customerid))

struct wide {
    std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(wide, (), (id))

constexpr key num_orders{"num_orders", depends_on{"orders", "customerid"}};

using strings = std::vector<std::string>;

TEST(key, is_declared_at_compile_time) {
    static_assert(num_orders.family() == "num_orders");
    static_assert(num_orders.sources()[0].table == "orders");
    static_assert(num_orders.sources()[0].column == "customerid");
    static_assert(num_orders(&count_query::customerid).family() == "num_orders");
}

TEST(key, names_entries_as_the_tutorial_does) {
    EXPECT_EQ(num_orders.all(), "num_orders:all");
    EXPECT_EQ(num_orders.of(9999), "num_orders:9999");
}

TEST(key, has_one_name_for_one_number) {
    EXPECT_EQ(num_orders.of(0), "num_orders:0");
    EXPECT_EQ(num_orders.of(-1), "num_orders:-1");
    EXPECT_EQ(num_orders.of(std::int8_t{65}), "num_orders:65");
    EXPECT_EQ(num_orders.of(std::uint8_t{255}), "num_orders:255");
    EXPECT_EQ(num_orders.of(std::numeric_limits<std::int64_t>::min()),
              "num_orders:-9223372036854775808");
    EXPECT_EQ(num_orders.of(std::numeric_limits<std::int64_t>::max()),
              "num_orders:9223372036854775807");
}

template <class Value>
concept names_an_entry = requires(Value value) { num_orders.of(value); };

enum class size { small, all };
BOOST_DESCRIBE_ENUM(size, small, all)

TEST(key, takes_what_has_one_text) {
    static_assert(names_an_entry<std::int32_t> && names_an_entry<std::int64_t>);
    static_assert(names_an_entry<std::string> && names_an_entry<bool> && names_an_entry<date>);
    static_assert(names_an_entry<timestamp> && names_an_entry<uuid> && names_an_entry<size>);
    static_assert(!names_an_entry<const char*>);
    static_assert(!names_an_entry<char> && !names_an_entry<double>);
}

TEST(key, of_other_types_is_their_spelling) {
    using namespace std::chrono_literals;
    EXPECT_EQ(num_orders.of(true), "num_orders:true");
    EXPECT_EQ(num_orders.of(date{2023y / 3 / 10}), "num_orders:2023-03-10");
    EXPECT_EQ(num_orders.of(timestamp{std::chrono::sys_days{2023y / 3 / 10}}),
              "num_orders:2023-03-10T00%3A00%3A00Z");
    EXPECT_EQ(num_orders.of(uuid{}), "num_orders:00000000-0000-0000-0000-000000000000");
    EXPECT_EQ(num_orders.of(size::small), "num_orders:small");
    EXPECT_EQ(num_orders.of(size::all), "num_orders:%61ll");
}

// Text could spell another family's entry, or `all`.
TEST(key, escapes_text_so_that_it_names_no_other_entry) {
    const auto of = [](const char* text) { return num_orders.of(std::string{text}); };
    EXPECT_EQ(of("SPRING_1.5-a"), "num_orders:SPRING_1.5-a");
    EXPECT_EQ(of("all"), "num_orders:%61ll");
    EXPECT_EQ(of("all "), "num_orders:all%20");
    EXPECT_EQ(of("%61ll"), "num_orders:%2561ll");
    EXPECT_EQ(of("a:b"), "num_orders:a%3Ab");
    EXPECT_EQ(of("a\nb"), "num_orders:a%0Ab");
    EXPECT_EQ(of("\xC3\xA9~{}*?"), "num_orders:%C3%A9%7E%7B%7D%2A%3F");
    EXPECT_EQ(of(""), "num_orders:");
}

TEST(key, of_a_long_text_is_its_digest) {
    const std::string most(200, 'x'), more(201, 'x'), encoded(67, ':');
    EXPECT_EQ(num_orders.of(most), "num_orders:" + most);
    EXPECT_EQ(num_orders.of(more).size(), std::string_view{"num_orders:~"}.size() + 64);
    EXPECT_EQ(num_orders.of(encoded).size(), num_orders.of(more).size());
    EXPECT_NE(num_orders.of(more), num_orders.of(more + 'x'));
    // Source: printf 'x%.0s' {1..201} | sha256sum
    EXPECT_EQ(num_orders.of(more),
              "num_orders:~84a0678c90937f5dcf9994d5866668da6b995109c8ad845410559b48a4ecafed");
}

TEST(key, finds_the_entry_that_answers_a_query) {
    const auto by_customer = num_orders(&count_query::customerid);
    EXPECT_EQ(by_customer.entry({}), "num_orders:all");
    EXPECT_EQ(by_customer.entry({9999}), "num_orders:9999");
    EXPECT_EQ(by_customer.entry({0}), "num_orders:0");
}

TEST(key, finds_the_entries_that_a_new_row_makes_untrue) {
    const auto by_customer = num_orders(&new_order::customerid);
    EXPECT_EQ(by_customer.broken_by({"2023-03-10", 9999}),
              (strings{"num_orders:all", "num_orders:9999"}));
    EXPECT_EQ(by_customer.broken_by({"2023-03-10", 0}),
              (strings{"num_orders:all", "num_orders:0"}));
}

TEST(key, names_the_entry_over_all_rows_once) {
    const auto by_customer = num_orders(&count_query::customerid);
    EXPECT_EQ(by_customer.broken_by({}), strings{"num_orders:all"});
    EXPECT_EQ(by_customer.broken_by({7}), (strings{"num_orders:all", "num_orders:7"}));
}

TEST(key, gives_reader_and_writer_the_same_entry) {
    for (const auto customer : {0, 1, -1, 9999, INT32_MIN, INT32_MAX}) {
        const auto read = num_orders(&count_query::customerid).entry({customer});
        const auto broken = num_orders(&new_order::customerid).broken_by({"", customer});
        EXPECT_EQ(broken, (strings{num_orders.all(), read}));
        EXPECT_EQ(num_orders(&wide::id).entry({customer}), read);
    }
}

// ---- several parameters ----

struct books_query {
    std::string author;
    std::optional<std::int32_t> year;
};
BOOST_DESCRIBE_STRUCT(books_query, (), (author, year))

struct new_book {
    std::int32_t year = 0;
    std::string author;
    std::optional<size> format;
};
BOOST_DESCRIBE_STRUCT(new_book, (), (year, author, format))

constexpr key books{"books", depends_on{"books", "author", "year"}};
constexpr key prices{"prices", depends_on{"items", "basket"}, depends_on{"vouchers", "", "code"}};

TEST(key, of_several_parameters_has_one_for_each_column) {
    static_assert(num_orders.parameters() == 1 && books.parameters() == 2);
    static_assert(key{"k", depends_on{"t"}}.parameters() == 1);
    static_assert(key{"k", depends_on{"t", "a", "b", "c", "d"}}.parameters() == 4);
    static_assert(books.with_parameters(3).parameters() == 3);
    static_assert(prices.parameters() == 2);
    EXPECT_EQ(books.all(), "books:all:all");
    EXPECT_EQ(books.of(std::string{"Emma"}, 1815), "books:Emma:1815");
    EXPECT_EQ(books.of(std::string{"Emma"}, std::optional<int>{}), "books:Emma:all");
    EXPECT_EQ(books.of(std::string{"all"}, size::all), "books:%61ll:%61ll");
    EXPECT_EQ(books.of(std::string{}, std::string{}), "books::");
}

TEST(key, knows_whether_a_row_tells_all_its_values) {
    static_assert(books.is_told_by(books.sources()[0]));
    static_assert(!books.with_parameters(3).is_told_by(books.sources()[0]));
    for (const auto& source : prices.sources()) EXPECT_FALSE(prices.is_told_by(source));
    static_assert(!key{"k", depends_on{"t"}}.is_told_by(depends_on{"t"}));
}

struct page {
    std::int32_t category = 0;
    std::string after;
};
BOOST_DESCRIBE_STRUCT(page, (), (category, after))

constexpr key products =
    key{"products", depends_on{"products"}, depends_on{"categories"}}.with_parameters(2);

TEST(key, of_tables_without_columns_is_kept_by_generation) {
    static_assert(products.is_by_generation() && !books.is_by_generation());
    static_assert(!key{"k", depends_on{"t"}, depends_on{"u", "", "a"}}.is_by_generation());
    constexpr auto by_both = products(&page::category, &page::after);
    EXPECT_EQ(by_both.entry({3, "Emma"}), "products:3:Emma");
    EXPECT_EQ(by_both.broken_by({3, "Emma"}), strings{"products:all"});
    EXPECT_EQ(by_both.patterns(), strings{"products:*"});
    EXPECT_EQ(products.every_entry().entry(), "products:all");
    EXPECT_EQ(products.every_entry().patterns(), strings{"products:*"});
    EXPECT_EQ(products.broken_by_any(), "products:all");
    EXPECT_EQ(books.broken_by_any(), "books:all:all");
    EXPECT_EQ(products.broken_as_a_whole(), "products:all");
    // A row makes one entry untrue, however many parameters there are.
    constexpr auto wide = products.with_parameters(12);
    EXPECT_EQ(wide.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, std::string{"x"}),
              "products:1:2:3:4:5:6:7:8:9:10:11:x");
    EXPECT_EQ(wide.broken_as_a_whole(), "products:all");
    static_assert(!wide.is_told_by(wide.sources()[0]));
    EXPECT_THROW(products.with_parameters(13), std::logic_error);
    EXPECT_THROW(books.broken_as_a_whole(), std::logic_error) << "it has no such entry";
}

TEST(key, refuses_another_number_of_values) {
    EXPECT_THROW(books.of(7), std::logic_error);
    EXPECT_THROW(books.of(7, 8, 9), std::logic_error);
    EXPECT_THROW(num_orders.of(7, 8), std::logic_error);
    EXPECT_THROW(books.broken_by(7), std::logic_error);
    EXPECT_THROW(books.with_parameters(1), std::logic_error);
    EXPECT_THROW(books.with_parameters(5), std::logic_error);
    EXPECT_THROW(books.with({.ttl = std::chrono::seconds{0}}), std::logic_error);
    EXPECT_THROW(books.with({.negative_ttl = std::chrono::seconds{-1}}), std::logic_error);
    EXPECT_THROW(books.with({.stale_if_error = std::chrono::seconds{-1}}), std::logic_error);
    EXPECT_THROW(books.with({.timeout = std::chrono::milliseconds{0}}), std::logic_error);
}

TEST(key, of_several_members_answers_a_query) {
    constexpr auto by_both = books(&books_query::author, &books_query::year);
    static_assert(by_both.parameters()[0] == "author" && by_both.parameters()[1] == "year");
    EXPECT_EQ(by_both.entry({"Jane Austen", 1815}), "books:Jane%20Austen:1815");
    EXPECT_EQ(by_both.entry({"Jane Austen", {}}), "books:Jane%20Austen:all");
    EXPECT_EQ(by_both.patterns(), (strings{"books:all:all", "books:{author}:all",
                                           "books:all:{year}", "books:{author}:{year}"}));
    EXPECT_EQ(num_orders(&count_query::customerid).patterns(),
              (strings{"num_orders:all", "num_orders:{customerid}"}));
}

TEST(key, of_several_members_is_broken_with_each_value_and_without) {
    const auto by_both = books(&new_book::author, &new_book::year);
    EXPECT_EQ(
        by_both.broken_by({1815, "Austen", {}}),
        (strings{"books:all:all", "books:Austen:all", "books:all:1815", "books:Austen:1815"}));
    constexpr auto by_format = key{"formats", depends_on{"books", "author", "format", "year"}}(
        &new_book::author, &new_book::format, &new_book::year);
    EXPECT_EQ(by_format.broken_by({1815, "A", size::small}),
              (strings{"formats:all:all:all", "formats:A:all:all", "formats:all:small:all",
                       "formats:A:small:all", "formats:all:all:1815", "formats:A:all:1815",
                       "formats:all:small:1815", "formats:A:small:1815"}));
    // NULL: no entry with a value has the row.
    EXPECT_EQ(by_format.broken_by({1815, "A", {}}),
              (strings{"formats:all:all:all", "formats:A:all:all", "formats:all:all:1815",
                       "formats:A:all:1815"}));
}

// Whatever the row, the reader of any of its values, or of none, has an entry that is broken.
TEST(key, of_several_members_is_read_only_where_it_is_broken) {
    for (const std::string author : {"Austen", "all", "", ":", "a:b", "%61ll"})
        for (const auto year : {1815, -1, 0}) {
            const auto broken =
                books(&new_book::author, &new_book::year).broken_by({year, author, {}});
            const auto read = books(&books_query::author, &books_query::year);
            for (const auto& entry : {read.entry({author, year}), read.entry({author, {}})})
                EXPECT_EQ(std::count(broken.begin(), broken.end(), entry), 1) << entry;
        }
}

// ---- no two tuples share a key ----

using value = std::optional<std::string>;
using row_of_values = std::vector<value>;

std::string key_of(const row_of_values& row) {
    static constexpr key one{"f", depends_on{"t", "a"}};
    static constexpr key two{"f", depends_on{"t", "a", "b"}};
    static constexpr key three{"f", depends_on{"t", "a", "b", "c"}};
    if (row.size() == 1) return one.of(row[0]);
    if (row.size() == 2) return two.of(row[0], row[1]);
    return three.of(row[0], row[1], row[2]);
}

const std::vector<value> nasty{{},
                               "",
                               ":",
                               "::",
                               "%",
                               "%3A",
                               "%253A",
                               "a",
                               "a:",
                               ":a",
                               "a:a",
                               "b",
                               "all",
                               "All",
                               "all:",
                               ":all",
                               "%61ll",
                               "~",
                               "~~",
                               "%7E",
                               "*",
                               "{f",
                               "f:a",
                               "f:all",
                               "\n",
                               " ",
                               "\xC3\xA9",
                               std::string(1, '\0'),
                               std::string(200, 'x'),
                               std::string(201, 'x'),
                               std::string(67, ':'),
                               std::string(68, ':'),
                               "~84a0678c90937f5dcf9994d5866668da6b995109c8ad845410559b48a4ecafed"};

void expect_own_keys(const std::vector<row_of_values>& rows) {
    std::map<std::string, row_of_values> known;
    for (const auto& row : rows) {
        const auto entry = key_of(row);
        const auto [found, is_new] = known.emplace(entry, row);
        EXPECT_TRUE(is_new || found->second == row) << entry << " is of two rows";
        EXPECT_EQ(std::count(entry.begin(), entry.end(), ':'), static_cast<long>(row.size()))
            << entry;
        EXPECT_EQ(entry.find('\n'), entry.npos);
        EXPECT_LE(entry.size(), 2 + 201 * row.size());
    }
}

TEST(key, of_two_tuples_is_never_the_same) {
    std::vector<row_of_values> rows;
    for (const auto& a : nasty) {
        rows.push_back({a});
        for (const auto& b : nasty) {
            rows.push_back({a, b});
            for (const auto& c : nasty) rows.push_back({a, b, c});
        }
    }
    expect_own_keys(rows);
}

TEST(key, of_two_random_tuples_is_never_the_same) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    constexpr std::string_view letters{":%~al361AE\n{}* \xFF", 17};
    std::vector<row_of_values> rows;
    for (int i = 0; i < 20'000; ++i) {
        auto& row = rows.emplace_back(1 + random() % 3);
        for (auto& one : row) {
            if (random() % 8 == 0) continue;
            one.emplace();
            for (auto left = random() % 6; left > 0; --left)
                *one += letters[random() % letters.size()];
        }
    }
    expect_own_keys(rows);
}

TEST(keys_of_row, are_the_keys_that_are_broken) {
    EXPECT_EQ(keys_of_row("f", {"a"}), (strings{"f:all", "f:a"}));
    EXPECT_EQ(keys_of_row("f", {{}}), (strings{"f:all"}));
    EXPECT_EQ(keys_of_row("p:f", {"a", {}, "c"}),
              (strings{"p:f:all:all:all", "p:f:a:all:all", "p:f:all:all:c", "p:f:a:all:c"}));
}

}  // namespace
}  // namespace LARDER_NAMESPACE::cache
