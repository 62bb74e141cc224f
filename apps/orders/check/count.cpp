#include "check/count.hpp"

#include <charconv>
#include <system_error>

namespace orders::check {

std::optional<std::int64_t> count_in(std::string_view body) {
    constexpr std::string_view before = R"({"count":)";
    if (!body.starts_with(before) || !body.ends_with('}')) return std::nullopt;
    const auto digits = body.substr(before.size(), body.size() - before.size() - 1);
    std::int64_t count = 0;
    const auto* const end_of_digits = digits.data() + digits.size();
    const auto [end, ec] = std::from_chars(digits.data(), end_of_digits, count);
    if (ec != std::errc{} || end != end_of_digits) return std::nullopt;
    return count;
}

}  // namespace orders::check
