// What is kept in Valkey for people, beside the entries. Private to larder.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "larder/cache/options.hpp"
#include "valkey/command.hpp"

namespace larder::cache {

/// The key that is there while somebody follows. Instances with the same families find it.
std::string sign_of(const std::vector<std::string>& families);
/// How long it is there unless it is put again.
inline constexpr std::chrono::milliseconds sign_lives{2'000};
/// What is under it: `{"by":"web1:4711","since_ms":93000,"late_ms":2}`.
std::string text_of_sign(const followed_how& how);

/// The key that says why a family's entries were all deleted the last time: `{"why":"cache
/// purge"}`. It hashes to the slot of the family's mark.
std::string purge_note_of(std::string_view family);
/// How long it is kept: what is missing of that is its age.
inline constexpr std::chrono::milliseconds purge_note_lives = std::chrono::hours{24 * 365};
/// The command that notes it.
valkey::command note_of_purge(std::string_view family, std::string_view why);

}  // namespace larder::cache
