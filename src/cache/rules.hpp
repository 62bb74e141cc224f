// The rules of the protocol, each of which can be left out to see what it is good for. Private to
// larder.
#pragma once

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::cache {

/// What is shipped has all of them: they are constants there, and compile to nothing. Only the
/// simulation, which is built with LARDER_RULES_CAN_BE_LEFT_OUT, leaves some out.
struct rules {
    bool hold_before_commit = true;
    bool hold_where_nobody_follows = true;
    bool others_hear_before_the_answer = true;
    bool announce_before_the_answer = true;
    bool release_after_commit = true;
    bool release_after_unknown_outcome = true;
    bool a_stop_is_no_silence = true;
    bool remember_unreleased = true;
    bool announce_what_valkey_cannot_tell = true;
    bool repeat_announcements = true;
    bool count_own_writes = true;
    bool release_before_the_end = true;

    bool place_reserved_before_get = true;
    bool place_has_identity = true;
    bool only_gets_are_kept = true;
    bool never_join_in_the_air = true;
    bool one_flight_a_key = true;
    bool renew_only_own_lease = true;

    bool new_epoch_on_lost_connection = true;
    bool proof_of_life = true;
    bool late_workers_hear_valkey_out = true;
    bool no_hit_while_unread = true;
    bool role_is_part_of_the_proof = true;
    bool purge_before_trust = true;
    bool trust_on_one_connection = true;
    bool purge_after_another_server = true;
    bool tell_only_a_trusted_server = true;
    bool wait_for_the_source = true;
    bool ask_the_source_for_the_server = true;
    bool renew_the_purge_lock = true;

    bool wait_until_readers_see_it = true;
    bool forget_all_at_the_begin = true;
    bool wait_for_who_runs_at_the_begin = true;
    bool sign_only_of_who_is_not_behind = true;
    bool sign_only_when_all_is_forgotten = true;
    bool sign_that_comes_late_is_none = true;
    bool believe_for_a_short_time_unfollowed = true;
    bool believe_only_what_was_stored_for_that = true;

    bool nothing_stale_beyond_its_bound = true;
    bool nothing_stale_unfollowed = true;
    bool nothing_stale_is_kept = true;
    bool ask_again_for_what_is_stale = true;
};

#ifdef LARDER_RULES_CAN_BE_LEFT_OUT
inline rules in_force;
#else
inline constexpr rules in_force;
#endif

}  // namespace LARDER_NAMESPACE::cache
