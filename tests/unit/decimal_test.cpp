// Exact decimals: what is read, how it is rounded, what is refused.

#include "larder/decimal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace LARDER_NAMESPACE {
namespace {

using money = decimal<12, 2>;

// The number as text again, or what is wrong with it.
template <class Decimal = money>
std::string reading(std::string_view text) {
    Decimal out;
    switch (Decimal::parse(text, out)) {
        case number_error::syntax: return "no number";
        case number_error::out_of_range: return "out of range";
        case number_error::none: break;
    }
    return out.text();
}

struct row {
    std::string text, read;
};

template <class Decimal = money>
void expect_readings(const std::vector<row>& rows) {
    for (const auto& r : rows) EXPECT_EQ(reading<Decimal>(r.text), r.read) << r.text.substr(0, 80);
}

std::string zeros(std::size_t count) { return std::string(count, '0'); }

// ---- what is read ----

TEST(decimal, reads_digits_with_or_without_a_fraction) {
    expect_readings({{"0", "0.00"},
                     {"5", "5.00"},
                     {"23.0", "23.00"},
                     {"23.45", "23.45"},
                     {"0.1", "0.10"},
                     {"0.01", "0.01"},
                     {"1234567890.12", "1234567890.12"}});
}

TEST(decimal, reads_the_forms_that_json_does_not_have) {
    expect_readings(
        {{".5", "0.50"}, {"5.", "5.00"}, {"+5", "5.00"}, {"-.5", "-0.50"}, {"+.5e1", "5.00"}});
}

TEST(decimal, reads_signs) {
    expect_readings({{"-0.01", "-0.01"}, {"-5", "-5.00"}, {"-9999999999.99", "-9999999999.99"}});
}

TEST(decimal, has_one_zero) {
    expect_readings(
        {{"-0", "0.00"}, {"-0.00", "0.00"}, {"+0", "0.00"}, {"-0e5", "0.00"}, {"-0.004", "0.00"}});
    money minus_zero, zero;
    ASSERT_EQ(money::parse("-0.0", minus_zero), number_error::none);
    EXPECT_EQ(minus_zero, zero);
}

TEST(decimal, moves_the_point_by_the_exponent) {
    expect_readings({{"2.3e1", "23.00"},
                     {"2.3E+1", "23.00"},
                     {"230e-1", "23.00"},
                     {"0.00023e5", "23.00"},
                     {"2300000e-5", "23.00"},
                     {"1e0", "1.00"},
                     {"1e-0", "1.00"},
                     {"1e-2", "0.01"},
                     {"1e000000000000000000000000000001", "10.00"},
                     {"9.99999999999e9", "9999999999.99"}});
}

TEST(decimal, is_not_led_astray_by_leading_zeros) {
    expect_readings({{zeros(50) + "1", "1.00"},
                     {"-" + zeros(50) + "12.34", "-12.34"},
                     {zeros(50) + "." + zeros(50) + "1e51", "1.00"},
                     {"0." + zeros(50) + "5", "0.00"},
                     {zeros(3000), "0.00"}});
}

TEST(decimal, is_not_led_astray_by_zeros_at_the_end) {
    expect_readings({{"1." + zeros(50), "1.00"},
                     {"1" + zeros(50) + "e-50", "1.00"},
                     {"9999999999.99" + zeros(50), "9999999999.99"}});
}

// ---- rounding ----

TEST(decimal, rounds_half_away_from_zero_as_numeric_does) {
    expect_readings({{"0.005", "0.01"},
                     {"-0.005", "-0.01"},
                     {"0.015", "0.02"},
                     {"0.025", "0.03"},
                     {"-0.025", "-0.03"},
                     {"1.005", "1.01"},
                     {"2.675", "2.68"},
                     {"1.0050", "1.01"},
                     {"1005e-3", "1.01"},
                     {"0.5e-2", "0.01"}});
}

TEST(decimal, rounds_down_whatever_is_less_than_half) {
    expect_readings({{"0.004", "0.00"},
                     {"0.0049999999999999999999999999999999", "0.00"},
                     {"-23.0049", "-23.00"},
                     {"0.0005", "0.00"},
                     {"0.0095", "0.01"},
                     {"9e-3", "0.01"},
                     {"9e-4", "0.00"},
                     {"999e-6", "0.00"}});
}

TEST(decimal, carries_through_all_the_nines) {
    expect_readings({{"9.995", "10.00"},
                     {"-9.995", "-10.00"},
                     {"0.999", "1.00"},
                     {"99999.999", "100000.00"},
                     {"999999999.995", "1000000000.00"}});
}

TEST(decimal, rounds_whole_numbers_too) {
    expect_readings<decimal<3, 0>>({{"0.5", "1"},
                                    {"-0.5", "-1"},
                                    {"0.49", "0"},
                                    {"0.05", "0"},
                                    {"5e-1", "1"},
                                    {"5e-2", "0"},
                                    {"50e-2", "1"},
                                    {"99.5", "100"},
                                    {"999.4", "999"},
                                    {"999.5", "out of range"}});
}

// ---- the range ----

TEST(decimal, is_judged_after_rounding) {
    expect_readings({{"9999999999.99", "9999999999.99"},
                     {"9999999999.994", "9999999999.99"},
                     {"9999999999.9949999999999999999999", "9999999999.99"},
                     {"9999999999.995", "out of range"},
                     {"-9999999999.994", "-9999999999.99"},
                     {"-9999999999.995", "out of range"},
                     {"10000000000", "out of range"},
                     {"-10000000000", "out of range"},
                     {"10000000000.00", "out of range"},
                     {"99999999999", "out of range"}});
}

TEST(decimal, does_not_wrap_around_at_the_size_of_an_integer) {
    expect_readings({{"18446744073709551616", "out of range"},
                     {"184467440737095516.16", "out of range"},
                     {"184467440737095516.17", "out of range"},
                     {"18446744073709551616.05e0", "out of range"},
                     {zeros(9) + "340282366920938463463374607431768211456", "out of range"}});
}

TEST(decimal, takes_exponents_of_absurd_size) {
    const std::string absurd = "999999999999999999999999999999999999";
    expect_readings({{"1e999999999999", "out of range"},
                     {"-1e" + absurd, "out of range"},
                     {"1e-" + absurd, "0.00"},
                     {"0e999999999", "0.00"},
                     {"0e" + absurd, "0.00"},
                     {"0.000e-" + absurd, "0.00"},
                     {"1e9223372036854775807", "out of range"},
                     {"1e9223372036854775808", "out of range"},
                     {"1e-9223372036854775808", "0.00"},
                     {"1e4294967296", "out of range"},
                     {"1e-4294967296", "0.00"}});
}

TEST(decimal, lets_a_long_exponent_undo_as_many_digits) {
    expect_readings({{"0." + zeros(1'000'003) + "1e1000004", "1.00"},
                     {"1" + zeros(1'000'005) + "e-1000005", "1.00"},
                     {zeros(1'000'000) + "." + zeros(1'000'000) + "5e1000000", "0.50"}});
}

TEST(decimal, works_at_the_ends_of_what_it_can_be) {
    expect_readings<decimal<18, 0>>({{"999999999999999999", "999999999999999999"},
                                     {"-999999999999999999", "-999999999999999999"},
                                     {"999999999999999999.4", "999999999999999999"},
                                     {"999999999999999999.5", "out of range"},
                                     {"1e17", "100000000000000000"},
                                     {"1e18", "out of range"}});
    expect_readings<decimal<18, 18>>({{"0.999999999999999999", "0.999999999999999999"},
                                      {"0.9999999999999999995", "out of range"},
                                      {"1e-18", "0.000000000000000001"},
                                      {"5e-19", "0.000000000000000001"},
                                      {"4e-19", "0.000000000000000000"},
                                      {"1", "out of range"}});
    expect_readings<decimal<1, 0>>({{"9", "9"}, {"9.5", "out of range"}, {"-9.4", "-9"}});
    expect_readings<decimal<1, 1>>({{"0.94", "0.9"}, {"0.95", "out of range"}, {".05", "0.1"}});
}

// ---- what is no number ----

TEST(decimal, refuses_what_is_no_number) {
    const std::vector<std::string> texts{
        "",         "-",     "+",    ".",    "-.",  "e5", ".e5",  "1e",    "1e+",
        "1e-",      "1e5.",  "--1",  "+-1",  "-+1", "1-", "1+1",  "1.2.3", "1..2",
        "1,5",      "1 000", "1_0",  "0x10", " 1",  "1 ", "1\n",  "NaN",   "nan",
        "Infinity", "inf",   "-inf", "abc",  "1a",  "a1", "1e5a", "1e5e",  "\xEF\xBC\x91",
        "\xD9\xA3", "1f",    "$1",   "- 1"};
    for (const auto& text : texts) EXPECT_EQ(reading(text), "no number") << text;
    EXPECT_EQ(reading(std::string_view{"1\0", 2}), "no number");
    EXPECT_EQ(reading(std::string_view{"\0", 1}), "no number");
}

TEST(decimal, asks_for_a_number_before_it_speaks_of_ranges) {
    EXPECT_EQ(reading("1e999999999999x"), "no number");
    EXPECT_EQ(reading("99999999999999999999,0"), "no number");
}

TEST(decimal, keeps_its_value_when_the_text_is_refused) {
    auto held = *money::from_unscaled(42);
    EXPECT_EQ(money::parse("x", held), number_error::syntax);
    EXPECT_EQ(money::parse("1e30", held), number_error::out_of_range);
    EXPECT_EQ(held.unscaled(), 42);
}

// ---- as a number ----

TEST(decimal, counts_in_units_of_the_last_place) {
    static_assert(money{}.unscaled() == 0);
    static_assert(money::max().unscaled() == 999'999'999'999);
    static_assert(decimal<18, 6>::max().unscaled() == 999'999'999'999'999'999);
    static_assert(money::from_unscaled(-999'999'999'999)->unscaled() == -999'999'999'999);
    static_assert(!money::from_unscaled(1'000'000'000'000));
    static_assert(!money::from_unscaled(-1'000'000'000'000));
    static_assert(!money::from_unscaled(INT64_MIN) && !money::from_unscaled(INT64_MAX));
    EXPECT_EQ(money::max().text(), "9999999999.99");
}

TEST(decimal, is_written_with_all_its_places) {
    EXPECT_EQ(money{}.text(), "0.00");
    EXPECT_EQ(money::from_unscaled(5)->text(), "0.05");
    EXPECT_EQ(money::from_unscaled(-5)->text(), "-0.05");
    EXPECT_EQ(money::from_unscaled(2500)->text(), "25.00");
    EXPECT_EQ((decimal<5, 0>::from_unscaled(-12345)->text()), "-12345");
    EXPECT_EQ((decimal<4, 4>::from_unscaled(-1)->text()), "-0.0001");
}

TEST(decimal, sums_exactly) {
    static_assert(checked_add(*money::from_unscaled(10), *money::from_unscaled(20)) ==
                  *money::from_unscaled(30));
    static_assert(checked_add(money::max(), *money::from_unscaled(-1)));
    static_assert(!checked_add(money::max(), *money::from_unscaled(1)));
    static_assert(
        !checked_add(*money::from_unscaled(-money::max().unscaled()), *money::from_unscaled(-1)));
    static_assert(!checked_add(decimal<18, 0>::max(), decimal<18, 0>::max()));

    money total;
    const auto tenth = *money::from_unscaled(10);
    for (int i = 0; i < 10; ++i) total = *checked_add(total, tenth);
    EXPECT_EQ(total.text(), "1.00");
}

TEST(decimal, sums_what_each_amount_was_rounded_to) {
    money half_cent;
    ASSERT_EQ(money::parse("0.005", half_cent), number_error::none);
    EXPECT_EQ(checked_add(half_cent, half_cent)->text(), "0.02");
}

TEST(decimal, compares_as_a_number) {
    static_assert(*money::from_unscaled(-1) < money{} && money{} < money::max());
    static_assert(*money::from_unscaled(7) == *money::from_unscaled(7));
    static_assert(*money::from_unscaled(7) != *money::from_unscaled(8));
}

template <int Precision, int Scale>
concept makes_a_decimal = requires { typename decimal<Precision, Scale>; };

TEST(decimal, exists_only_where_its_sums_fit_an_integer) {
    static_assert(makes_a_decimal<18, 0> && makes_a_decimal<18, 18> && makes_a_decimal<1, 0>);
    static_assert(!makes_a_decimal<19, 2> && !makes_a_decimal<0, 0>);
    static_assert(!makes_a_decimal<2, 3> && !makes_a_decimal<2, -1>);
}

// ---- for many numbers ----

TEST(decimal, reads_back_what_it_wrote) {
    using small = decimal<4, 3>;
    for (std::int64_t unscaled = -9999; unscaled <= 9999; ++unscaled) {
        small out;
        const auto text = small::from_unscaled(unscaled)->text();
        ASSERT_EQ(small::parse(text, out), number_error::none) << text;
        ASSERT_EQ(out.unscaled(), unscaled) << text;
    }
}

// The same on paper: write all digits, move the point, cut behind two places, carry.
std::string on_paper(const std::string& whole, const std::string& fraction, int exponent) {
    std::string digits = zeros(20) + whole + fraction + zeros(20);
    const auto point = static_cast<std::size_t>(std::ssize(whole) + 20 + exponent);
    const bool up = digits[point + 2] >= '5';
    digits.resize(point + 2);
    for (std::size_t i = digits.size(); up && i-- > 0;) {
        digits[i] = digits[i] == '9' ? '0' : static_cast<char>(digits[i] + 1);
        if (digits[i] != '0') break;
    }
    const auto first = std::min(digits.find_first_not_of('0'), point - 1);
    digits.insert(point, 1, '.');
    return point - first > 10 ? "out of range" : digits.substr(first);
}

TEST(decimal, reads_what_comes_out_on_paper) {
    const auto seed = std::random_device{}();
    std::mt19937 random{seed};
    const auto up_to = [&](int most) { return std::uniform_int_distribution<>{0, most}(random); };
    const auto some_digits = [&](int most) {
        // Nines and fives are where rounding goes wrong.
        std::string digits;
        for (int left = up_to(most); left > 0; --left)
            digits += up_to(1) ? "0459"[up_to(3)] : static_cast<char>('0' + up_to(9));
        return digits;
    };
    for (int i = 0; i < 20'000; ++i) {
        const auto whole = "0" + some_digits(11), fraction = some_digits(6);
        const int exponent = up_to(18) - 9;
        std::string text = whole;
        text.append(".").append(fraction).append("e").append(std::to_string(exponent));
        const auto expected = on_paper(whole, fraction, exponent);
        ASSERT_EQ(reading(text), expected) << text << ", with seed " << seed;
        const bool has_sign = expected != "0.00" && expected != "out of range";
        ASSERT_EQ(reading('-' + text), (has_sign ? "-" : "") + expected)
            << '-' << text << ", with seed " << seed;
    }
}

TEST(decimal, takes_time_in_proportion_to_the_digits) {
    const std::string megabyte(1'000'000, '7');
    const auto nothing = zeros(megabyte.size());
    const auto start = std::clock();  // of the processor: it may be shared
    expect_readings({{megabyte, "out of range"},
                     {"0." + megabyte, "0.78"},
                     {nothing + "1", "1.00"},
                     {"0." + nothing + "1", "0.00"},
                     {"1." + nothing + "1", "1.00"},
                     {"1e" + megabyte, "out of range"},
                     {megabyte + 'x', "no number"}});
    // A quadratic reader would need hours.
    EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC);
}

}  // namespace
}  // namespace LARDER_NAMESPACE
