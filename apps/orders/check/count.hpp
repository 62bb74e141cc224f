// What an instance answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace orders::check {

/// The number in `{"count":N}`; empty if it is anything else.
std::optional<std::int64_t> count_in(std::string_view body);

}  // namespace orders::check
