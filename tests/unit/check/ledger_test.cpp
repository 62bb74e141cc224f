// What a count may be, of histories made by hand.
#include "larder/check/ledger.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace LARDER_NAMESPACE::check {
namespace {

using namespace std::chrono_literals;

struct check_ledger : testing::Test {
    const clock::time_point zero{};
    // Ten orders: four of customer 1, none of customer 2.
    ledger book{{10, 4, 0}, zero};

    reading begin(key of, clock::duration at) const {
        auto asked = book.begin(of);
        asked.began = zero + at;
        return asked;
    }
    void add(key customer, clock::duration acknowledged) {
        book.start(customer);
        book.acknowledge(customer, zero + acknowledged);
    }
    bool is_right(const reading& asked, std::int64_t count) const {
        const auto verdict = book.judge(asked, count);
        return !verdict.overcounted && !verdict.stale_for;
    }
};

TEST_F(check_ledger, without_orders_only_the_base_is_right) {
    EXPECT_TRUE(is_right(begin(0, 1ms), 10));
    EXPECT_TRUE(is_right(begin(2, 1ms), 0));
    EXPECT_TRUE(book.judge(begin(0, 1ms), 11).overcounted);
    EXPECT_TRUE(book.judge(begin(0, 1ms), 9).stale_for);
}

TEST_F(check_ledger, an_order_in_flight_may_be_counted_or_not) {
    book.start(1);
    for (const auto count : {10, 11}) EXPECT_TRUE(is_right(begin(0, 1ms), count));
    for (const auto count : {4, 5}) EXPECT_TRUE(is_right(begin(1, 1ms), count));
    EXPECT_TRUE(book.judge(begin(2, 1ms), 1).overcounted) << "another customer's";
}

TEST_F(check_ledger, an_acknowledged_order_has_to_be_counted) {
    add(1, 5ms);
    EXPECT_TRUE(is_right(begin(1, 6ms), 5));
    EXPECT_EQ(book.judge(begin(1, 8ms), 4).stale_for, 3ms);
    EXPECT_EQ(book.judge(begin(0, 9ms), 10).stale_for, 4ms);
}

TEST_F(check_ledger, an_order_acknowledged_after_the_read_began_need_not_be_counted) {
    const auto asked = begin(1, 1ms);
    add(1, 2ms);
    for (const auto count : {4, 5}) EXPECT_TRUE(is_right(asked, count));
}

TEST_F(check_ledger, an_order_started_before_the_read_ended_may_be_counted) {
    const auto asked = begin(1, 1ms);
    book.start(1);
    EXPECT_TRUE(is_right(asked, 5));
    EXPECT_TRUE(book.judge(asked, 6).overcounted);
}

TEST_F(check_ledger, staleness_is_that_of_the_oldest_order_that_is_lacking) {
    add(1, 10ms);
    add(1, 20ms);
    add(1, 30ms);
    EXPECT_EQ(book.judge(begin(1, 100ms), 6).stale_for, 70ms);
    EXPECT_EQ(book.judge(begin(1, 100ms), 5).stale_for, 80ms);
    EXPECT_EQ(book.judge(begin(1, 100ms), 4).stale_for, 90ms);
}

TEST_F(check_ledger, an_answer_below_the_base_is_stale_since_before_the_run) {
    EXPECT_EQ(book.judge(begin(1, 100ms), 3).stale_for, 100ms);
    EXPECT_TRUE(book.judge(begin(1, 100ms), 3).below_base);
    EXPECT_FALSE(book.judge(begin(1, 100ms), 4).below_base);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::check
