// One key declaration, for who reads an entry and who makes it untrue.

#include "larder/cache/key.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
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
    static_assert(num_orders.source().table == "orders");
    static_assert(num_orders.source().column == "customerid");
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

// Text could spell another family's entry, or `all`.
TEST(key, takes_no_text_as_its_parameter) {
    static_assert(names_an_entry<std::int32_t> && names_an_entry<std::int64_t>);
    static_assert(!names_an_entry<std::string> && !names_an_entry<const char*>);
    static_assert(!names_an_entry<char> && !names_an_entry<bool> && !names_an_entry<double>);
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
