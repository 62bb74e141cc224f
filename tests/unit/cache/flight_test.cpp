#include "cache/flight.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace larder::cache {
namespace {

using namespace std::chrono_literals;
using step = flight::step;

const flight::time_point begun{1h};

TEST(flight, without_the_shared_tier_loads_and_stores_nothing) {
    flight f{{}, begun};
    EXPECT_EQ(f.take_off(false), step::load);
    EXPECT_EQ(f.loaded(true, true), step::land);
}

TEST(flight, lands_with_what_it_reads) {
    flight f{{}, begun};
    EXPECT_EQ(f.take_off(true), step::read);
    EXPECT_EQ(f.read_answered(true, true), step::land);
}

TEST(flight, that_takes_no_entry_asks_for_the_lease_at_once) {
    for (const auto of : {demand::again, demand::anew}) {
        flight f{{}, begun};
        EXPECT_EQ(f.take_off(true, of), step::ask);
        flight without{{}, begun};
        EXPECT_EQ(without.take_off(false, of), step::load);
    }
}

TEST(flight, without_an_answer_loads) {
    flight f{{}, begun};
    f.take_off(true);
    EXPECT_EQ(f.read_answered(false, false), step::load);
    EXPECT_FALSE(f.may_fill());
}

TEST(flight, fills_only_with_a_lease) {
    flight f{{}, begun};
    f.take_off(true);
    EXPECT_EQ(f.read_answered(true, false), step::ask);
    EXPECT_EQ(f.lease_answered(lease_answer::granted, begun), step::load);
    EXPECT_TRUE(f.may_fill());
    EXPECT_EQ(f.loaded(true, true), step::fill);
    EXPECT_EQ(f.filled(), step::land);
}

TEST(flight, does_not_fill_what_became_unusable_or_failed) {
    flight unusable{{}, begun};
    unusable.lease_answered(lease_answer::granted, begun);
    EXPECT_EQ(unusable.loaded(true, false), step::land);
    flight failed{{}, begun};
    failed.lease_answered(lease_answer::granted, begun);
    EXPECT_EQ(failed.loaded(false, true), step::yield) << "or the next one waits for the lease";
    EXPECT_EQ(failed.yielded(), step::land);
}

TEST(flight, of_a_held_key_stores_nothing) {
    for (const auto answer : {lease_answer::held, lease_answer::none}) {
        flight f{{}, begun};
        EXPECT_EQ(f.lease_answered(answer, begun), step::load);
        EXPECT_EQ(f.loaded(true, true), step::land);
    }
}

TEST(flight, waits_for_another_ones_fill_and_gives_up_in_the_end) {
    flight f{{.ask_again = 50ms, .give_up = 2s}, begun};
    EXPECT_EQ(f.lease_answered(lease_answer::busy, begun), step::wait);
    EXPECT_EQ(f.woken(true), step::read);
    EXPECT_EQ(f.woken(false), step::load);
    EXPECT_EQ(f.lease_answered(lease_answer::busy, begun + 1999ms), step::wait);
    EXPECT_EQ(f.lease_answered(lease_answer::busy, begun + 2s), step::load);
    EXPECT_FALSE(f.may_fill());
}

// Whose lease was taken away tells nobody.
TEST(flight, asks_again_soon_at_first) {
    flight f{{.ask_again = 50ms, .give_up = 2s}, begun};
    for (const auto expected : {5ms, 10ms, 20ms, 40ms, 50ms, 50ms})
        EXPECT_EQ(f.ask_again(), expected);
}

TEST(departures, nobody_joins_a_flight_in_the_air) {
    departures d;
    const auto first = d.board("a");
    EXPECT_TRUE(first.is_first);
    EXPECT_TRUE(first.takes_off);
    const auto second = d.board("a");
    EXPECT_TRUE(second.is_first);
    EXPECT_FALSE(second.takes_off);
    EXPECT_NE(second.number, first.number);
}

TEST(departures, who_waits_goes_together) {
    departures d;
    d.board("a");
    const auto second = d.board("a");
    const auto third = d.board("a");
    EXPECT_EQ(third.number, second.number);
    EXPECT_FALSE(third.is_first);
    EXPECT_EQ(d.landed("a"), second.number);
    EXPECT_FALSE(d.board("a").takes_off);
}

TEST(departures, end_when_nobody_waits) {
    departures d;
    d.board("a");
    EXPECT_FALSE(d.landed("a"));
    EXPECT_TRUE(d.board("a").takes_off);
}

TEST(departures, of_other_keys_do_not_wait) {
    departures d;
    d.board("a");
    EXPECT_TRUE(d.board("b").takes_off);
}

}  // namespace
}  // namespace larder::cache
