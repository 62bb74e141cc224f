// What the OpenAPI document says about a described struct, written beside it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "larder/described.hpp"

namespace LARDER_NAMESPACE {

/// What the OpenAPI document says of one member.
struct member_docs {
    std::string_view name;
    std::string_view text;          ///< a sentence
    std::string_view example = {};  ///< as JSON: `"2023-03-10"` with its quotes, `2.0`
};

/// The docs of a struct T, which `constexpr larder::docs describe(const T*)` in its namespace
/// returns. They name each member, or it does not compile.
struct docs {
    std::string_view summary = {};  ///< of the operation whose input it is: "Add an order"
    std::string_view text = {};     ///< of that operation; of the answer, if it is a reply
    member_docs members[32] = {};
};

template <class T>
concept documented = described<T> && requires(const T* t) { describe(t); };

namespace detail {

template <documented T>
constexpr auto docs_of = describe(static_cast<const T*>(nullptr));

template <documented T>
constexpr bool docs_name_each_member() {
    const auto named = [](std::string_view name) {
        return std::ranges::count(docs_of<T>.members, name, &member_docs::name);
    };
    bool all = named("") == std::ssize(docs_of<T>.members) - std::ptrdiff_t{member_count<T>()};
    for_each_member<T>([&](auto member) { all = all && named(member.name) == 1; });
    return all;
}

}  // namespace detail

/// The docs of one member; only its name if there are none.
template <described T>
constexpr member_docs docs_of_member(std::string_view name) {
    if constexpr (documented<T>) {
        static_assert(detail::docs_name_each_member<T>(), "describe() has to name each member");
        return *std::ranges::find(detail::docs_of<T>.members, name, &member_docs::name);
    } else {
        return {name, {}, {}};
    }
}

}  // namespace LARDER_NAMESPACE
