// What an entry holds: the text of a value.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "larder/cache/enclosed.hpp"
#include "larder/cache/shape.hpp"
#include "larder/json.hpp"

namespace LARDER_NAMESPACE::cache {

namespace detail {

template <class T>
constexpr bool has_one_integer() {
    bool is_integer = false;
    for_each_member<T>([&](auto member) {
        using type = std::remove_reference_t<decltype(std::declval<T&>().*member.pointer)>;
        is_integer = integer<type>;
    });
    return member_count<T>() == 1 && is_integer;
}

/// `{"shape":"c50b1c1d2a3e4f50","value":` and what comes behind the value's JSON, `}`.
std::string enclosed(std::uint64_t shape, std::string_view json);
/// The value's JSON; false if the text is of another shape, or no such text.
bool read_enclosed(std::string_view text, std::uint64_t shape, json::node& value);

}  // namespace detail

/// A value that is kept as plain decimal text: a described struct of one integer. Anyone can read
/// it with valkey-cli, and the tutorial's program can share it.
template <class T>
concept plain_value = described<T> && detail::has_one_integer<T>();

/// `12000` for a struct of one integer, and for any other
/// `{"shape":"0f2b1e6d8c9a7b53","value":{"title":"ACADEMY DINOSAUR","price":25.99}}`.
///
/// Shape    JSON; the fingerprint of the type, in 16 hexadecimal digits, and the value
template <storable T>
std::string to_text(const T& value) {
    if constexpr (plain_value<T>) {
        std::string text;
        for_each_member<T>([&](auto member) { text = std::to_string(value.*member.pointer); });
        return text;
    } else {
        return detail::enclosed(shape_of<T>(), json::text(value));
    }
}

/// Reads what to_text() has written, of a text that is known to be that. False for what is surely
/// none, as the text of another type.
template <storable T>
bool read_back(std::string_view text, T& out) {
    bool read = false;
    if constexpr (plain_value<T>) {
        for_each_member<T>([&](auto member) {
            auto& number = out.*member.pointer;
            const auto* end = text.data() + text.size();
            const auto [stop, ec] = std::from_chars(text.data(), end, number);
            read = ec == std::errc{} && stop == end;
        });
    } else {
        json::node value;
        read = detail::read_enclosed(text, shape_of<T>(), value) && json::read(value, out);
    }
    return read;
}

/// Reads exactly what to_text writes. False for anything else (` 12`, `012`, `1e3`): the shared
/// tier is open to others, and what is not surely a value is a miss. So is a value of another
/// version of the type. Where not every value can be, a function beside the struct says so:
/// `bool is_possible(const T&)`.
template <storable T>
bool from_text(std::string_view text, T& out) {
    if (!read_back(text, out)) return false;
    if constexpr (requires {
                      { is_possible(out) } -> std::convertible_to<bool>;
                  }) {
        if (!is_possible(out)) return false;
    }
    return to_text(out) == text;
}

/// Whether from_text reads it.
template <storable T>
bool is_value(std::string_view text) {
    T any{};
    return from_text(text, any);
}

}  // namespace LARDER_NAMESPACE::cache
