#include "valkey/in_flight.hpp"

#include <gtest/gtest.h>

#include "unit/scripted_world.hpp"

namespace LARDER_NAMESPACE::valkey {
namespace {

using namespace std::chrono_literals;

struct flying : testing::Test, in_flight::owner {
    void missed() override { ++missed_count; }
    void unanswered() override { ++unanswered_count; }
    bool has_unread() const override { return is_late; }

    exchange_ptr add(urgency how) {
        auto one = std::make_shared<exchange>();
        one->how = how;
        one->waiter = outside.waiting.make();
        all.add(one, home);
        return one;
    }

    test::scripted_world outside;
    int missed_count = 0, unanswered_count = 0;
    bool is_late = false;
    in_flight all{outside.waiting, 100ms, 1'000ms, *this};
    nursery home;
};

TEST_F(flying, ends_at_its_deadline) {
    const auto one = add(urgency::request);
    outside.pass(99ms);
    EXPECT_FALSE(one->finished);
    outside.pass(1ms);
    EXPECT_TRUE(one->finished);
    EXPECT_FALSE(one->answered);
    EXPECT_EQ(missed_count, 1);
}

TEST_F(flying, is_not_given_the_patience_of_what_nobody_waits_for) {
    const auto patient = add(urgency::background);
    outside.pass(50ms);
    const auto one = add(urgency::request);
    outside.pass(100ms);
    EXPECT_TRUE(one->finished) << "at its own deadline";
    EXPECT_FALSE(patient->finished);
    outside.pass(850ms);
    EXPECT_TRUE(patient->finished);
    EXPECT_EQ(missed_count, 1) << "nobody's request missed the second one";
    EXPECT_EQ(unanswered_count, 1);
}

TEST_F(flying, is_not_given_up_while_its_answer_may_wait_to_be_read) {
    is_late = true;
    const auto one = add(urgency::request);
    outside.pass(150ms);
    EXPECT_FALSE(one->finished);
    outside.pass(60ms);
    EXPECT_TRUE(one->finished) << "but not for ever";
}

TEST_F(flying, that_is_finished_misses_nothing) {
    const auto one = add(urgency::request);
    all.finish(*one);
    outside.pass(1s);
    EXPECT_EQ(missed_count, 0);
    EXPECT_EQ(all.size(), 0U);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::valkey
