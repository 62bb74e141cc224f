#include "cache/generations.hpp"

#include <gtest/gtest.h>

#include <string>

namespace LARDER_NAMESPACE::cache {
namespace {

TEST(generations, are_of_the_keys_of_their_families_alone) {
    const generations all{{"products", "staging:books"}};
    EXPECT_EQ(all.family_of("products:3:20"), "products");
    EXPECT_EQ(all.family_of("products:"), "products");
    EXPECT_EQ(all.family_of("staging:books:all"), "staging:books");
    for (const auto* other :
         {"products", "product:3", "products2:3", "staging:products:3", "x", ""})
        EXPECT_EQ(all.family_of(other), "") << other;
    EXPECT_EQ(generations{{}}.family_of("products:3"), "");
}

TEST(generations, are_said_by_one_entry_of_a_family) {
    const generations all{{"products", "staging:books"}};
    EXPECT_TRUE(all.is_of_one("products:all"));
    EXPECT_TRUE(all.is_of_one("staging:books:all"));
    for (const auto* other : {"products:7:all", "products:3", "orders:all", "all", ""})
        EXPECT_FALSE(all.is_of_one(other)) << other;
}

TEST(generations, are_part_of_the_names_of_entries) {
    EXPECT_EQ(generations::entry("products", "7.1-4", "products:3:20"), "products:7.1-4:3:20");
    EXPECT_EQ(generations::entry("products", generations::none, "products:all"), "products:-:all");
}

// Whatever somebody else puts there.
TEST(generations, are_short_and_one_part_of_a_name) {
    EXPECT_TRUE(generations::is_generation("7.1-4"));
    EXPECT_FALSE(generations::is_generation(""));
    EXPECT_FALSE(generations::is_generation("7:1"));
    EXPECT_FALSE(generations::is_generation(generations::none));
    EXPECT_FALSE(generations::is_generation(std::string(101, '7')));
}

}  // namespace
}  // namespace LARDER_NAMESPACE::cache
