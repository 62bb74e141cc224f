#include <gtest/gtest.h>

#include "follow/triggers.hpp"

namespace LARDER_NAMESPACE::follow {
namespace {

using names = std::set<std::string>;

untrue notified(std::string_view payload) {
    const std::vector<larder::followed> one{{"num_orders", "orders", "customerid"}};
    return read_notification(payload, one);
}

TEST(notification, names_keys_of_a_family) {
    EXPECT_EQ(notified("num_orders\n1\n-22").keys,
              (names{"num_orders:all", "num_orders:1", "num_orders:-22"}));
    EXPECT_EQ(notified("num_orders\n").keys, (names{"num_orders:all"}));
    EXPECT_EQ(notified("num_orders\n\n\n3\n").keys, (names{"num_orders:all", "num_orders:3"}));
    EXPECT_TRUE(notified("num_orders\n1").families.empty());
}

TEST(notification, without_a_line_is_of_the_family) {
    EXPECT_EQ(notified("num_orders").families, (names{"num_orders"}));
    EXPECT_TRUE(notified("num_orders").keys.empty());
}

// An older version's trigger may tell the values of one column.
TEST(notification, of_a_family_with_several_columns_is_all_of_it) {
    const std::vector<larder::followed> two{{"books", "books", "author", {"year"}},
                                            {"prices", "items", ""},
                                            {"twice", "orders", "buyer"},
                                            {"twice", "orders", "seller"}};
    for (const std::string family : {"books", "prices", "twice"})
        for (const auto* values : {"", "\n1815", "\n"}) {
            const auto what = read_notification(family + values, two);
            EXPECT_EQ(what.families, names{family});
            EXPECT_TRUE(what.keys.empty());
        }
}

TEST(notification, of_a_family_that_is_kept_by_generation_is_one_entry) {
    const std::vector<larder::followed> one{
        {.family = "pages", .table = "books", .is_by_generation = true}};
    EXPECT_EQ(read_notification("pages", one).keys, names{"pages:all"});
    EXPECT_TRUE(read_notification("pages\n3", one).families.empty());
}

TEST(notification, of_others_is_nothing) {
    for (const auto* payload :
         {"", "\n", "x", "x\n1", "num_order\n1", "num_orders:1", "num_orders2"})
        EXPECT_TRUE(notified(payload).is_empty()) << payload;
}

}  // namespace
}  // namespace LARDER_NAMESPACE::follow
