// What the commands of `cache` say, for people and as JSON. Does no I/O. Private to larder.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::admin {

/// Of `cache get`.
struct entry_report {
    std::string key, family;
    std::optional<std::string> kept_as;     ///< the key in Valkey, if it is known
    std::optional<std::string> generation;  ///< of the family, if it is kept by generation
    bool is_there = false;
    std::optional<std::string> unusable;     ///< why no instance answers from it
    std::optional<std::string> value;        ///< what is kept, as it is
    std::optional<std::string> fingerprint;  ///< of the value's type, unless it is plain text
    std::optional<std::int64_t> ttl_ms;
    std::optional<std::string> loaded_by;  ///< whose lease is there
    std::int64_t holds = 0;                ///< writes in progress
};
BOOST_DESCRIBE_STRUCT(entry_report, (),
                      (key, family, kept_as, generation, is_there, unusable, value, fingerprint,
                       ttl_ms, loaded_by, holds))

/// Of one key of `cache invalidate`.
struct invalidated_entry {
    std::string key;
    bool had_entry = false;     ///< that was deleted
    bool refused_fill = false;  ///< somebody loaded it, and cannot store what he gets
    std::int64_t holds = 0;     ///< writes in progress, which are left alone
};
BOOST_DESCRIBE_STRUCT(invalidated_entry, (), (key, had_entry, refused_fill, holds))
struct invalidation_report {
    std::vector<invalidated_entry> invalidated;
};
BOOST_DESCRIBE_STRUCT(invalidation_report, (), (invalidated))

/// Of `cache purge`.
struct purge_report {
    std::optional<std::string> family;    ///< nothing: all of them
    std::optional<std::int64_t> entries;  ///< that were deleted; nothing: a new generation began
};
BOOST_DESCRIBE_STRUCT(purge_report, (), (family, entries))

/// Whether, and why.
struct trust_report {
    bool is_trusted = false;
    std::vector<std::string> reasons;  ///< sentences
};
BOOST_DESCRIBE_STRUCT(trust_report, (), (is_trusted, reasons))

struct family_report {
    std::string family;
    std::int64_t entries = 0, leases = 0, holds = 0;
    /// Entries of earlier generations, which nobody reads any more.
    std::int64_t of_earlier_generations = 0;
    std::optional<std::string> database, run;  ///< that its mark names
};
BOOST_DESCRIBE_STRUCT(family_report, (),
                      (family, entries, leases, holds, of_earlier_generations, database, run))

struct follower_report {
    std::string by;
    std::int64_t since_ms = 0, late_ms = 0;
    std::int64_t said_ms_ago = 0;
};
BOOST_DESCRIBE_STRUCT(follower_report, (), (by, since_ms, late_ms, said_ms_ago))

/// Of `cache stats`.
struct stats_report {
    std::string valkey, version, run;
    std::int64_t used_bytes = 0, most_bytes = 0;  ///< of the server's memory; 0: no limit
    std::string eviction;                         ///< maxmemory_policy
    std::int64_t evicted_keys = 0;                ///< since the server's start
    std::int64_t walked_keys = 0, steps = 0;
    std::vector<family_report> families;
    std::optional<follower_report> follower;
    trust_report trust;
};
BOOST_DESCRIBE_STRUCT(stats_report, (),
                      (valkey, version, run, used_bytes, most_bytes, eviction, evicted_keys,
                       walked_keys, steps, families, follower, trust))

/// Lines for a person.
std::string text_of(const entry_report& of);
std::string text_of(const invalidation_report& of);
std::string text_of(const purge_report& of);
std::string text_of(const trust_report& of);
std::string text_of(const stats_report& of);

/// What is known of whom Valkey's entries are.
struct trust_facts {
    struct of_family {
        std::string family;
        std::optional<std::string> mark;       ///< `<run> <database>`
        std::optional<std::string> purged_by;  ///< who has the lock
        std::optional<std::string> recorded;   ///< the run that PostgreSQL knows; empty: none yet
    };
    std::string run;                      ///< of the server
    std::optional<std::string> database;  ///< the source's identity
    std::string why_no_database;          ///< a sentence, where there is none
    bool is_source_asked = false;         ///< it is set; else what Valkey says has to do
    std::vector<of_family> families;
};
trust_report judge_trust(const trust_facts& of);

}  // namespace LARDER_NAMESPACE::admin
