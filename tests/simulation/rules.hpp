// The rules of the protocol. Here alone they can be switched off, each to see what it is good for.
#pragma once

namespace larder::simulation {

struct rules {
    bool fill_checks_lease = true;
    bool hold_before_commit = true;
    bool release_after_commit = true;
    bool release_before_commit = false;  ///< the tutorial's delete
    bool release_after_unknown_outcome = true;
    bool place_reserved_before_get = true;
    bool place_has_identity = true;
    bool new_epoch_on_lost_connection = true;
    bool only_gets_are_kept = true;
    bool never_join_in_the_air = true;
    bool one_flight_a_key = true;
    bool purge_before_trust = true;
    bool count_own_writes = true;
    bool proof_of_life = true;
    bool renew_only_own_lease = true;
    bool remember_unreleased = true;
    bool announce_what_valkey_cannot_tell = true;
    bool repeat_announcements = true;
};

}  // namespace larder::simulation
