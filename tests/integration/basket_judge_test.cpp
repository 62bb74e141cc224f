// The judge of baskets' prices finds what is wrong in histories made by hand, and only that.

#include "basket_judge.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

#include "basket_contents.hpp"

namespace larder::test {
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

// The price is 1; 2 from somewhere between 100 and 200; 3 from between 300 and 400.
struct judge : testing::Test {
    judge() {
        history.add(told_at_once(100, 200), "2");
        history.add(told_at_once(300, 400), "3");
    }
    kind of(int began, int ended, const std::string& text) const {
        return history.judge(at(began), at(ended), text).what;
    }
    price_history history{"1"};
};

TEST_F(judge, takes_what_the_basket_had_when_it_was_asked_for) {
    EXPECT_EQ(of(0, 50, "1"), kind::right);
    EXPECT_EQ(of(250, 260, "2"), kind::right);
    EXPECT_EQ(of(500, 510, "3"), kind::right);
}

TEST_F(judge, takes_both_prices_while_a_write_is_under_way) {
    for (const std::string text : {"1", "2"}) {
        EXPECT_EQ(of(150, 160, text), kind::right);
        EXPECT_EQ(of(90, 100, text), kind::right);
        EXPECT_EQ(of(199, 600, text), kind::right);
    }
}

TEST_F(judge, takes_every_price_that_there_was_during_a_long_request) {
    for (const std::string text : {"1", "2", "3"}) EXPECT_EQ(of(50, 450, text), kind::right);
}

TEST_F(judge, finds_a_price_that_lacks_an_acknowledged_write) {
    EXPECT_EQ(of(200, 201, "1"), kind::stale);
    EXPECT_EQ(of(400, 401, "2"), kind::stale);
    EXPECT_EQ(of(400, 401, "1"), kind::stale);
    EXPECT_EQ(history.judge(at(450), at(460), "1").late, 250ms) << "since the first that it lacks";
    EXPECT_EQ(history.judge(at(450), at(460), "2").late, 50ms);
}

TEST_F(judge, finds_a_price_from_before_that_comes_back) {
    EXPECT_EQ(of(500, 510, "3"), kind::right);
    EXPECT_EQ(of(520, 530, "2"), kind::stale);
}

TEST_F(judge, finds_a_price_from_the_future) {
    EXPECT_EQ(of(50, 99, "2"), kind::early);
    EXPECT_EQ(of(150, 160, "3"), kind::early);
}

TEST_F(judge, finds_a_price_that_there_never_was) { EXPECT_EQ(of(50, 450, "2.5"), kind::unknown); }

TEST(judge_of_late_writes, takes_the_price_before_until_one_is_due) {
    price_history history{"1"};
    history.add(told_late(100, 200, 1200), "2");
    EXPECT_EQ(history.judge(at(1199), at(1300), "1").what, kind::right);
    EXPECT_EQ(history.judge(at(1199), at(1300), "1").late, 999ms);
    EXPECT_EQ(history.judge(at(150), at(160), "2").what, kind::right) << "it may be seen before";
    EXPECT_EQ(history.judge(at(1200), at(1300), "1").what, kind::stale);
}

TEST(judge_of_late_writes, lets_a_later_one_that_is_due_make_them_due) {
    price_history history{"1"};
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
    price_history history{"none"};
};

TEST_F(judge_of_two_at_once, takes_either_while_both_are_under_way) {
    for (const std::string text : {"none", "a", "b", "ab"})
        EXPECT_EQ(of(160, 170, text), kind::right);
}

TEST_F(judge_of_two_at_once, finds_a_price_that_lacks_the_one_which_is_over) {
    EXPECT_EQ(of(200, 210, "none"), kind::stale);
    EXPECT_EQ(of(200, 210, "b"), kind::stale);
    EXPECT_EQ(of(200, 210, "a"), kind::right);
    EXPECT_EQ(of(300, 310, "a"), kind::stale);
    EXPECT_EQ(of(300, 310, "ab"), kind::right);
}

TEST_F(judge_of_two_at_once, finds_a_price_with_the_one_that_has_not_begun) {
    EXPECT_EQ(of(110, 120, "a"), kind::right);
    EXPECT_EQ(of(110, 120, "b"), kind::early);
    EXPECT_EQ(of(110, 120, "ab"), kind::early);
}

TEST_F(judge_of_two_at_once, finds_either_stale_after_what_followed) {
    for (const std::string text : {"none", "a", "b", "ab"})
        EXPECT_EQ(of(500, 510, text), kind::stale);
    EXPECT_EQ(of(500, 510, "then"), kind::right);
}

TEST(judge_of_a_price_that_came_twice, takes_it_where_it_was_either_time) {
    price_history history{"0"};
    history.add(told_at_once(100, 200), "1");
    history.add(told_at_once(300, 400), "0");
    EXPECT_EQ(history.judge(at(150), at(160), "0").what, kind::right);
    EXPECT_EQ(history.judge(at(250), at(260), "0").what, kind::stale);
    EXPECT_EQ(history.judge(at(450), at(460), "0").what, kind::right);
}

// Basket 101 holds the products 101 to 104, basket 102 only 101 and 103.
struct group_of_baskets : testing::Test {
    made_change made(const change& what, int begun, int acknowledged) const {
        return {.what = what, .begun = at(begun), .acknowledged = at(acknowledged)};
    }
    price_history of(int basket) const {
        return group.histories([](const made_change& one) { return one.acknowledged; }).at(basket);
    }
    basket_group group{1, 1};
    const contents before = group.now();
    const change dear{.prices = {{102, 2'000'000}}};
    const change many{.quantities = {{{101, 101}, 5'000}}};
    const change put{.quantities = {{{102, 102}, 5'000}}};
};

TEST_F(group_of_baskets, changes_those_that_hold_the_product) {
    ASSERT_TRUE(group.take({dear}));
    group.add({made(dear, 100, 200)});
    EXPECT_EQ(of(101).judge(at(210), at(220), before.price_of(101)).what, kind::stale);
    EXPECT_EQ(of(101).judge(at(210), at(220), before.with(dear).price_of(101)).what, kind::right);
    EXPECT_EQ(of(102).judge(at(210), at(220), before.price_of(102)).what, kind::right);
}

TEST_F(group_of_baskets, has_the_prices_between_two_changes_at_once) {
    ASSERT_TRUE(group.take({dear, many}));
    group.add({made(dear, 100, 200), made(many, 150, 300)});
    const auto is = [&](const contents& then) {
        return of(101).judge(at(210), at(220), then.price_of(101)).what;
    };
    EXPECT_EQ(is(before), kind::stale);
    EXPECT_EQ(is(before.with(dear)), kind::right);
    EXPECT_EQ(is(before.with(many)), kind::stale);
    EXPECT_EQ(is(before.with(dear).with(many)), kind::right);
}

TEST_F(group_of_baskets, knows_the_price_of_what_is_put_in_while_it_changes) {
    ASSERT_TRUE(group.take({dear, put}));
    group.add({made(dear, 100, 200), made(put, 100, 300)});
    const auto is = [&](int when, const contents& then) {
        return of(102).judge(at(when), at(when), then.price_of(102)).what;
    };
    EXPECT_EQ(is(150, before.with(put)), kind::right);
    EXPECT_EQ(is(250, before.with(put)), kind::stale) << "with the price before";
    EXPECT_EQ(is(250, before), kind::right);
    EXPECT_EQ(is(300, before), kind::stale);
    EXPECT_EQ(is(300, before.with(dear).with(put)), kind::right);
}

// Somebody else removes it first, and then nobody needs to tell this basket of its product's price.
TEST_F(group_of_baskets, need_not_show_the_price_of_what_is_removed_while_it_changes) {
    const change remove{.quantities = {{{101, 102}, 0}}};
    ASSERT_TRUE(group.take({many}));
    group.add({made(many, 10, 1'020)});
    ASSERT_TRUE(group.take({dear, remove}));
    group.add({made(dear, 100, 200), made(remove, 100, 1'150)});
    const auto is = [&](int when, const contents& then) {
        return of(101).judge(at(when), at(when), then.price_of(101)).what;
    };
    EXPECT_EQ(is(300, before), kind::right) << "before what is due at 1,020";
    EXPECT_EQ(is(1'020, before), kind::stale);
    EXPECT_EQ(is(1'020, before.with(many)), kind::right);
    EXPECT_EQ(is(1'020, before.with(many).with(dear)), kind::right);
    EXPECT_EQ(is(1'150, before.with(many)), kind::stale);
    EXPECT_EQ(is(1'150, before.with(many).with(remove)), kind::right);
}

TEST_F(group_of_baskets, takes_no_change_that_brings_a_total_back) {
    ASSERT_TRUE(group.take({many}));
    group.add({made(many, 100, 200)});
    EXPECT_FALSE(group.take({{.quantities = {{{101, 101}, before.quantities.at({101, 101})}}}}));
    EXPECT_FALSE(group.take({{.quantities = {{{102, 104}, 0}}}})) << "it changes nothing";
}

TEST_F(group_of_baskets, finds_a_mixture_of_two_prices) {
    change both = dear;
    both.quantities = many.quantities;
    ASSERT_TRUE(group.take({both}));
    group.add({made(both, 100, 200)});
    EXPECT_EQ(of(101).judge(at(150), at(160), before.with(many).price_of(101)).what, kind::unknown);
}

}  // namespace
}  // namespace larder::test
