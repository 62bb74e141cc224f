#include "larder/decimal.hpp"

#include <algorithm>

namespace LARDER_NAMESPACE::detail {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The parts of a number's text. Exponents are clamped: no text is that long.
struct parts {
    bool negative = false;
    std::string_view whole, fraction;
    long exponent = 0;
};

std::string_view take_digits(std::string_view& text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(digits.size());
    return digits;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<parts> split(std::string_view text) {
    parts p;
    p.negative = take(text, '-');
    if (!p.negative) take(text, '+');
    p.whole = take_digits(text);
    if (take(text, '.')) p.fraction = take_digits(text);
    if (p.whole.empty() && p.fraction.empty()) return std::nullopt;
    if (take(text, 'e') || take(text, 'E')) {
        const bool negative = take(text, '-');
        if (!negative) take(text, '+');
        const auto digits = take_digits(text);
        if (digits.empty()) return std::nullopt;
        for (const char c : digits)
            p.exponent = std::min(p.exponent * 10 + (c - '0'), 1'000'000'000'000L);
        if (negative) p.exponent = -p.exponent;
    }
    if (!text.empty()) return std::nullopt;
    return p;
}

}  // namespace

scaled_number parse_scaled(std::string_view text, int max_digits, int scale) {
    scaled_number result;
    const auto p = split(text);
    if (!p) return result;
    result.negative = p->negative;
    result.error = number_error::none;

    // All digits in one row; those from `kept` on stand beyond the scale.
    const auto count = static_cast<long>(p->whole.size() + p->fraction.size());
    const auto digit = [&](long i) {
        if (i < 0 || i >= count) return 0U;
        const auto at = static_cast<std::size_t>(i);
        const char c = at < p->whole.size() ? p->whole[at] : p->fraction[at - p->whole.size()];
        return static_cast<unsigned>(c - '0');
    };
    const auto is_zero = [&](long from, long to) {
        while (from < to && digit(from) == 0) ++from;
        return from >= to;
    };
    long first = 0;
    while (first < count && digit(first) == 0) ++first;
    if (first == count) return result;

    const long kept = static_cast<long>(p->whole.size()) + p->exponent + scale;
    result.exact = is_zero(std::max(first, kept), count);
    if (kept - first > max_digits) {
        result.error = number_error::out_of_range;
        return result;
    }
    for (long i = first; i < kept; ++i) result.magnitude = result.magnitude * 10 + digit(i);
    if (kept >= first && digit(kept) >= 5) ++result.magnitude;
    if (std::to_string(result.magnitude).size() > static_cast<std::size_t>(max_digits))
        result.error = number_error::out_of_range;
    return result;
}

std::string format_decimal(std::int64_t unscaled, int scale) {
    const bool negative = unscaled < 0;
    std::string digits = std::to_string(negative ? -unscaled : unscaled);
    const auto places = static_cast<std::size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    if (places > 0) digits.insert(digits.size() - places, 1, '.');
    return negative ? "-" + digits : digits;
}

}  // namespace LARDER_NAMESPACE::detail
