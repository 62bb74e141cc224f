// Writes by others: which tables' rows make which entries untrue.
#pragma once

#include <string>

namespace larder {

/// A family of entries depends on the rows of a table, and a column tells its entries apart.
struct followed {
    std::string family;
    std::string table;  ///< as SQL finds it by the search_path
    std::string column;
};

/// Whether writes that do not go through this service are seen: by psql, another program, a
/// migration.
enum class following {
    off,        ///< they are seen when an entry's time to live ends
    automatic,  ///< if PostgreSQL allows its log to be read; else a warning says what is missing
    required,   ///< the same, and nothing is served before an instance does
    triggers    ///< they are told by triggers, where the log cannot be read
};

/// What app::follow() does.
enum class follow_command {
    setup,   ///< lets the log tell of the tables: a publication, and whole old rows
    status,  ///< says whether it does, and who follows
    drop     ///< takes back what setup did
};

}  // namespace larder
