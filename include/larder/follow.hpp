// Writes by others: which tables' rows make which entries untrue.
#pragma once

#include <string>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// A family of entries depends on the rows of a table, and columns tell its entries apart.
struct followed {
    std::string family;
    std::string table;   ///< as SQL finds it by the search_path
    std::string column;  ///< empty: a row does not tell which entries depend on it
    std::vector<std::string> more_columns = {};  ///< for the other parameters, in their order
    bool is_only_counted = false;   ///< an update that leaves these columns alone changes nothing
    bool is_by_generation = false;  ///< any row makes all entries untrue, at the cost of one
    bool operator==(const followed&) const = default;
};

/// Whether writes that do not go through this service are seen: by psql, another program, a
/// migration.
enum class following {
    off,        ///< they are seen when an entry's time to live ends
    automatic,  ///< if PostgreSQL allows its log to be read; else a warning says what is missing
    required,   ///< the same, and nothing is served before an instance does
    /// They are told by triggers, where the log cannot be read. Of a family whose entries are told
    /// apart by several columns, all are invalidated then.
    triggers
};

/// What app::follow() does.
enum class follow_command {
    setup,   ///< lets the log tell of the tables: a publication, and whole old rows
    status,  ///< says whether it does, who follows, and what Valkey knows of that
    drop     ///< takes back what setup did
};

}  // namespace LARDER_NAMESPACE
