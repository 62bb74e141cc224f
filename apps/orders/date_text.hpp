// Which texts of a date mean the same day everywhere.
#pragma once

#include <cstddef>
#include <string_view>

namespace orders {

inline constexpr std::size_t most_date_bytes = 200;

/// Whether PostgreSQL takes the text for the same day at any time, by whatever settings, if it
/// takes it for a date at all: it begins with the year, as `2023-03-10` and `20230310`, or names
/// the month, as `10 March 2023` and `Fri, Mar 10, 2023`. What follows is PostgreSQL's to judge.
bool is_same_day_everywhere(std::string_view text);

}  // namespace orders
