// Texts as parts of keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::cache {

/// A text as part of a key: letters, digits, underscores, dots and hyphens stand for themselves,
/// and other bytes are percent-encoded. So is the `a` of `all`, which is the entry over all rows.
/// In the place of a long one are a tilde and its SHA-256, so that it has at most 200 bytes.
std::string escaped(std::string_view text);

/// Whether escaped() writes it, of some text: no other can be a part of a key.
bool is_escaped(std::string_view part);
/// Whether it is a number as std::to_string() writes it, in that range.
bool is_plain_number(std::string_view part, std::int64_t least, std::int64_t most);

/// What stands in a key in the place of a value that is missing. No text is escaped to it.
inline constexpr std::string_view no_value = "all";

/// The entry that says which generation the entries of a family are of: of one whose entries become
/// untrue all at once, so that this is the one that a write makes untrue.
std::string generation_of(std::string_view family);

/// The values of a row for the parameters of a key, as they stand in it; nothing for NULL.
using key_parts = std::vector<std::optional<std::string>>;

/// The keys of all entries that a row with these values makes untrue: `books:Emma:1815`, and those
/// over more rows, `books:Emma:all`, `books:all:1815` and `books:all:all`, which is the first.
std::vector<std::string> keys_of_row(std::string_view family, const key_parts& row);

}  // namespace larder::cache
