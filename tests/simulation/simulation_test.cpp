// The engine that ships, under every fault that chance finds: a hundred thousand seeds, each a
// small world with its own instances, requests and faults in virtual time.
//
//   LARDER_SOAK=1            a million seeds
//   LARDER_SEED=N            one seed, with its trace
//   LARDER_SEEDS=N           so many

#include <gtest/gtest.h>

#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "simulation/world.hpp"

namespace larder::simulation {
namespace {

constexpr std::uint64_t seeds_in_a_test = LARDER_SEEDS_IN_A_TEST;

std::optional<std::uint64_t> number_in(const char* variable) {
    const auto* text = std::getenv(variable);
    if (!text || !*text) return std::nullopt;
    return std::strtoull(text, nullptr, 10);
}

std::uint64_t seeds_to_run() {
    if (const auto n = number_in("LARDER_SEEDS")) return *n;
    return number_in("LARDER_SOAK") ? 1'000'000 : seeds_in_a_test;
}

struct result {
    figures counted;
    std::optional<std::uint64_t> broken;  ///< the least seed that breaks a promise
};

// What the engine logs belongs to a service.
const bool is_quiet = (spdlog::set_level(spdlog::level::off), true);

// All of the seeds up to a violation, over all processors. The least seed that is broken does not
// depend on how many there are.
result run_seeds(std::uint64_t from, std::uint64_t count, const variant& v, what_happens kind) {
    cache::in_force = v.engine;
    std::atomic<std::uint64_t> next{from}, broken{~std::uint64_t{0}};
    std::mutex mutex;  // guards the rest
    result all;
    const auto work = [&] {
        figures mine;
        for (auto seed = next++; seed < from + count && seed < broken; seed = next++) {
            world w{seed, v, kind, false};
            w.run();
            mine.add(w.counted());
            if (w.violation().empty()) continue;
            for (auto least = broken.load(); seed < least;)
                if (broken.compare_exchange_weak(least, seed)) break;
        }
        const std::scoped_lock lock{mutex};
        all.counted.add(mine);
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
            threads.emplace_back(work);
    }
    if (broken != ~std::uint64_t{0}) all.broken = broken;
    return all;
}

std::string trace_of(std::uint64_t seed, const variant& v, what_happens kind) {
    cache::in_force = v.engine;
    world w{seed, v, kind, true};
    w.run();
    return w.trace() + (w.violation().empty() ? "no violation" : w.violation());
}

void expect_no_violation(std::uint64_t seeds, const variant& v, what_happens kind) {
    if (const auto one = number_in("LARDER_SEED")) {
        std::cout << trace_of(*one, v, kind) << '\n';
        seeds = 1;
    }
    const auto begun = std::chrono::steady_clock::now();
    const auto all = run_seeds(number_in("LARDER_SEED").value_or(1), seeds, v, kind);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    std::cout << all.counted.text() << "  seconds: " << took.count() << '\n';
    if (all.broken) FAIL() << trace_of(*all.broken, v, kind) << "\nLARDER_SEED=" << *all.broken;
    if (seeds >= 1'000 && kind == what_happens::anything && !v.by_generation) {
        EXPECT_EQ(all.counted.missing(), "") << "never happened";
    }
}

TEST(simulation, no_interleaving_breaks_a_promise) {
    expect_no_violation(seeds_to_run(), {}, what_happens::anything);
}

TEST(simulation, one_load_per_herd) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::herd);
}

TEST(simulation, who_missed_an_announcement_hears_the_next) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::cut_off_during_a_restart);
}

TEST(simulation, who_is_killed_while_cut_off_leaves_nothing_untrue) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::killed_while_cut_off);
}

TEST(simulation, a_server_that_the_address_leads_back_to_serves_nothing_old) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::there_and_back);
}

TEST(simulation, who_hears_a_little_between_two_silences_uses_nothing_for_longer) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::silent_twice);
}

