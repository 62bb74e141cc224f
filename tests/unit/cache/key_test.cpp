// One key declaration, for who reads an entry and who makes it untrue.

#include "larder/cache/key.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::cache {
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

}  // namespace
}  // namespace larder::cache
