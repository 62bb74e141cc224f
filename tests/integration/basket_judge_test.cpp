// The judge of baskets' prices knows which a basket may have had between changes made by hand.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

#include "basket_report.hpp"

namespace larder::test {
namespace {

using kind = verdict::kind;

instant at(int ms) { return instant{} + std::chrono::milliseconds{ms}; }

// Basket 101 holds the products 101 to 104, basket 102 only 101 and 103.
struct group_of_baskets : testing::Test {
    made_change made(const change& what, int begun, int acknowledged) const {
        return {.what = what, .begun = at(begun), .acknowledged = at(acknowledged)};
    }
    check::history of(int basket) const {
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

TEST_F(group_of_baskets, cost_less_with_a_voucher) {
    EXPECT_EQ(
        costs_of(1999, 1, 10),
        R"(,"net":19.99,"voucher":"V1","percent":10,"discount":2.00,"tax":3.42,"total":21.41})");
    EXPECT_EQ(costs_of(1999),
              R"(,"net":19.99,"voucher":null,"percent":null,"discount":0.00,"tax":3.80,)"
              R"("total":23.79})");
}

// Both parts of an answer are looked at: what is in the basket, and what the voucher saves.
TEST_F(group_of_baskets, finds_a_percent_that_is_stale) {
    voucher_list vouchers;
    ASSERT_TRUE(group.take({dear}));
    group.add({made(dear, 100, 200)});
    const auto old_percent = vouchers.now().percents.at(2);
    auto by_voucher = made(vouchers.next(2), 300, 400);
    by_voucher.by_service = false;
    vouchers.add(by_voucher);
    const auto new_percent = vouchers.now().percents.at(2);
    ASSERT_NE(new_percent, old_percent);
    const auto now = before.with(dear);
    const auto found = [&](int when, const contents& then, int percent, int asked_for = 2) {
        const auto whole = then.price_of(101), none = costs_of(then.total_of(101));
        const auto body =
            whole.substr(0, whole.size() - none.size()) + costs_of(then.total_of(101), 2, percent);
        const basket_reading one{.basket = 101,
                                 .voucher = asked_for,
                                 .began = at(when),
                                 .ended = at(when + 10),
                                 .body = body};
        return judge({group}, vouchers, {one}, {.bound = std::chrono::milliseconds{1'000}});
    };
    EXPECT_EQ(found(250, now, old_percent).wrong(), 0);
    EXPECT_EQ(found(250, now, new_percent).early, 1);
    EXPECT_EQ(found(1'390, now, old_percent).wrong(), 0) << "it is changed past the service";
    EXPECT_EQ(found(1'410, now, new_percent).wrong(), 0);
    const auto late = found(1'410, now, old_percent);
    EXPECT_EQ(late.stale, 1);
    EXPECT_EQ(late.stale_percents, 1);
    EXPECT_NE(late.violations.find("UPDATE vouchers SET percent = "), std::string::npos)
        << late.violations;
    EXPECT_EQ(found(1'410, before, new_percent).stale, 1) << "the lines are";
    EXPECT_EQ(found(1'410, before, new_percent).stale_percents, 0);
    EXPECT_EQ(found(1'410, now, 99).unknown, 1) << "it never had that";
    EXPECT_EQ(found(1'410, now, new_percent, 3).unknown, 1) << "it is of another voucher";
    EXPECT_FALSE(price_parts::of(now.price_of(101), 2)) << "without any";
}

}  // namespace
}  // namespace larder::test
