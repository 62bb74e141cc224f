// What an operator asks of the entries that all instances share, and does to them. Private to
// larder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/cache_names.hpp"
#include "admin/cache_reports.hpp"
#include "larder/cache/options.hpp"
#include "larder/cache/own_writes.hpp"
#include "valkey/asker.hpp"

namespace larder::admin {

/// Asks Valkey with the commands that the service itself needs, so that its rights suffice.
///
/// Errors   throws cache_error, and std::invalid_argument for a key or a family that the
///          service does not have.
/// Cost     two round trips, but for stats() and purge(), which walk over the whole key space in
///          steps of 1,000 keys.
class cache_desk {
public:
    cache_desk(valkey::asker& asks, const cache_names& names);

    task<entry_report> get(std::string key);
    /// By the script that a write of the service releases its keys with: so every local tier hears
    /// of it, and what was loaded before is not stored behind it.
    task<invalidation_report> invalidate(std::vector<std::string> keys);
    /// Of a family by generation nothing is deleted: a new generation begins. Entries of another
    /// service, whose prefix is the family's name, are left alone.
    task<purge_report> purge(std::string family);
    /// Deletes all that begins with a family's name, and marks it as that database's.
    task<purge_report> take_over(std::string database);
    /// `trust` is left as it is.
    task<stats_report> stats();
    /// What Valkey knows; the source is asked by others.
    task<trust_facts> facts_of_trust();

private:
    task<std::optional<std::string>> generation(const cache::key& family);
    task<std::string> now();
    task<cache_error> why_not_purged(std::vector<std::string> families, std::string by);
    task<valkey::reply> ask(valkey::command only);

    valkey::asker& asks_;
    const cache_names& names_;
    const cache::tiers_options options_;  // with the prefix
    cache::own_writes own_;               // of no service: only a name
};

}  // namespace larder::admin
