// Exact decimal numbers of fixed size, as SQL's numeric(P,S).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

enum class number_error {
    none,
    syntax,       ///< not a number at all: ask for one
    out_of_range  ///< a number that does not fit: name the range
};

namespace detail {

/// A number as `magnitude * 10^-scale`.
struct scaled_number {
    number_error error = number_error::syntax;
    bool negative = false;
    bool exact = true;  ///< false if digits beyond the scale were rounded away
    std::uint64_t magnitude = 0;
};

/// Reads a decimal number (sign, digits, fraction, exponent; JSON's grammar and `.5`, `5.`, `+5`),
/// rounded half away from zero; out of range with more than `max_digits` (<= 19) digits.
/// Cost     linear in `text`; no floating point.
scaled_number parse_scaled(std::string_view text, int max_digits, int scale);
std::string format_decimal(std::int64_t unscaled, int scale);

}  // namespace detail

/// A number with at most `Precision` digits, `Scale` of them after the point: money, for example.
///
/// Units    held as an integer of 10^-Scale, so sums are exact; decimal<12, 2> counts cents.
/// Source   rounding as PostgreSQL's numeric: half away from zero.
template <int Precision, int Scale>
    requires(Precision > 0 && Precision <= 18 && Scale >= 0 && Scale <= Precision)
class decimal {
public:
    static constexpr int precision = Precision, scale = Scale;

    constexpr decimal() = default;

    /// Reads text such as "23.0", "-0.5" or "2.3e1"; digits beyond Scale are rounded.
    static number_error parse(std::string_view text, decimal& out) {
        const auto number = detail::parse_scaled(text, Precision, Scale);
        if (number.error != number_error::none) return number.error;
        const auto magnitude = static_cast<std::int64_t>(number.magnitude);
        out.unscaled_ = number.negative ? -magnitude : magnitude;
        return number_error::none;
    }
    /// The number `unscaled * 10^-Scale`; empty if it does not fit.
    static constexpr std::optional<decimal> from_unscaled(std::int64_t unscaled) {
        if (unscaled > limit() || unscaled < -limit()) return std::nullopt;
        decimal result;
        result.unscaled_ = unscaled;
        return result;
    }
    static constexpr decimal max() { return *from_unscaled(limit()); }

    constexpr std::int64_t unscaled() const { return unscaled_; }
    /// All digits after the point: "25.00".
    std::string text() const { return detail::format_decimal(unscaled_, Scale); }

    /// The exact sum; empty if it does not fit.
    friend constexpr std::optional<decimal> checked_add(decimal a, decimal b) {
        return from_unscaled(a.unscaled_ + b.unscaled_);
    }
    friend constexpr bool operator==(decimal, decimal) = default;
    friend constexpr auto operator<=>(decimal, decimal) = default;

private:
    static constexpr std::int64_t limit() {
        std::int64_t power = 1;
        for (int i = 0; i < Precision; ++i) power *= 10;
        return power - 1;
    }
    std::int64_t unscaled_ = 0;
};

}  // namespace LARDER_NAMESPACE
