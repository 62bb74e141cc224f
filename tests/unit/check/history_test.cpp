// Which values an answer may have had, of histories made by hand: what is wrong is found, and only
// that.
#include "larder/check/history.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace LARDER_NAMESPACE::check {
namespace {

using namespace std::chrono_literals;
using kind = verdict::kind;

instant at(int ms) { return instant{} + std::chrono::milliseconds{ms}; }
write_times told_at_once(int begun, int acknowledged) {
    return {at(begun), at(acknowledged), at(acknowledged)};
}
write_times told_late(int begun, int acknowledged, int due) {
    return {at(begun), at(acknowledged), at(due)};
}

// The value is 1; 2 from somewhere between 100 and 200; 3 from between 300 and 400.
struct judge : testing::Test {
    judge() {
        history.add(told_at_once(100, 200), "2");
        history.add(told_at_once(300, 400), "3");
    }
    kind of(int began, int ended, const std::string& text) const {
        return history.judge(at(began), at(ended), text).what;
    }
    check::history history{"1"};
};

TEST_F(judge, takes_what_there_was_when_it_was_asked_for) {
    EXPECT_EQ(of(0, 50, "1"), kind::right);
    EXPECT_EQ(of(250, 260, "2"), kind::right);
    EXPECT_EQ(of(500, 510, "3"), kind::right);
}

TEST_F(judge, takes_both_values_while_a_write_is_under_way) {
    for (const std::string text : {"1", "2"}) {
        EXPECT_EQ(of(150, 160, text), kind::right);
        EXPECT_EQ(of(90, 100, text), kind::right);
        EXPECT_EQ(of(199, 600, text), kind::right);
    }
}

TEST_F(judge, takes_every_value_that_there_was_during_a_long_request) {
    for (const std::string text : {"1", "2", "3"}) EXPECT_EQ(of(50, 450, text), kind::right);
}

TEST_F(judge, finds_a_value_that_lacks_an_acknowledged_write) {
    EXPECT_EQ(of(200, 201, "1"), kind::stale);
    EXPECT_EQ(of(400, 401, "2"), kind::stale);
    EXPECT_EQ(of(400, 401, "1"), kind::stale);
    EXPECT_EQ(history.judge(at(450), at(460), "1").late, 250ms) << "since the first that it lacks";
    EXPECT_EQ(history.judge(at(450), at(460), "2").late, 50ms);
}

TEST_F(judge, finds_a_value_from_before_that_comes_back) {
    EXPECT_EQ(of(500, 510, "3"), kind::right);
    EXPECT_EQ(of(520, 530, "2"), kind::stale);
}

TEST_F(judge, finds_a_value_from_the_future) {
    EXPECT_EQ(of(50, 99, "2"), kind::early);
    EXPECT_EQ(of(150, 160, "3"), kind::early);
}

TEST_F(judge, finds_a_value_that_there_never_was) { EXPECT_EQ(of(50, 450, "2.5"), kind::unknown); }

TEST(judge_of_late_writes, takes_the_value_before_until_one_is_due) {
    check::history history{"1"};
    history.add(told_late(100, 200, 1200), "2");
    EXPECT_EQ(history.judge(at(1199), at(1300), "1").what, kind::right);
    EXPECT_EQ(history.judge(at(1199), at(1300), "1").late, 999ms);
    EXPECT_EQ(history.judge(at(150), at(160), "2").what, kind::right) << "it may be seen before";
    EXPECT_EQ(history.judge(at(1200), at(1300), "1").what, kind::stale);
}

TEST(judge_of_late_writes, lets_a_later_one_that_is_due_make_them_due) {
    check::history history{"1"};
    history.add(told_late(100, 200, 1200), "2");
    history.add(told_at_once(300, 400), "3");
    EXPECT_EQ(history.judge(at(399), at(410), "1").what, kind::right);
    EXPECT_EQ(history.judge(at(400), at(410), "1").what, kind::stale);
    EXPECT_EQ(history.judge(at(400), at(410), "2").what, kind::stale);
    EXPECT_EQ(history.judge(at(400), at(410), "3").what, kind::right);
}

// Two writes at once, a from 100 to 200 and b from 150 to 300, and one behind them.
struct judge_of_two_at_once : testing::Test {
    judge_of_two_at_once() {
        history.add_two(told_at_once(100, 200), told_at_once(150, 300), "a", "b", "ab");
        history.add(told_at_once(400, 500), "then");
    }
    kind of(int began, int ended, const std::string& text) const {
        return history.judge(at(began), at(ended), text).what;
    }
    check::history history{"none"};
};

TEST_F(judge_of_two_at_once, takes_either_while_both_are_under_way) {
    for (const std::string text : {"none", "a", "b", "ab"})
        EXPECT_EQ(of(160, 170, text), kind::right);
}

TEST_F(judge_of_two_at_once, finds_a_value_that_lacks_the_one_which_is_over) {
    EXPECT_EQ(of(200, 210, "none"), kind::stale);
    EXPECT_EQ(of(200, 210, "b"), kind::stale);
    EXPECT_EQ(of(200, 210, "a"), kind::right);
    EXPECT_EQ(of(300, 310, "a"), kind::stale);
    EXPECT_EQ(of(300, 310, "ab"), kind::right);
}

TEST_F(judge_of_two_at_once, finds_a_value_with_the_one_that_has_not_begun) {
    EXPECT_EQ(of(110, 120, "a"), kind::right);
    EXPECT_EQ(of(110, 120, "b"), kind::early);
    EXPECT_EQ(of(110, 120, "ab"), kind::early);
}

TEST_F(judge_of_two_at_once, finds_either_stale_after_what_followed) {
    for (const std::string text : {"none", "a", "b", "ab"})
        EXPECT_EQ(of(500, 510, text), kind::stale);
    EXPECT_EQ(of(500, 510, "then"), kind::right);
}

TEST(judge_of_a_value_that_came_twice, takes_it_where_it_was_either_time) {
    check::history history{"0"};
    history.add(told_at_once(100, 200), "1");
    history.add(told_at_once(300, 400), "0");
    EXPECT_EQ(history.judge(at(150), at(160), "0").what, kind::right);
    EXPECT_EQ(history.judge(at(250), at(260), "0").what, kind::stale);
    EXPECT_EQ(history.judge(at(450), at(460), "0").what, kind::right);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::check
