#include "date_text.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace orders {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_number(std::string_view text, std::size_t least, std::size_t most) {
    return text.size() >= least && text.size() <= most && is_digit(text.front());
}

// All of the names that PostgreSQL knows, so that no time zone is taken for one.
bool is_month(std::string_view text) {
    constexpr std::array<std::string_view, 24> names{
        "jan",  "january",   "feb",  "february", "mar",  "march",    "apr",    "april",
        "may",  "jun",       "june", "jul",      "july", "aug",      "august", "sep",
        "sept", "september", "oct",  "october",  "nov",  "november", "dec",    "december"};
    std::string lower{text};
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return std::ranges::find(names, lower) != names.end();
}

// The next run of digits or of letters; empty if something else stands there.
std::string_view take_word(std::string_view& text) {
    constexpr std::string_view between = " \t\n\v\f\r,-./";
    text.remove_prefix(std::min(text.find_first_not_of(between), text.size()));
    const auto is_of_it = !text.empty() && is_digit(text.front()) ? is_digit : is_letter;
    const auto end = std::ranges::find_if_not(text, is_of_it);
    const auto word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(word.size());
    return word;
}

}  // namespace

bool is_same_day_everywhere(std::string_view text) {
    if (text.size() > most_date_bytes) return false;
    auto first = take_word(text);
    if (is_number(first, 3, most_date_bytes)) return true;
    if (!first.empty() && is_letter(first.front()) && !is_month(first)) first = take_word(text);
    const auto second = take_word(text), year = take_word(text);
    const auto is_day_and_month = [](std::string_view day, std::string_view month) {
        return is_number(day, 1, 2) && is_month(month);
    };
    return is_number(year, 4, 4) &&
           (is_day_and_month(first, second) || is_day_and_month(second, first));
}

}  // namespace orders
