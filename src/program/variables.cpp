#include "program/variables.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace LARDER_NAMESPACE::program {

namespace {

constexpr std::string_view white_space = " \t\r\n\v\f";

}  // namespace

std::string lower(std::string_view text) {
    std::string all{text};
    for (auto& c : all)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return all;
}

std::optional<std::string> variable(const std::string& name, bool may_have_lines) {
    const char* value = std::getenv(name.c_str());
    if (!value || !*value) return std::nullopt;
    std::string_view text = value;
    const auto first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos)
        throw setting_error(name + " is nothing but white space: set it, or unset it");
    text = text.substr(first, text.find_last_not_of(white_space) + 1 - first);
    const auto is_control = [&](unsigned char c) {
        const bool is_end = may_have_lines && (c == '\n' || c == '\r');
        return !is_end && (c < ' ' || c == 127);
    };
    if (std::ranges::any_of(text, is_control))
        throw setting_error(name +
                            " has a control character in it, such as a tab or an end of line");
    return std::string{text};
}

bool switch_from(const std::string& name, std::string_view text) {
    const auto word = lower(text);
    for (const auto* on : {"on", "true", "yes", "1"})
        if (word == on) return true;
    for (const auto* off : {"off", "false", "no", "0"})
        if (word == off) return false;
    throw setting_error(name + " has to be on or off (or true, false, yes, no, 1, 0), not '" +
                        std::string{text} + "'");
}

std::optional<std::int64_t> number_between(std::string_view text, std::int64_t least,
                                           std::int64_t most) {
    std::int64_t read = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), read);
    const bool is_whole = ec == std::errc{} && end == text.data() + text.size();
    if (!is_whole || read < least || read > most) return std::nullopt;
    return read;
}

std::int64_t number_from(const std::string& name, std::string_view text, std::int64_t least,
                         std::int64_t most, std::string_view meaning) {
    const auto read = number_between(text, least, most);
    if (read) return *read;
    throw setting_error(name + " has to be " + std::string{meaning} + ", not '" +
                        std::string{text} + "'");
}

}  // namespace LARDER_NAMESPACE::program