TEST(simulation, a_machine_that_was_stopped_uses_nothing_before_it_has_heard) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::machine_stops);
}

TEST(simulation, a_machine_that_stops_while_it_settles_a_write_keeps_its_hold) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::stops_while_it_settles);
}

TEST(simulation, who_reads_late_what_arrived_serves_nothing_of_before) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::reads_late);
}

TEST(simulation, who_has_no_room_to_remember_what_he_heard_serves_nothing_of_it) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::no_room);
}

TEST(simulation, a_server_that_fell_silent_is_not_waited_for_and_left) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::gone_silent);
}

TEST(simulation, one_purges_at_a_time) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::long_purge);
}

TEST(simulation, nobody_waits_for_a_load_that_is_stuck) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::stuck_load);
}

TEST(simulation, what_others_write_is_seen) {
    expect_no_violation(seeds_to_run() / 10, {}, what_happens::others_write);
}

// While somebody follows, a write holds nothing.
TEST(simulation, what_a_writer_leaves_that_dies_is_told_by_the_log) {
    expect_no_violation(seeds_to_run() / 10, {}, what_happens::writer_dies);
}
TEST(simulation, who_hears_after_the_writer_does_hears_before_its_client) {
    expect_no_violation(seeds_to_run() / 20, {}, what_happens::pushes_come_last);
}
TEST(simulation, no_interleaving_breaks_a_promise_where_the_log_is_followed) {
    expect_no_violation(seeds_to_run() / 10, {.is_followed = true}, what_happens::anything);
}

TEST(simulation, what_a_writer_leaves_that_dies_is_told_in_a_family_that_is_kept_by_generation) {
    expect_no_violation(seeds_to_run() / 20, {.by_generation = true}, what_happens::writer_dies);
}
TEST(simulation, no_interleaving_breaks_a_promise_of_a_family_that_may_be_stale_and_is_followed) {
    expect_no_violation(seeds_to_run() / 20, {.may_be_stale = true, .is_followed = true},
                        what_happens::anything);
}

TEST(simulation, what_was_stored_while_somebody_followed_is_not_believed_when_nobody_does) {
    expect_no_violation(seeds_to_run() / 100, {}, what_happens::nobody_follows_any_more);
}

// Where each write makes the whole family untrue, by one entry that all others are found through.
TEST(simulation, no_interleaving_breaks_a_promise_of_a_family_that_is_kept_by_generation) {
    expect_no_violation(seeds_to_run() / 10, {.by_generation = true}, what_happens::anything);
}
TEST(simulation, one_load_per_herd_of_a_family_that_is_kept_by_generation) {
    expect_no_violation(seeds_to_run() / 50, {.by_generation = true}, what_happens::herd);
}
TEST(simulation, what_others_write_is_seen_in_a_family_that_is_kept_by_generation) {
    expect_no_violation(seeds_to_run() / 20, {.by_generation = true}, what_happens::others_write);
}

// Entries that are used past their TTL, while they are loaded anew or where that fails.
TEST(simulation, no_interleaving_breaks_a_promise_of_a_family_that_may_be_stale) {
    expect_no_violation(seeds_to_run() / 10, {.may_be_stale = true}, what_happens::anything);
}
TEST(simulation, no_interleaving_breaks_a_promise_of_a_family_by_generation_that_may_be_stale) {
    expect_no_violation(seeds_to_run() / 20, {.by_generation = true, .may_be_stale = true},
                        what_happens::anything);
}
TEST(simulation, what_others_write_is_seen_in_a_family_that_may_be_stale) {
    expect_no_violation(seeds_to_run() / 20, {.may_be_stale = true}, what_happens::others_write);
}
TEST(simulation, what_was_made_untrue_is_not_the_answer_where_a_load_fails) {
    expect_no_violation(seeds_to_run() / 20, {.may_be_stale = true}, what_happens::source_fails);
}

