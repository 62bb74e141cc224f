// Whose entries Valkey has, as it is told to an operator.

#include <gtest/gtest.h>

#include <string>

#include "admin/cache_reports.hpp"

namespace LARDER_NAMESPACE::admin {
namespace {

trust_facts facts_that_agree() {
    return {
        .run = "a1/b1",
        .database = "7:5",
        .why_no_database = {},
        .is_source_asked = true,
        .families = {
            {.family = "num_orders", .mark = "a1/b1 7:5", .purged_by = {}, .recorded = "a1/b1"}}};
}

/// It is not trusted, and the sentence about the family has these words.
void expect_untrusted(const trust_facts& of, const std::string& why) {
    const auto all = judge_trust(of);
    EXPECT_FALSE(all.is_trusted);
    ASSERT_FALSE(all.reasons.empty());
    EXPECT_NE(all.reasons.front().find(why), std::string::npos) << all.reasons.front();
}

TEST(cache_trust, needs_the_mark_of_this_run_and_this_database) {
    EXPECT_TRUE(judge_trust(facts_that_agree()).is_trusted);
    auto one = facts_that_agree();
    one.families[0].mark.reset();
    expect_untrusted(one, "Nobody has trusted");
    one.families[0].mark = "rubbish";
    expect_untrusted(one, "Nobody has trusted");
    one.families[0].mark = "a1/b2 7:5";
    expect_untrusted(one, "in another run of the server, a1/b2");
    one.families[0].mark = "a1/b1 7:6";
    expect_untrusted(one, "are of the database 7:6, and this one is 7:5");
}

TEST(cache_trust, ends_while_entries_are_deleted_and_after_another_valkey) {
    auto one = facts_that_agree();
    one.families[0].recorded = "c3/d3";
    expect_untrusted(one, "in another Valkey since, c3/d3");
    one.families[0].recorded = "";
    EXPECT_TRUE(judge_trust(one).is_trusted) << "none so far";
    one.families[0].recorded.reset();
    EXPECT_TRUE(judge_trust(one).is_trusted) << "it may keep no tables";
    one.families[0].purged_by = "web1.2";
    expect_untrusted(one, "are being deleted by web1.2");
}

TEST(cache_trust, waits_for_a_source_that_is_set_and_needs_none_that_is_not) {
    auto one = facts_that_agree();
    one.database.reset();
    one.why_no_database = "PostgreSQL is away";
    const auto waits = judge_trust(one);
    EXPECT_FALSE(waits.is_trusted);
    EXPECT_EQ(waits.reasons.back(), "PostgreSQL is away");
    one.is_source_asked = false;
    EXPECT_TRUE(judge_trust(one).is_trusted);
}

TEST(cache_trust, of_all_families_is_missing_where_one_lacks_it) {
    auto two = facts_that_agree();
    two.families.push_back({.family = "books", .mark = {}, .purged_by = {}, .recorded = {}});
    const auto all = judge_trust(two);
    EXPECT_FALSE(all.is_trusted);
    EXPECT_EQ(all.reasons.size(), 2U);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::admin
