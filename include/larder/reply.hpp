// What a handler answers with, and which status that is.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "larder/described.hpp"

namespace LARDER_NAMESPACE {

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

/// A reply with headers of its own: with a described struct, std::optional of one, created<T> or
/// no_content. One that the answer has anyway, as cache-control, is replaced, but for set-cookie.
///
///     co_return larder::with_headers<item>{.value = found, .headers = {{"x-rest", "7"}}};
///
/// Errors   the answer is a 500 if a name is no token or one of the connection's own
///          (content-length, say), or if a value has control characters.
template <class T>
struct with_headers {
    T value{};
    std::vector<std::pair<std::string, std::string>> headers = {};
};

namespace detail {

template <class T>
inline constexpr bool has_own_headers = false;
template <class T>
inline constexpr bool has_own_headers<with_headers<T>> = true;

/// The reply without its headers.
template <class Reply>
struct without_headers {
    using type = Reply;
};
template <class T>
struct without_headers<with_headers<T>> {
    using type = T;
};

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

namespace detail {
template <class T>
concept plainly_replies = described<T> || is_created<T> || std::same_as<T, no_content> ||
                          (is_optional<T> && described<typename body_of<T>::type>);
}  // namespace detail

/// A described struct: 200. std::optional of one: 404 without it. created<T>, no_content.
/// with_headers of any of these.
template <class T>
concept replies = detail::plainly_replies<typename detail::without_headers<T>::type>;

}  // namespace LARDER_NAMESPACE
