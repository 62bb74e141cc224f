// Which keys are compared with the source, and how long an entry may differ.

#include "self_check.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

namespace LARDER_NAMESPACE {
namespace {

using namespace std::chrono_literals;

TEST(read_sample, has_each_key_once_and_no_more_than_it_may) {
    read_sample all;
    EXPECT_TRUE(all.some(4).empty());
    for (int round = 0; round < 2; ++round)
        for (int i = 0; i < 10; ++i) all.add("k:" + std::to_string(i), {}, nullptr);
    EXPECT_EQ(all.size(), 10U);
    for (int i = 0; i < 10'000; ++i) all.add("k:" + std::to_string(i), {}, nullptr);
    EXPECT_EQ(all.size(), read_sample::most);
    std::set<std::string> keys;
    for (const auto& one : all.some(1000)) keys.insert(one.key);
    EXPECT_EQ(keys.size(), read_sample::most);
    EXPECT_EQ(all.some(4).size(), 4U);
}

TEST(self_check, allows_what_the_promises_allow) {
    EXPECT_EQ(self_check::bound_of(false, 5s), 2s);
    EXPECT_EQ(self_check::bound_of(true, 5s), 8s);
}

// By the names that the metrics have.
TEST(self_check, counts_an_entry_again_after_a_minute_and_after_ten) {
    const auto& ages = admin::self_check_figures::ages;
    ASSERT_EQ(ages.size(), 3U);
    for (std::size_t counted = 0; counted < ages.size(); ++counted) {
        const std::string age = ages.at(counted);
        EXPECT_EQ(self_check::age_of(counted, 2s), age == "1m"    ? 1min
                                                   : age == "10m" ? 10min
                                                                  : std::chrono::seconds{2})
            << age;
        EXPECT_EQ(self_check::age_of(counted, 1h), 1h) << "as that is allowed";
    }
}

}  // namespace
}  // namespace LARDER_NAMESPACE
