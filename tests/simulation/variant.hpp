// What a run of the simulation leaves out, each to see what it is good for.
#pragma once

#include "cache/rules.hpp"

namespace larder::simulation {

struct variant {
    cache::rules engine = {};     ///< in the shipped sources
    bool by_generation = false;   ///< the family's entries become untrue all at once
    bool asks_for_lists = false;  ///< who asks for all asks for the others as well
    bool may_be_stale = false;    ///< its policy says so
    bool is_followed = false;     ///< the log, in whatever world
    bool loads_anew = false;      ///< of three readers one takes no entry, and one loads himself
    bool keeps_its_look = false;  ///< at what is unread, for who asks later
    // In what the models do instead of the servers and the handlers.
    bool fill_checks_lease = true;       ///< the script
    bool release_before_commit = false;  ///< the tutorial's delete
    bool unreleased_table = true;        ///< PostgreSQL remembers what Valkey could not be told
};

}  // namespace larder::simulation