TEST(simulation, no_interleaving_breaks_a_promise_to_who_asks_for_lists) {
    expect_no_violation(seeds_to_run() / 20, {.asks_for_lists = true}, what_happens::anything);
}
TEST(simulation, no_interleaving_breaks_a_promise_to_who_asks_for_lists_of_a_generation) {
    expect_no_violation(seeds_to_run() / 50, {.by_generation = true, .asks_for_lists = true},
                        what_happens::anything);
}

// Of whom some take no entry, and some not even what others load.
TEST(simulation, no_interleaving_breaks_a_promise_to_who_takes_no_entry) {
    expect_no_violation(seeds_to_run() / 10, {.loads_anew = true}, what_happens::anything);
}
TEST(simulation, no_interleaving_breaks_a_promise_to_who_takes_no_entry_of_a_generation) {
    expect_no_violation(seeds_to_run() / 50, {.by_generation = true, .loads_anew = true},
                        what_happens::anything);
}
TEST(simulation, no_interleaving_breaks_a_promise_to_who_takes_no_entry_that_may_be_stale) {
    expect_no_violation(seeds_to_run() / 50, {.may_be_stale = true, .loads_anew = true},
                        what_happens::anything);
}

TEST(simulation, a_seed_is_the_same_world_every_time) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        EXPECT_EQ(trace_of(seed, {}, what_happens::anything),
                  trace_of(seed, {}, what_happens::anything));
}

// A checker that does not see what is wrong is none: each rule that is left out is found.
void expect_violation(const variant& v, std::uint64_t at_most = 50'000,
                      what_happens kind = what_happens::anything, std::uint64_t from = 1) {
    const auto all = run_seeds(from, at_most, v, kind);
    ASSERT_TRUE(all.broken) << "no violation in " << at_most << " seeds";
    world w{*all.broken, v, kind, true};
    w.run();
    std::cout << "  after " << *all.broken << " seeds: " << w.violation() << '\n';
    if (number_in("LARDER_TRACE")) std::cout << w.trace();
}

