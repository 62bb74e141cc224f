// What a variable of the environment or a flag says, and what neither can be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "larder/program.hpp"

namespace LARDER_NAMESPACE::program {

/// What a variable is set to, without white space at both ends; nothing if it is unset or empty.
/// Throws setting_error if there is nothing but white space, or a control character, but for the
/// ends of lines where there may be several.
std::optional<std::string> variable(const std::string& name, bool may_have_lines = false);

/// In small letters.
std::string lower(std::string_view text);

/// `on`, `off`, `true`, `false`, `yes`, `no`, `1` and `0`, in any case. `name` is the variable's or
/// the flag's. Throws setting_error.
bool switch_from(const std::string& name, std::string_view text);

/// Throws setting_error if it is no number between the two; `meaning` says what it has to be.
std::int64_t number_from(const std::string& name, std::string_view text, std::int64_t least,
                         std::int64_t most, std::string_view meaning);

/// The same without a sentence.
std::optional<std::int64_t> number_between(std::string_view text, std::int64_t least,
                                           std::int64_t most);

}  // namespace LARDER_NAMESPACE::program
