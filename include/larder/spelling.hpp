// Dates, times, UUIDs and enumerations as text: one spelling in JSON, in keys and in SQL.
#pragma once

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include <array>
#include <chrono>
#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// A day of the proleptic Gregorian calendar, from 0001-01-01 to 9999-12-31.
using date = std::chrono::year_month_day;
/// A point in time, in UTC, from year 1 to year 9999.
using timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// A UUID of any version.
struct uuid {
    std::array<std::uint8_t, 16> bytes{};

    friend constexpr bool operator==(const uuid&, const uuid&) = default;
    friend constexpr auto operator<=>(const uuid&, const uuid&) = default;
};

/// An enumeration described with BOOST_DESCRIBE_ENUM: it is spelled as its enumerators' names.
template <class T>
concept described_enum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

/// What is written as a JSON string, and in a key or a parameter as the same text.
template <class T>
concept spelled = std::same_as<T, date> || std::same_as<T, timestamp> || std::same_as<T, uuid> ||
                  described_enum<T>;

/// `2023-03-10`
std::string spell(date value);
/// `2023-03-10T12:00:00Z`, `2023-03-10T12:00:00.5Z`: RFC 3339, without zeros at the end.
std::string spell(timestamp value);
/// `67e55044-10b1-426f-9247-bb680e5fe0c8`: RFC 9562, in lower case.
std::string spell(const uuid& value);
/// The enumerator's name; empty if the value has none.
template <described_enum T>
std::string spell(T value) {
    std::string name;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto one) {
        if (one.value == value) name = one.name;
    });
    return name;
}

/// Reads what spell() writes. False for anything else, and for a day that there is not.
bool read_spelling(std::string_view text, date& out);
/// The same; also with a blank for the `T`, and with an offset as `+01`, `+01:00`, `+00:53:28` or
/// none (UTC), as PostgreSQL writes it. Digits beyond microseconds are refused.
bool read_spelling(std::string_view text, timestamp& out);
/// The same; also in upper case.
bool read_spelling(std::string_view text, uuid& out);
template <described_enum T>
bool read_spelling(std::string_view text, T& out) {
    bool is_one = false;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto one) {
        if (text != one.name) return;
        out = one.value;
        is_one = true;
    });
    return is_one;
}

}  // namespace LARDER_NAMESPACE