TEST(simulation_finds, a_fill_that_does_not_check_its_lease) {
    expect_violation({.fill_checks_lease = false});
}
TEST(simulation_finds, a_write_without_a_hold) {
    expect_violation({.engine = {.hold_before_commit = false}});
}
TEST(simulation_finds, a_place_that_is_not_reserved_before_the_get) {
    expect_violation({.engine = {.place_reserved_before_get = false}});
}
// One flight a key has one GET under way at a time, so that there is only one place to settle in;
// it takes both for the local tier to be wrong.
TEST(simulation_finds, a_place_without_identity_where_everybody_flies_alone) {
    constexpr std::uint64_t rare = 158'000;  // the first is after so many
    expect_violation({.engine = {.place_has_identity = false, .one_flight_a_key = false}},
                     1'000'000, what_happens::anything, rare);
}
TEST(simulation, place_with_identity_is_right_where_everybody_flies_alone) {
    expect_no_violation(seeds_to_run() / 20, {.engine = {.one_flight_a_key = false}},
                        what_happens::anything);
}
TEST(simulation_finds, entries_that_outlive_their_connection) {
    expect_violation({.engine = {.new_epoch_on_lost_connection = false}});
}
TEST(simulation_finds, no_release_after_an_unknown_outcome) {
    expect_violation({.engine = {.release_after_unknown_outcome = false}});
}
TEST(simulation_finds, joining_a_flight_in_the_air) {
    expect_violation({.engine = {.never_join_in_the_air = false}});
}
TEST(simulation_finds, an_own_fill_that_is_kept_without_a_get) {
    expect_violation({.engine = {.only_gets_are_kept = false}});
}
TEST(simulation_finds, a_look_that_is_kept_for_who_asks_later) {
    expect_violation({.keeps_its_look = true}, 50'000, what_happens::reads_late);
}
TEST(simulation_finds, the_order_of_the_tutorial) {
    expect_violation({.engine = {.hold_before_commit = false,
                                 .release_after_commit = false,
                                 .release_after_unknown_outcome = false},
                      .fill_checks_lease = false,
                      .release_before_commit = true});
}
TEST(simulation_finds, the_first_form_of_the_cache) {
    expect_violation({.engine = {.hold_before_commit = false}, .fill_checks_lease = false});
}
TEST(simulation_finds, trust_in_a_server_that_came_back_with_old_data) {
    expect_violation({.engine = {.purge_before_trust = false}});
}
TEST(simulation_finds, trust_in_one_server_for_what_another_said) {
    expect_violation({.engine = {.trust_on_one_connection = false}});
}
TEST(simulation_finds, no_release_after_the_commit) {
    expect_violation({.engine = {.release_after_commit = false}});
}
TEST(simulation_finds, more_than_one_flight_a_key) {
    expect_violation({.engine = {.one_flight_a_key = false}}, 5'000, what_happens::herd);
}
TEST(simulation_finds, own_writes_that_are_not_counted) {
    expect_violation({.engine = {.count_own_writes = false}});
}
TEST(simulation_finds, a_local_tier_without_proof_of_life) {
    expect_violation({.engine = {.proof_of_life = false}}, 5'000, what_happens::silent_twice);
}
TEST(simulation_finds, a_machine_that_was_stopped_and_goes_on_as_if_nothing_was) {
    expect_violation({.engine = {.late_workers_hear_valkey_out = false}}, 5'000,
                     what_happens::machine_stops);
}
TEST(simulation_finds, a_stop_that_is_taken_for_silence_of_the_source) {
    expect_violation({.engine = {.a_stop_is_no_silence = false}}, 20'000,
                     what_happens::stops_while_it_settles);
}
TEST(simulation_finds, a_renewal_that_takes_the_lease_anew) {
    expect_violation({.engine = {.renew_only_own_lease = false}});
}
TEST(simulation_finds, unreleased_keys_that_are_not_remembered) {
    expect_violation({.engine = {.remember_unreleased = false}});
}

TEST(simulation_finds, a_write_that_is_cut_off_and_not_announced) {
    expect_violation(
        {.engine = {.announce_what_valkey_cannot_tell = false, .repeat_announcements = false}});
}
TEST(simulation_finds, announcements_that_are_not_repeated_and_not_kept) {
    expect_violation({.engine = {.repeat_announcements = false}, .unreleased_table = false}, 5'000,
                     what_happens::cut_off_during_a_restart);
}
TEST(simulation_finds, a_source_that_is_not_asked_what_is_unreleased) {
    expect_violation({.engine = {.wait_for_the_source = false}}, 5'000,
                     what_happens::killed_while_cut_off);
}
TEST(simulation_finds, a_hit_while_something_is_unread) {
    expect_violation({.engine = {.no_hit_while_unread = false}}, 5'000, what_happens::reads_late);
}
TEST(simulation_finds, trust_in_a_server_that_became_a_replica) {
    expect_violation({.engine = {.role_is_part_of_the_proof = false}});
}
TEST(simulation_finds, trust_in_a_server_that_the_address_leads_back_to) {
    expect_violation({.engine = {.purge_after_another_server = false}, .unreleased_table = false},
                     5'000, what_happens::there_and_back);
}
TEST(simulation_finds, a_new_process_that_believes_a_server_that_the_address_leads_back_to) {
    expect_violation({.engine = {.ask_the_source_for_the_server = false}}, 5'000,
                     what_happens::there_and_back);
}
TEST(simulation_finds, a_write_that_only_a_server_hears_of_that_nobody_trusts) {
    expect_violation({.engine = {.tell_only_a_trusted_server = false}}, 5'000,
                     what_happens::there_and_back);
}
TEST(simulation_finds, an_end_that_releases_nothing) {
    expect_violation({.engine = {.release_before_the_end = false}});
}
TEST(simulation_finds, a_purge_whose_lock_is_not_renewed) {
    expect_violation({.engine = {.renew_the_purge_lock = false}}, 5'000, what_happens::long_purge);
}

// Of what is past its TTL.
TEST(simulation_finds, an_entry_that_is_stale_for_longer_than_its_policy_says) {
    expect_violation({.engine = {.nothing_stale_beyond_its_bound = false}, .may_be_stale = true},
                     5'000, what_happens::source_fails);
}
TEST(simulation_finds, a_stale_entry_where_nobody_follows_who_else_writes) {
    expect_violation({.engine = {.nothing_stale_unfollowed = false}, .may_be_stale = true}, 20'000,
                     what_happens::others_write);
}
TEST(simulation_finds, a_stale_entry_in_the_local_tier) {
    expect_violation({.engine = {.nothing_stale_is_kept = false}, .may_be_stale = true}, 5'000,
                     what_happens::source_fails);
}
TEST(simulation_finds, a_stale_entry_that_was_made_untrue_while_a_load_failed) {
    expect_violation({.engine = {.ask_again_for_what_is_stale = false}, .may_be_stale = true},
                     5'000, what_happens::source_fails);
}

// Of who follows.
void expect_late(const variant& v) { expect_violation(v, 20'000, what_happens::others_write); }

TEST(simulation_finds, a_change_that_is_told_before_readers_see_it) {
    expect_late({.engine = {.wait_until_readers_see_it = false}});
}
TEST(simulation_finds, who_begins_to_follow_and_forgets_nothing) {
    expect_late({.engine = {.forget_all_at_the_begin = false}});
}
TEST(simulation_finds, who_begins_to_follow_and_does_not_wait_for_who_runs) {
    expect_late({.engine = {.wait_for_who_runs_at_the_begin = false}});
}
TEST(simulation_finds, an_entry_that_is_believed_although_nobody_follows) {
    expect_late({.engine = {.believe_for_a_short_time_unfollowed = false}});
}
TEST(simulation_finds, an_entry_of_who_followed_that_is_believed_at_its_end) {
    expect_violation({.engine = {.believe_only_what_was_stored_for_that = false}}, 5'000,
                     what_happens::nobody_follows_any_more);
}
TEST(simulation_finds, a_sign_that_a_frozen_server_hears_when_it_goes_on) {
    expect_violation({.engine = {.sign_that_comes_late_is_none = false}}, 5'000,
                     what_happens::nobody_follows_any_more);
}
// Mostly all is forgotten before the server has said its time.
TEST(simulation_finds, a_sign_before_all_is_forgotten) {
    constexpr std::uint64_t rare = 51'000;  // the first is after so many
    expect_violation({.engine = {.sign_only_when_all_is_forgotten = false}}, 1'000'000,
                     what_happens::others_write, rare);
}
void expect_left_untrue(const variant& v) {
    expect_violation(v, 20'000, what_happens::writer_dies);
}

TEST(simulation_finds, a_write_without_a_hold_where_nobody_follows) {
    expect_left_untrue({.engine = {.hold_where_nobody_follows = false}});
}
TEST(simulation_finds, a_write_without_a_hold_that_is_not_released) {
    expect_left_untrue({.engine = {.release_after_commit = false}});
}
TEST(simulation_finds, an_answer_that_overtakes_what_valkey_tells_the_others) {
    expect_violation({.engine = {.others_hear_before_the_answer = false}}, 5'000,
                     what_happens::pushes_come_last);
}
TEST(simulation_finds, a_write_that_neither_valkey_nor_the_source_told_before_the_answer) {
    expect_violation(
        {.engine = {.announce_before_the_answer = false, .repeat_announcements = false},
         .is_followed = true});
}
TEST(simulation_finds, a_sign_of_who_is_behind) {
    expect_late({.engine = {.sign_only_of_who_is_not_behind = false}});
}

}  // namespace
}  // namespace larder::simulation
