// Which types an entry can hold, and a fingerprint that tells one version of a type from another.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "larder/decimal.hpp"
#include "larder/described.hpp"
#include "larder/spelling.hpp"

namespace LARDER_NAMESPACE::cache {

namespace detail {

template <class T>
inline constexpr bool is_decimal = false;
template <int Precision, int Scale>
inline constexpr bool is_decimal<decimal<Precision, Scale>> = true;

template <class T>
constexpr bool can_be_kept() {
    if constexpr (std::same_as<T, bool> || integer<T> || std::same_as<T, std::string> ||
                  spelled<T> || is_decimal<T>) {
        return true;
    } else if constexpr (is_optional<T> || is_vector<T>) {
        return can_be_kept<typename T::value_type>();
    } else if constexpr (described<T>) {
        bool all = true;
        for_each_member<T>([&](auto member) {
            using type = std::remove_reference_t<decltype(std::declval<T&>().*member.pointer)>;
            all = all && can_be_kept<type>();
        });
        return all;
    } else {
        return false;
    }
}

template <class T>
inline constexpr bool is_maybe_storable = false;
template <described T>
inline constexpr bool is_maybe_storable<std::optional<T>> = can_be_kept<T>();

/// FNV-1a, 64 bits.
class fingerprint {
public:
    constexpr void add(std::string_view text) {
        for (const char c : text) {
            value_ ^= static_cast<unsigned char>(c);
            value_ *= 0x100000001b3ULL;
        }
    }
    constexpr void add(int number) {
        for (; number > 9; number /= 10) add(std::string_view{"0123456789"}.substr(number % 10, 1));
        add(std::string_view{"0123456789"}.substr(number, 1));
        add(";");
    }
    constexpr std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

template <class T>
constexpr void add_shape(fingerprint& to) {
    if constexpr (std::same_as<T, bool>) {
        to.add("b");
    } else if constexpr (integer<T>) {
        to.add(std::signed_integral<T> ? "i" : "u");
        to.add(static_cast<int>(sizeof(T)));
    } else if constexpr (std::same_as<T, std::string>) {
        to.add("s");
    } else if constexpr (std::same_as<T, date>) {
        to.add("day");
    } else if constexpr (std::same_as<T, timestamp>) {
        to.add("time");
    } else if constexpr (std::same_as<T, uuid>) {
        to.add("uuid");
    } else if constexpr (described_enum<T>) {
        to.add("enum(");
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto one) {
            to.add(one.name);
            to.add(",");
        });
        to.add(")");
    } else if constexpr (is_decimal<T>) {
        to.add("d");
        to.add(T::precision);
        to.add(T::scale);
    } else if constexpr (described<T>) {
        to.add("{");
        for_each_member<T>([&](auto member) {
            using type = std::remove_reference_t<decltype(std::declval<T&>().*member.pointer)>;
            to.add(member.name);
            to.add(":");
            add_shape<type>(to);
        });
        to.add("}");
    } else {
        to.add(is_optional<T> ? "?" : "[");
        add_shape<typename T::value_type>(to);
    }
}

}  // namespace detail

/// A value that an entry can hold: a described struct of booleans, integers, strings, decimals,
/// dates, timestamps, UUIDs and described enumerations, of such structs, and of optionals and
/// vectors of all these; or std::optional of such a struct, for what may not be there.
template <class T>
concept storable = (described<T> && detail::can_be_kept<T>()) || detail::is_maybe_storable<T>;

/// Of the names and types of all members, and of their members. Another version of the type has
/// another one.
template <storable T>
constexpr std::uint64_t shape_of() {
    detail::fingerprint all;
    detail::add_shape<T>(all);
    return all.value();
}

}  // namespace LARDER_NAMESPACE::cache
