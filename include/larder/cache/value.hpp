// What an entry holds: the text of a value.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "larder/described.hpp"

namespace larder::cache {

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

}  // namespace detail

/// A value that can be kept as plain decimal text: a described struct of one integer. Anyone can
/// read it with valkey-cli, and the tutorial's program can share it.
template <class T>
concept plain_value = described<T> && detail::has_one_integer<T>();

/// `12000`
template <plain_value T>
std::string to_text(const T& value) {
    std::string text;
    for_each_member<T>([&](auto member) { text = std::to_string(value.*member.pointer); });
    return text;
}

/// Reads exactly what to_text writes. False for anything else (` 12`, `012`, `1e3`): the shared
/// tier is open to others, and what is not surely a value is a miss. Where not every value can be,
/// a function beside the struct says so: `bool is_possible(const T&)`.
template <plain_value T>
bool from_text(std::string_view text, T& out) {
    bool read = false;
    for_each_member<T>([&](auto member) {
        auto& number = out.*member.pointer;
        const auto* end = text.data() + text.size();
        const auto [stop, ec] = std::from_chars(text.data(), end, number);
        read = ec == std::errc{} && stop == end;
    });
    if constexpr (requires {
                      { is_possible(out) } -> std::convertible_to<bool>;
                  })
        read = read && is_possible(out);
    return read && to_text(out) == text;
}

/// Whether from_text reads it.
template <plain_value T>
bool is_value(std::string_view text) {
    T any{};
    return from_text(text, any);
}

}  // namespace larder::cache
