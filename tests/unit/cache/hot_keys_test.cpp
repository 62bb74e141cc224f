// Which keys are said to be read most.

#include "cache/hot_keys.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace LARDER_NAMESPACE::cache {
namespace {

using namespace std::chrono_literals;

const hot_keys::time_point first_read{1h};

void sample(hot_keys& keys, const std::string& key, int times,
            hot_keys::time_point now = first_read) {
    for (int i = 0; i < times; ++i) keys.sample(key, now);
}

TEST(hot_keys, come_with_their_reads_the_most_read_first) {
    hot_keys keys{true};
    sample(keys, "a", 10);
    sample(keys, "b", 30);
    sample(keys, "c", 1);
    const auto said = keys.hottest(2, first_read);
    ASSERT_EQ(said.most.size(), 2U);
    EXPECT_EQ(said.most[0].key, "b");
    EXPECT_DOUBLE_EQ(said.most[0].reads, 30.0 * hot_keys::reads_a_sample);
    EXPECT_EQ(said.most[1].key, "a");
    EXPECT_DOUBLE_EQ(said.all, 41.0 * hot_keys::reads_a_sample);
}

TEST(hot_keys, are_found_among_many_that_are_read_once_and_not_overstated) {
    hot_keys keys{true};
    for (int i = 0; i < 20'000; ++i) sample(keys, i % 20 == 0 ? "hot" : std::to_string(i), 1);
    const auto said = keys.hottest(1'000, first_read);
    ASSERT_LE(said.most.size(), hot_keys::most_keys);
    EXPECT_EQ(said.most.front().key, "hot");
    EXPECT_LE(said.most.front().reads, 1'000.0 * hot_keys::reads_a_sample);
    EXPECT_GE(said.most.front().reads, 900.0 * hot_keys::reads_a_sample);
    EXPECT_LE(said.most[1].reads, 1.0 * hot_keys::reads_a_sample) << said.most[1].key;
}

TEST(hot_keys, count_half_as_much_half_a_minute_later) {
    hot_keys keys{true};
    sample(keys, "before", 40);
    sample(keys, "now", 30, first_read + 30s);
    const auto said = keys.hottest(2, first_read + 30s);
    EXPECT_EQ(said.most[0].key, "now");
    EXPECT_DOUBLE_EQ(said.most[1].reads, 20.0 * hot_keys::reads_a_sample);
    EXPECT_LT(keys.hottest(2, first_read + 1h).all, 1e-9);
}

// Weights that grow for ever would leave no room for what is added to them.
TEST(hot_keys, are_as_exact_after_a_week) {
    hot_keys keys{true};
    for (auto day = 0h; day < 24h * 7; day += 1h) sample(keys, "old", 5, first_read + day);
    const auto now = first_read + 24h * 7 + 1h;
    sample(keys, "new", 3, now);
    const auto said = keys.hottest(1, now);
    EXPECT_EQ(said.most[0].key, "new");
    EXPECT_NEAR(said.most[0].reads, 3.0 * hot_keys::reads_a_sample, 1e-6);
    EXPECT_NEAR(said.all, 3.0 * hot_keys::reads_a_sample, 1e-6);
}

TEST(hot_keys, are_chosen_at_random_so_that_a_rhythm_of_reads_does_no_harm) {
    hot_keys keys{true};
    for (int i = 0; i < 64'000; ++i)
        keys.read(i % hot_keys::reads_a_sample == 0 ? "regular" : "other");
    const auto said = keys.hottest(2, std::chrono::steady_clock::now());
    ASSERT_EQ(said.most.size(), 2U);
    EXPECT_EQ(said.most[1].key, "regular");
    EXPECT_NEAR(said.most[1].reads / said.all, 1.0 / hot_keys::reads_a_sample, 0.015);
    EXPECT_NEAR(said.all, 64'000, 6'000);
}

TEST(hot_keys, are_cut_where_they_are_very_long) {
    hot_keys keys{true};
    sample(keys, std::string(10'000, 'k'), 1);
    EXPECT_EQ(keys.hottest(1, first_read).most[0].key, std::string(hot_keys::longest_key, 'k'));
}

TEST(hot_keys, are_not_counted_where_nobody_asks_for_them) {
    hot_keys keys{false};
    for (int i = 0; i < 1'000; ++i) keys.read("a");
    EXPECT_EQ(keys.hottest(10, std::chrono::steady_clock::now()).most.size(), 0U);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::cache
