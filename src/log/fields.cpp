#include "fields.hpp"

#include <spdlog/spdlog.h>

#include "larder/json.hpp"

namespace LARDER_NAMESPACE::log {

namespace {

// spdlog has no place for them in a line. Lines are formatted by the thread that logs them.
thread_local std::span<const field> of_this_line;

struct append_value {
    void operator()(std::string_view text) const { json::append_string(out, text); }
    void operator()(std::int64_t number) const { out += std::to_string(number); }
    void operator()(double number) const { out += fmt::format("{:.3f}", number); }
    std::string& out;
};

}  // namespace

void write(spdlog::level::level_enum level, std::string_view text, std::span<const field> fields) {
    of_this_line = fields;
    spdlog::log(level, spdlog::string_view_t{text.data(), text.size()});
    of_this_line = {};
}

void append_fields(std::string& out) {
    for (const auto& one : of_this_line) {
        const auto* text = std::get_if<std::string_view>(&one.value);
        if (text && text->empty()) continue;
        out.append("\"").append(one.name).append("\":");
        std::visit(append_value{out}, one.value);
        out += ',';
    }
}

}  // namespace LARDER_NAMESPACE::log
