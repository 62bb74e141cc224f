// Members of a handler's input that come from neither its path, nor its query, nor its body.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "larder/described.hpp"

namespace LARDER_NAMESPACE {

/// A member that a request's header has: `from_header<...> x_language` is read from `x-language`.
/// It is read and validated as a query's member; with std::optional it may be missing. Several
/// lines of that name are one value, joined by ", ".
///
///     struct which_motto {
///         larder::from_header<std::optional<language>> x_language;
///     };
///     ... in.x_language->value_or(language::en)
template <class T>
struct from_header {
    using value_type = T;
    T value{};

    const T& operator*() const { return value; }
    const T* operator->() const { return &value; }
    bool operator==(const from_header&) const = default;
};

/// A member that the step before the handler returned: the one of that name and type in its result.
/// See before().
template <class T>
struct from_caller {
    using value_type = T;
    T value{};

    const T& operator*() const { return value; }
    const T* operator->() const { return &value; }
    bool operator==(const from_caller&) const = default;
};

template <class T>
inline constexpr bool is_from_header = false;
template <class T>
inline constexpr bool is_from_header<from_header<T>> = true;
template <class T>
inline constexpr bool is_from_caller = false;
template <class T>
inline constexpr bool is_from_caller<from_caller<T>> = true;

/// Says of a member's type that it is one of the two.
template <class T>
concept from_elsewhere = is_from_header<T> || is_from_caller<T>;

namespace detail {

/// What a member is called where it comes from: a header's name has hyphens.
template <class Member>
std::string name_outside(std::string_view member) {
    std::string name{member};
    if constexpr (is_from_header<Member>) std::ranges::replace(name, '_', '-');
    return name;
}

/// How many members of T are from a header, from the caller, or either.
struct count_of_members {
    std::size_t from_header = 0, from_caller = 0;

    constexpr std::size_t both() const { return from_header + from_caller; }
};
template <described T>
constexpr count_of_members count_from_elsewhere() {
    count_of_members n;
    for_each_member<T>([&]<class M>(member_of<T, M>) {
        if (is_from_header<M>) ++n.from_header;
        if (is_from_caller<M>) ++n.from_caller;
    });
    return n;
}

}  // namespace detail

}  // namespace LARDER_NAMESPACE
