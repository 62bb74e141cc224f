// What a handler answers with, and which status that is.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>

#include "larder/described.hpp"

namespace larder {

/// A write that made something new: 201, with `location`, or 200 if that is empty, as it was there.
///
///     co_return larder::created<item>{.value = added, .location = "/items/7"};
template <described T>
struct created {
    T value{};
    std::string location = {};
};

/// A write that has nothing to say: 204.
struct no_content {};

namespace detail {

template <class T>
inline constexpr bool is_created = false;
template <class T>
inline constexpr bool is_created<created<T>> = true;

/// The struct that is the body of the answer; void if there is none.
template <class Reply>
struct body_of {
    using type = Reply;
};
template <class T>
struct body_of<std::optional<T>> {
    using type = T;
};
template <class T>
struct body_of<created<T>> {
    using type = T;
};
template <>
struct body_of<no_content> {
    using type = void;
};

}  // namespace detail

/// A described struct: 200. std::optional of one: 404 without it. created<T>, no_content.
template <class T>
concept replies = described<T> || detail::is_created<T> || std::same_as<T, no_content> ||
                  (is_optional<T> && described<typename detail::body_of<T>::type>);

}  // namespace larder
