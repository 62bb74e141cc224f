// The keys whose release has not got through, and the count of own writes.

#include "larder/cache/own_writes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace larder::cache {
namespace {

using strings = std::vector<std::string>;

constexpr std::size_t no_limit = 1000;

strings keys_of(const std::vector<own_writes::unreleased>& some) {
    strings keys;
    for (const auto& one : some) keys.push_back(one.key);
    std::sort(keys.begin(), keys.end());
    return keys;
}

TEST(own_writes, remember_nothing_at_first) {
    const own_writes own;
    EXPECT_FALSE(own.remembers_any());
    EXPECT_FALSE(own.is_remembered("num_orders:all"));
    EXPECT_FALSE(own.is_remembered(""));
    EXPECT_TRUE(own.some(no_limit).empty());
    EXPECT_TRUE(own.untrue_families().empty());
}

TEST(own_writes, remember_exactly_the_keys_that_were_broken) {
    own_writes own;
    own.remember({{"num_orders:all", "w"}, {"num_orders:9999", "w"}});
    EXPECT_EQ(own.remembered(), 2U);
    EXPECT_TRUE(own.is_remembered("num_orders:all"));
    EXPECT_TRUE(own.is_remembered("num_orders:9999"));
    EXPECT_FALSE(own.is_remembered("num_orders:999"));
    EXPECT_FALSE(own.is_remembered("num_orders:99990"));
    EXPECT_EQ(keys_of(own.some(no_limit)), (strings{"num_orders:9999", "num_orders:all"}));
}

TEST(own_writes, remember_all_writers_of_a_key) {
    own_writes own;
    own.remember({{"a", "one"}});
    own.remember({{"a", "two"}, {"a", ""}});
    EXPECT_EQ(own.remembered(), 1U);
    EXPECT_EQ(own.some(no_limit).front().writers, (strings{"one", "two"}));
}

TEST(own_writes, come_to_an_end_batch_by_batch) {
    own_writes own;
    for (int i = 0; i < 10; ++i) own.remember({{"key" + std::to_string(i), "w"}});
    EXPECT_TRUE(own.some(0).empty());
    int batches = 0;
    for (; own.remembers_any() && batches < 10; ++batches) own.forget(own.some(3));
    EXPECT_EQ(batches, 4);
}

// The release that got through was sent before the second write: it says nothing about that one.
TEST(own_writes, stay_when_they_were_broken_again_meanwhile) {
    own_writes own;
    own.remember({{"a", "one"}, {"b", "one"}});
    const auto sent = own.some(no_limit);
    own.remember({{"a", "two"}});
    own.forget(sent);
    EXPECT_TRUE(own.is_remembered("a"));
    EXPECT_FALSE(own.is_remembered("b"));
    EXPECT_EQ(own.some(no_limit).front().writers, (strings{"one", "two"}));
    own.forget(own.some(no_limit));
    EXPECT_FALSE(own.remembers_any());
}

TEST(own_writes, stay_when_they_come_back_after_their_release) {
    own_writes own;
    own.remember({{"a", "one"}});
    const auto sent = own.some(no_limit);
    own.forget(sent);
    own.remember({{"a", "two"}});
    own.forget(sent);
    EXPECT_TRUE(own.is_remembered("a"));
}

TEST(own_writes, trust_no_key_at_all_beyond_their_limit) {
    own_writes own{2};
    own.remember({{"a", "w"}, {"b", "w"}});
    EXPECT_FALSE(own.is_remembered("c"));
    EXPECT_TRUE(own.untrue_families().empty());
    own.remember({{"c", "w"}});
    EXPECT_EQ(own.remembered(), 3U);
    EXPECT_TRUE(own.is_remembered("c"));
    EXPECT_TRUE(own.is_remembered("d"));

    own.forget(own.some(no_limit));
    EXPECT_TRUE(own.is_remembered("d"));
    own.forget_family(own.untrue_families().front());
    EXPECT_FALSE(own.is_remembered("c"));
    EXPECT_FALSE(own.remembers_any());
}

// The purge began before the second write that found no room.
TEST(own_writes, are_not_forgotten_by_an_earlier_purge) {
    own_writes own{1};
    own.remember({{"a", "w"}, {"b", "w"}});
    const auto purging = own.untrue_families().front();
    own.remember({{"c", "w"}});
    own.forget_family(purging);
    EXPECT_TRUE(own.is_remembered("c"));
    own.forget_family(own.untrue_families().front());
    EXPECT_FALSE(own.is_remembered("c"));
    EXPECT_TRUE(own.is_remembered("a"));
}

TEST(own_writes, trust_no_key_of_a_family_that_is_untrue_until_it_was_purged) {
    own_writes own;
    const auto before = own.last_change();
    own.remember_all_of({"a", "b:c"}, "it was truncated");
    EXPECT_EQ(own.remembered(), 2U);
    for (const auto* key : {"a:1", "a:all", "a:1:2", "b:c:1"})
        EXPECT_TRUE(own.is_remembered(key)) << key;
    for (const auto* key : {"ab:1", "b:1", "c:1", "a"}) EXPECT_FALSE(own.is_remembered(key)) << key;
    EXPECT_FALSE(own.is_released(own.last_change()));
    EXPECT_TRUE(own.is_released(before));

    const auto first = own.untrue_families();
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(first[0].family, "a");
    EXPECT_EQ(first[0].why, "it was truncated");
    own.remember_all_of({"b:c"}, "and once more");
    for (const auto& one : first) own.forget_family(one);
    EXPECT_FALSE(own.is_remembered("a:1"));
    EXPECT_TRUE(own.is_remembered("b:c:1")) << "the purge began before the second time";
    own.forget_family(own.untrue_families().front());
    EXPECT_FALSE(own.remembers_any());
    EXPECT_TRUE(own.is_released(own.last_change()));
}

TEST(own_writes, count_each_write_on_a_key) {
    own_writes own;
    const auto before = own.generation("a");
    own.count({"a"});
    EXPECT_NE(own.generation("a"), before);
    const auto then = own.generation("a");
    own.remember({{"a", "w"}});
    EXPECT_EQ(own.generation("a"), then);
}

TEST(own_writes, are_shared_by_threads) {
    own_writes own;
    constexpr int workers = 4, rounds = 200;
    std::vector<std::jthread> threads;
    threads.reserve(workers);
    for (int w = 0; w < workers; ++w)
        threads.emplace_back([&own, w] {
            for (int i = 0; i < rounds; ++i) {
                own.remember({{std::to_string(w) + ':' + std::to_string(i), "w"}, {"all", "w"}});
                own.count({"all"});
                if (i % 2 == 0) own.forget(own.some(1));
            }
        });
    threads.clear();
    EXPECT_EQ(own.generation("all"), static_cast<std::uint32_t>(workers * rounds));
    EXPECT_EQ(own.remembered(), own.some(no_limit).size());
    own.forget(own.some(no_limit));
    EXPECT_FALSE(own.remembers_any());
    EXPECT_FALSE(own.is_remembered("all"));
}

// ---- announcements ----

const strings families{"num_orders"};

TEST(own_writes, of_another_process_are_remembered_when_they_are_heard_of) {
    own_writes one, other;
    const auto told = one.announcements({"num_orders:all", "num_orders:9999"});
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(other.hear(told.front(), families));
    EXPECT_EQ(keys_of(other.some(no_limit)), (strings{"num_orders:9999", "num_orders:all"}));
    EXPECT_TRUE(other.some(no_limit).front().writers.empty());
    other.forget(other.some(no_limit));
    EXPECT_FALSE(other.remembers_any());
}

TEST(own_writes, do_not_hear_themselves) {
    own_writes own;
    EXPECT_FALSE(own.hear(own.announcements({"num_orders:all"}).front(), families));
    EXPECT_FALSE(own.remembers_any());
}

TEST(own_writes, hear_nothing_of_keys_that_are_nobodys) {
    own_writes own;
    for (const auto* text :
         {"", "somebody", "somebody\n", "somebody\nnum_order:1", "somebody\nnum_orders",
          "somebody\nsessions:1\n{num_orders:1}:lease", "somebody\n\n\n", "\n"})
        EXPECT_FALSE(own.hear(text, families)) << text;
    EXPECT_FALSE(own.remembers_any());
    EXPECT_TRUE(own.hear("somebody\nsessions:1\nnum_orders:1", families));
    EXPECT_EQ(keys_of(own.some(no_limit)), strings{"num_orders:1"});
}

TEST(own_writes, are_announced_until_they_are_forgotten_and_what_was_heard_is_not) {
    own_writes one, other;
    one.hear(other.announcements({"num_orders:1"}).front(), families);
    EXPECT_TRUE(one.announcements().empty());
    one.remember({{"num_orders:2", "w"}});
    EXPECT_EQ(one.announcements(), one.announcements({"num_orders:2"}));
    one.forget(one.some(no_limit));
    EXPECT_TRUE(one.announcements().empty());
}

TEST(own_writes, that_are_many_are_announced_in_parts_that_postgresql_takes) {
    own_writes one, other;
    for (int i = 0; i < 5'000; ++i) one.remember({{"num_orders:" + std::to_string(i), "w"}});
    const auto parts = one.announcements();
    EXPECT_GT(parts.size(), 1U);
    for (const auto& part : parts) {
        EXPECT_LT(part.size(), 8'000U);
        EXPECT_TRUE(other.hear(part, families));
    }
    EXPECT_EQ(other.remembered(), 5'000U);
}

// Whoever may notify would else make every instance delete whatever it has.
TEST(own_writes, an_announcement_costs_no_more_than_the_keys_that_it_names) {
    own_writes one{1}, other;
    one.remember({{"num_orders:1", "w"}, {"num_orders:2", "w"}});
    EXPECT_FALSE(one.untrue_families().empty());
    ASSERT_EQ(one.announcements().size(), 1U);
    EXPECT_TRUE(other.hear(one.announcements().front(), families));
    EXPECT_EQ(other.remembered(), 1U);
    EXPECT_FALSE(other.hear("somebody\n*", families));
    EXPECT_TRUE(other.untrue_families().empty());
    EXPECT_FALSE(other.is_remembered("num_orders:77"));
}

TEST(own_writes, that_no_commit_announced_are_told_of) {
    cache::own_writes own;
    const auto before = own.unannounced();
    own.remember({{"a", "w"}}, true);
    EXPECT_EQ(own.unannounced(), before);
    own.remember({{"a", "w"}});
    EXPECT_NE(own.unannounced(), before);
}

TEST(own_writes, are_settled_when_all_are_released_and_none_is_untold) {
    own_writes one;
    EXPECT_TRUE(one.is_settled());
    one.untold_begins();
    one.remember({{"num_orders:1", "w"}});
    EXPECT_FALSE(one.is_settled());
    EXPECT_EQ(one.remembered_own(), 1U);
    one.forget(one.some(no_limit));
    EXPECT_FALSE(one.is_settled()) << "its commit may come only now";
    one.untold_ends();
    EXPECT_TRUE(one.is_settled());
}

TEST(own_writes, what_others_announced_is_not_own) {
    own_writes one, other;
    other.hear(one.announcements({"num_orders:1"}).front(), families);
    EXPECT_EQ(other.remembered(), 1U);
    EXPECT_EQ(other.remembered_own(), 0U);
}

// ---- which servers these are ----

TEST(own_writes, trust_no_entries_before_the_source_says_whose_they_are) {
    own_writes alone;
    EXPECT_EQ(alone.database(), "-") << "nobody will say";
    own_writes one;
    one.expect_source();
    EXPECT_EQ(one.database(), std::nullopt);
    one.identify("7:16384");
    EXPECT_EQ(one.database(), "7:16384");
}

TEST(own_writes, a_server_that_is_visited_again_after_another_one_has_to_be_purged) {
    own_writes one;
    EXPECT_EQ(one.visit("a"), 0U);
    EXPECT_FALSE(one.must_purge("num_orders")) << "its mark decides";
    EXPECT_EQ(one.visit("a"), 0U) << "a connection that was lost and came back";
    const auto there = one.visit("b");
    EXPECT_TRUE(one.must_purge("num_orders"));
    one.was_purged("num_orders", there);
    EXPECT_FALSE(one.must_purge("num_orders"));
    EXPECT_TRUE(one.must_purge("another")) << "each family for itself";
    const auto back = one.visit("a");
    EXPECT_NE(back, there);
    EXPECT_TRUE(one.must_purge("num_orders"));
    one.was_purged("num_orders", there);
    EXPECT_TRUE(one.must_purge("num_orders")) << "a purge of the visit before";
}

TEST(own_writes, heard_of_again_while_they_are_released_stay_remembered) {
    own_writes one, other;
    const auto told = one.announcements({"num_orders:1"}).front();
    other.hear(told, families);
    const auto being_released = other.some(no_limit);
    other.hear(told, families);
    other.forget(being_released);
    EXPECT_TRUE(other.is_remembered("num_orders:1"));
}

TEST(own_writes, that_were_released_are_known_by_key_and_transactions_for_a_second) {
    using namespace std::chrono_literals;
    own_writes one;
    const own_writes::time_point begin{100s};
    one.was_released("7", {"num_orders:all", "num_orders:1"}, begin);
    one.was_released("8", {"num_orders:all", "num_orders:2"}, begin + 500ms);
    const auto knows = [&](const std::string& key, strings transactions,
                           own_writes::time_point at) {
        return one.is_released_lately({key, std::move(transactions)}, at);
    };
    EXPECT_TRUE(knows("num_orders:1", {"7"}, begin + 1s));
    EXPECT_TRUE(knows("num_orders:all", {"7", "8"}, begin + 1s));
    EXPECT_FALSE(knows("num_orders:all", {"7", "9"}, begin + 1s)) << "somebody else's as well";
    EXPECT_FALSE(knows("num_orders:3", {"7"}, begin + 1s)) << "not one of its keys";
    EXPECT_FALSE(knows("num_orders:1", {}, begin + 1s)) << "it is not known in which";
    EXPECT_FALSE(knows("num_orders:1", {"7"}, begin + 1'001ms));
    one.was_released("9", {}, begin + 1'200ms);
    EXPECT_TRUE(knows("num_orders:2", {"8"}, begin + 1'500ms)) << "the older one was forgotten";
}

}  // namespace
}  // namespace larder::cache
