#include "valkey/breaker.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace LARDER_NAMESPACE::valkey {
namespace {

using namespace std::chrono_literals;

TEST(breaker, opens_with_the_first_missed_deadline) {
    breaker b{100ms};
    EXPECT_FALSE(b.is_open());
    EXPECT_TRUE(b.missed());
    EXPECT_TRUE(b.is_open());
    EXPECT_FALSE(b.missed());
}

TEST(breaker, closes_with_a_probe_that_is_answered_in_time) {
    breaker b{100ms};
    b.missed();
    EXPECT_TRUE(b.probed(100ms));
    EXPECT_FALSE(b.is_open());
    EXPECT_FALSE(b.probed(1ms));
}

// Or a slow server would cost its deadline again and again.
TEST(breaker, stays_open_where_the_probe_is_late) {
    breaker b{100ms};
    b.missed();
    EXPECT_FALSE(b.probed(101ms));
    EXPECT_TRUE(b.is_open());
}

TEST(breaker, closes_with_a_new_connection) {
    breaker b{100ms};
    b.missed();
    b.connected();
    EXPECT_FALSE(b.is_open());
}

}  // namespace
}  // namespace LARDER_NAMESPACE::valkey
