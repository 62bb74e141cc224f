// What a line of the log has as members of its own in JSON. Private to larder.
#pragma once

#include <spdlog/common.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::log {

struct field {
    std::string_view name;
    std::variant<std::string_view, std::int64_t, double> value;  ///< empty text is left out
};

/// Logs the text; in JSON with the fields beside it, in text without them.
void write(spdlog::level::level_enum level, std::string_view text, std::span<const field> fields);

/// `"name":value,` of each field of the line that this thread logs just now.
void append_fields(std::string& out);

}  // namespace LARDER_NAMESPACE::log
