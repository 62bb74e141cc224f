#include <gtest/gtest.h>

#include "follow/triggers.hpp"

namespace larder::follow {
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

TEST(notification, of_others_is_nothing) {
    for (const auto* payload :
         {"", "\n", "x", "x\n1", "num_order\n1", "num_orders:1", "num_orders2"})
        EXPECT_TRUE(notified(payload).is_empty()) << payload;
}

}  // namespace
}  // namespace larder::follow
