// Walks the members of structs described with BOOST_DESCRIBE_STRUCT.
#pragma once

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

template <class T>
concept described = boost::describe::has_describe_members<T>::value && std::is_class_v<T>;

/// What one member of a described struct is called and where it is.
template <class T, class Member>
struct member_of {
    std::string_view name;
    Member T::* pointer;
};

/// Calls `visit(member_of<T, Member>)` for each member of T, in declaration order.
template <described T, class Visit>
constexpr void for_each_member(Visit&& visit) {
    using members = boost::describe::describe_members<T, boost::describe::mod_public |
                                                             boost::describe::mod_inherited>;
    boost::mp11::mp_for_each<members>([&](auto d) {
        using member = std::remove_reference_t<decltype(std::declval<T&>().*d.pointer)>;
        visit(member_of<T, member>{d.name, d.pointer});
    });
}

template <described T>
constexpr std::size_t member_count() {
    std::size_t count = 0;
    for_each_member<T>([&](auto) { ++count; });
    return count;
}

/// What a member is called; empty if it is not described.
template <described T, class Member>
constexpr std::string_view name_of(Member T::* member) {
    std::string_view name;
    for_each_member<T>([&](auto m) {
        if constexpr (std::same_as<decltype(m.pointer), Member T::*>)
            if (m.pointer == member) name = m.name;
    });
    return name;
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

/// Whether a value is one, and so may stand in a path, a query or a header: neither a struct nor a
/// list, but maybe an optional.
template <class T>
inline constexpr bool is_one_value = !described<T> && !is_vector<T>;
template <class T>
inline constexpr bool is_one_value<std::optional<T>> = is_one_value<T>;

/// An integer that is a number, not a character or a truth value.
template <class T>
concept integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                  sizeof(T) <= 8 && (std::signed_integral<T> || sizeof(T) < 8);

}  // namespace LARDER_NAMESPACE
