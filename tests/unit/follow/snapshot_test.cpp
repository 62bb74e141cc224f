#include "follow/snapshot.hpp"

#include <gtest/gtest.h>

namespace LARDER_NAMESPACE::follow {
namespace {

TEST(snapshots, are_read_as_postgresql_writes_them) {
    const auto one = snapshot::parse("731:740:731,735");
    ASSERT_TRUE(one);
    EXPECT_EQ(one->xmin, 731U);
    EXPECT_EQ(one->xmax, 740U);
    EXPECT_EQ(one->running, (std::vector<std::uint64_t>{731, 735}));
    EXPECT_TRUE(snapshot::parse("740:740:")->running.empty());
    for (const auto* wrong : {"", "1", "1:2", "1:2:x", "1:2:1,", "2:1:", "1:2:1 ",
                              " 1:2:", "-1:2:", "1:9:5,3", "99999999999999999999:2:"})
        EXPECT_FALSE(snapshot::parse(wrong)) << wrong;
}

TEST(snapshots, see_what_is_over) {
    const auto one = *snapshot::parse("731:740:731,735");
    EXPECT_TRUE(one.sees(730));
    EXPECT_FALSE(one.sees(731));
    EXPECT_TRUE(one.sees(732));
    EXPECT_FALSE(one.sees(735));
    EXPECT_TRUE(one.sees(739));
    EXPECT_FALSE(one.sees(740));
    EXPECT_FALSE(one.sees(741));
}

// An id has 32 bits in the log, and the next epoch begins behind 2^32 - 1.
TEST(snapshots, know_ids_of_32_bits_beside_the_end_of_an_epoch) {
    constexpr std::uint64_t epoch = std::uint64_t{7} << 32;
    snapshot one{.xmin = epoch - 2, .xmax = epoch + 5, .running = {epoch - 1, epoch + 3}};
    EXPECT_EQ(one.widen(0xFFFFFFFE), epoch - 2);
    EXPECT_EQ(one.widen(3), epoch + 3);
    EXPECT_TRUE(one.sees(one.widen(0xFFFFFFFD)));
    EXPECT_TRUE(one.sees(one.widen(0xFFFFFFFE)));
    EXPECT_FALSE(one.sees(one.widen(0xFFFFFFFF)));
    EXPECT_TRUE(one.sees(one.widen(2)));
    EXPECT_FALSE(one.sees(one.widen(3)));
    EXPECT_FALSE(one.sees(one.widen(5)));
    one = {.xmin = epoch - 9, .xmax = epoch - 5};
    EXPECT_FALSE(one.sees(one.widen(3))) << "it is of the next epoch";
}

}  // namespace
}  // namespace LARDER_NAMESPACE::follow
