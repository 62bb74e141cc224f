// What is kept in Valkey for people, beside the entries. Private to larder.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "larder/cache/options.hpp"
#include "valkey/command.hpp"

namespace larder::cache {

/// The key that is there while somebody follows. Instances find it that have the same families, and
/// have declared the same of them (declared_by()): who follows other columns tells of other
/// entries.
std::string sign_of(const std::vector<std::string>& families, std::string_view declared);
/// How long it is there unless it is put again.
inline constexpr std::chrono::milliseconds sign_lives{2'000};
/// What is under it: `{"by":"web1:4711","since_ms":93000,"late_ms":2}`.
std::string text_of_sign(const followed_how& how);

/// Where instances with the same families tell how they are: the list of their names, one a line,
/// and the key of one. Beyond so many the oldest name is dropped, until that one tells again.
std::string instances_of(const std::vector<std::string>& families);
std::string instance_key(const std::vector<std::string>& families, std::string_view name);
inline constexpr std::size_t most_instances = 64;
/// How long it is there unless it is told again.
inline constexpr std::chrono::milliseconds instance_lives{6'000};
/// The commands that tell it.
std::vector<valkey::command> notes_of_instance(const std::vector<std::string>& families,
                                               std::string_view name, std::string text);

/// The key that says why a family's entries were all deleted the last time: `{"why":"cache
/// purge"}`. It hashes to the slot of the family's mark.
std::string purge_note_of(std::string_view family);
/// How long it is kept: what is missing of that is its age.
inline constexpr std::chrono::milliseconds purge_note_lives = std::chrono::hours{24 * 365};
/// The command that notes it.
valkey::command note_of_purge(std::string_view family, std::string_view why);

}  // namespace larder::cache
