#include "cache/local_tier.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace LARDER_NAMESPACE::cache {
namespace {

using namespace std::chrono_literals;
using time_point = local_tier::time_point;

const time_point start{1h};

struct local_tier_test : testing::Test {
    local_tier_test() { tier.connected(start); }

    void put(const std::string& key, const std::string& value = "1") {
        tier.settle(tier.reserve(key, 0), key, value, start + 1h);
    }
    std::string find(const std::string& key, time_point now = start, std::uint32_t generation = 0) {
        const auto found = tier.find(key, now, generation);
        return found ? std::string{found->value} : "";
    }

    local_tier tier{{.max_bytes = 1 << 20}};
};

TEST_F(local_tier_test, a_reply_enters_the_place_that_was_reserved) {
    const auto place = tier.reserve("a", 0);
    EXPECT_EQ(find("a"), "");
    tier.settle(place, "a", "7", start + 1s);
    EXPECT_EQ(find("a"), "7");
    EXPECT_EQ(tier.size(), 1U);
}

TEST_F(local_tier_test, a_push_takes_the_place_away) {
    const auto place = tier.reserve("a", 0);
    tier.invalidated("a");
    tier.settle(place, "a", "7", start + 1s);
    EXPECT_EQ(find("a"), "");
    EXPECT_EQ(tier.size(), 0U);
}

TEST_F(local_tier_test, a_reply_does_not_enter_another_ones_place) {
    const auto early = tier.reserve("a", 0);
    tier.invalidated("a");
    const auto late = tier.reserve("a", 0);
    tier.settle(early, "a", "old", start + 1s);
    EXPECT_EQ(find("a"), "");
    tier.abandon(early, "a");
    tier.settle(late, "a", "new", start + 1s);
    EXPECT_EQ(find("a"), "new");
}

TEST_F(local_tier_test, a_place_of_a_lost_connection_is_none) {
    const auto place = tier.reserve("a", 0);
    tier.lost();
    EXPECT_EQ(tier.reserve("b", 0), 0U);
    tier.connected(start);
    tier.reserve("a", 0);
    tier.settle(place, "a", "7", start + 1s);
    EXPECT_EQ(find("a"), "");
}

TEST_F(local_tier_test, entries_end_with_their_connection) {
    put("a");
    tier.lost();
    EXPECT_EQ(find("a"), "");
    tier.connected(start);
    EXPECT_EQ(find("a"), "");
}

TEST_F(local_tier_test, what_changed_is_gone) {
    put("a");
    put("b");
    tier.invalidated("a");
    EXPECT_EQ(find("a"), "");
    EXPECT_EQ(find("b"), "1");
    tier.invalidated_all();
    EXPECT_EQ(find("b"), "");
    EXPECT_EQ(tier.bytes(), 0U);
}

TEST_F(local_tier_test, an_entry_of_before_an_own_write_is_not_used) {
    put("a");
    EXPECT_EQ(find("a", start, 0), "1");
    EXPECT_EQ(find("a", start, 1), "");
}

TEST_F(local_tier_test, an_entry_expires) {
    tier.settle(tier.reserve("a", 0), "a", "1", start + 100ms);
    EXPECT_EQ(find("a", start + 99ms), "1");
    EXPECT_EQ(find("a", start + 100ms), "");
}

TEST_F(local_tier_test, entries_wait_for_a_sign_of_life) {
    put("a");
    EXPECT_EQ(find("a", start + 900ms), "1");
    EXPECT_EQ(find("a", start + 901ms), "");
    tier.heard(start + 800ms);
    EXPECT_EQ(find("a", start + 1700ms), "1");
    tier.heard(start + 300ms);  // a later reply to an earlier command
    EXPECT_EQ(find("a", start + 1700ms), "1");
}

TEST_F(local_tier_test, a_late_worker_hears_valkey_out_first) {
    put("a");
    tier.wakes_at(start + 20ms);
    EXPECT_EQ(find("a", start + 30ms), "1");
    tier.woke(start + 30ms);
    EXPECT_EQ(find("a", start + 30ms), "1");
    tier.wakes_at(start + 40ms);
    EXPECT_EQ(find("a", start + 51ms), "");  // it has not woken yet
    tier.woke(start + 51ms);
    tier.wakes_at(start + 71ms);
    EXPECT_EQ(find("a", start + 51ms), "");
    tier.heard(start + 50ms);
    EXPECT_EQ(find("a", start + 52ms), "");
    tier.heard(start + 51ms);
    EXPECT_EQ(find("a", start + 52ms), "1");
}

TEST(local_tier, that_is_off_keeps_nothing) {
    local_tier tier{{}};
    tier.connected(start);
    EXPECT_FALSE(tier.is_on());
    EXPECT_EQ(tier.reserve("a", 0), 0U);
    tier.settle(0, "a", "1", start + 1h);
    EXPECT_EQ(tier.size(), 0U);
}

// SIEVE: who is asked for stays, who came by once goes.
TEST(local_tier, a_flood_of_made_up_keys_does_not_push_out_the_hot_ones) {
    constexpr std::size_t most = 100'000;
    local_tier tier{{.max_bytes = most}};
    tier.connected(start);
    const auto put = [&](const std::string& key) {
        tier.settle(tier.reserve(key, 0), key, "1", start + 1h);
    };
    const auto hot = [](int i) { return "hot" + std::to_string(i); };
    for (int i = 0; i < 50; ++i) put(hot(i));
    int missed = 0;
    for (int i = 0; i < 100'000; ++i) {
        put("made_up" + std::to_string(i));
        if (!tier.find(hot(i % 50), start, 0)) ++missed;
        ASSERT_LE(tier.bytes(), most);
    }
    EXPECT_EQ(missed, 0);
    EXPECT_GT(tier.size(), 100U);
}

TEST(local_tier, counts_the_bytes_of_values_and_of_places) {
    local_tier tier{{.max_bytes = 2'000}};
    tier.connected(start);
    const auto place = tier.reserve("a", 0);
    const auto empty = tier.bytes();
    tier.settle(place, "a", std::string(1'000, 'x'), start + 1h);
    EXPECT_EQ(tier.bytes(), empty + 1'000);
    const auto again = tier.reserve("a", 0);
    EXPECT_EQ(tier.bytes(), empty);
    tier.settle(again, "a", std::string(5'000, 'x'), start + 1h);
    EXPECT_EQ(tier.bytes(), 0U);
    EXPECT_EQ(tier.size(), 0U);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::cache
