#pragma once

#include <string_view>
#include <vector>

namespace orders::sample {

/// A statement, and what to call it while it runs.
struct schema_step {
    std::string_view what;
    std::string_view sql;
};

/// Drops the eight tables and their sequences, as far as they are there; nothing that others made
/// upon them.
extern const std::vector<schema_step> drop_steps;

/// Makes the eight tables, with nothing on them that rows would have to be checked against.
extern const std::vector<schema_step> table_steps;

/// Keys, indexes, foreign keys, sequences and statistics, over the loaded rows.
extern const std::vector<schema_step> finishing_steps;

}  // namespace orders::sample
