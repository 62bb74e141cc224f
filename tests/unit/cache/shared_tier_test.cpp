// The keys whose invalidation has not got through. The tier itself needs a Valkey:
// tests/integration/contract_cache_test.cpp.

#include "larder/cache/shared_tier.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace larder::cache {
namespace {

using strings = std::vector<std::string>;

strings keys_of(const std::vector<unreleased_keys::remembered>& some) {
    strings keys;
    for (const auto& one : some) keys.push_back(one.key);
    std::sort(keys.begin(), keys.end());
    return keys;
}

constexpr std::size_t no_limit = 1000;

TEST(unreleased_keys, are_none_at_first) {
    const unreleased_keys keys;
    EXPECT_EQ(keys.size(), 0U);
    EXPECT_FALSE(keys.contains("num_orders:all"));
    EXPECT_FALSE(keys.contains(""));
    EXPECT_TRUE(keys.some(no_limit).empty());
}

TEST(unreleased_keys, are_those_that_were_added) {
    unreleased_keys keys;
    keys.add({"num_orders:all", "num_orders:9999"});
    EXPECT_EQ(keys.size(), 2U);
    EXPECT_TRUE(keys.contains("num_orders:all"));
    EXPECT_TRUE(keys.contains("num_orders:9999"));
    EXPECT_FALSE(keys.contains("num_orders:999"));
    EXPECT_FALSE(keys.contains("num_orders:99990"));
    EXPECT_FALSE(keys.contains("num_orders"));
    EXPECT_EQ(keys_of(keys.some(no_limit)), (strings{"num_orders:9999", "num_orders:all"}));
}

TEST(unreleased_keys, count_a_key_once) {
    unreleased_keys keys;
    keys.add({"a", "a"});
    keys.add({"a", "b"});
    EXPECT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys_of(keys.some(no_limit)), (strings{"a", "b"}));
}

TEST(unreleased_keys, are_unchanged_by_an_empty_list) {
    unreleased_keys keys;
    keys.add({});
    EXPECT_EQ(keys.size(), 0U);
    keys.add({"a"});
    keys.remove({});
    EXPECT_EQ(keys.size(), 1U);
}

TEST(unreleased_keys, are_handed_out_in_batches) {
    unreleased_keys keys;
    keys.add({"a", "b", "c"});
    EXPECT_EQ(keys.some(0).size(), 0U);
    EXPECT_EQ(keys.some(2).size(), 2U);
    EXPECT_EQ(keys.some(3).size(), 3U);
    EXPECT_EQ(keys.some(4).size(), 3U);
    EXPECT_EQ(keys.size(), 3U);
}

TEST(unreleased_keys, come_to_an_end_batch_by_batch) {
    unreleased_keys keys;
    for (int i = 0; i < 10; ++i) keys.add({"key" + std::to_string(i)});
    int batches = 0;
    for (; keys.size() > 0 && batches < 10; ++batches) keys.remove(keys.some(3));
    EXPECT_EQ(keys.size(), 0U);
    EXPECT_EQ(batches, 4);
}

TEST(unreleased_keys, are_gone_once_released) {
    unreleased_keys keys;
    keys.add({"a", "b"});
    const auto first = keys.some(1);
    ASSERT_EQ(keys_of(first), strings{"a"});
    keys.remove(first);
    EXPECT_FALSE(keys.contains("a"));
    EXPECT_TRUE(keys.contains("b"));
    EXPECT_EQ(keys.size(), 1U);
    keys.remove(first);
    EXPECT_EQ(keys.size(), 1U);
}

// The DEL that got through was sent before the second write: it says nothing about that one.
TEST(unreleased_keys, stay_when_they_were_added_again_meanwhile) {
    unreleased_keys keys;
    keys.add({"a", "b"});
    const auto sent = keys.some(no_limit);
    keys.add({"a"});
    keys.remove(sent);
    EXPECT_TRUE(keys.contains("a"));
    EXPECT_FALSE(keys.contains("b"));
    EXPECT_EQ(keys.size(), 1U);

    keys.remove(keys.some(no_limit));
    EXPECT_FALSE(keys.contains("a"));
    EXPECT_EQ(keys.size(), 0U);
}

TEST(unreleased_keys, stay_when_they_come_back_after_their_release) {
    unreleased_keys keys;
    keys.add({"a"});
    const auto sent = keys.some(no_limit);
    keys.remove(sent);
    keys.add({"a"});
    keys.remove(sent);
    EXPECT_TRUE(keys.contains("a"));
}

TEST(unreleased_keys, are_shared_by_threads) {
    unreleased_keys keys;
    constexpr int workers = 4, rounds = 200;
    std::vector<std::jthread> threads;
    threads.reserve(workers);
    for (int w = 0; w < workers; ++w)
        threads.emplace_back([&keys, w] {
            for (int i = 0; i < rounds; ++i) {
                keys.add({std::to_string(w) + ':' + std::to_string(i), "all"});
                if (i % 2 == 0) keys.remove(keys.some(1));
            }
        });
    threads.clear();
    EXPECT_EQ(keys.size(), keys.some(no_limit).size());
    keys.remove(keys.some(no_limit));
    EXPECT_EQ(keys.size(), 0U);
    EXPECT_FALSE(keys.contains("all"));
}

}  // namespace
}  // namespace larder::cache
