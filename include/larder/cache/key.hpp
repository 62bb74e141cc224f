// Names a family of cache entries, once, for those who read it and those who make it untrue.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "larder/cache/escaped.hpp"
#include "larder/described.hpp"
#include "larder/spelling.hpp"

namespace larder::cache {

/// A table whose rows an entry is computed from, and its column that tells the entries apart.
/// Without one, whatever others change in the table makes all entries of the family untrue.
struct depends_on {
    std::string_view table;
    std::string_view column = {};
};

template <class T, class Member>
class bound_key;

namespace detail {
// A call of it is what the compiler shows.
void the_member_of_a_key_is_not_described();
}  // namespace detail

/// What can tell a family's entries apart.
template <class T>
concept key_part =
    integer<T> || std::same_as<T, bool> || std::same_as<T, std::string> || spelled<T>;

/// A family of entries: `num_orders:all` over all rows, `num_orders:<customerid>` over some.
///
/// Shape    key `<family>:all` or `<family>:<value>`; a text is escaped, so that no input can name
///          another family's entry, or one over all rows.
///
///     constexpr larder::cache::key basket{"basket", depends_on{"basket_items", "basketid"},
///                                         depends_on{"products"}};
class key {
public:
    static constexpr std::size_t most_sources = 8;

    template <std::same_as<depends_on>... More>
    constexpr key(std::string_view family, depends_on first, More... more)
        : family_(family), sources_{first, more...}, count_(1 + sizeof...(More)) {
        static_assert(sizeof...(More) < most_sources, "a family depends on at most 8 tables");
    }

    constexpr std::string_view family() const { return family_; }
    constexpr std::span<const depends_on> sources() const { return {sources_.data(), count_}; }

    /// The same family with entries that live so long, and not as long as the app's others.
    constexpr key with_ttl(std::chrono::seconds ttl) const {
        auto changed = *this;
        changed.ttl_ = ttl;
        return changed;
    }
    constexpr std::optional<std::chrono::seconds> ttl() const { return ttl_; }

    /// The entry over all rows.
    std::string all() const { return std::string{family_} + ":all"; }
    /// The entry over the rows with this value in the column.
    template <key_part Value>
    std::string of(const Value& value) const {
        return std::string{family_} + ':' + text_of(value);
    }

    /// This family with its parameter taken from a member of a handler's input.
    template <described T, class Member>
    consteval bound_key<T, Member> operator()(Member T::* member) const {
        const bound_key<T, Member> bound{*this, member};
        if (bound.parameter().empty()) detail::the_member_of_a_key_is_not_described();
        return bound;
    }

private:
    template <class Value>
    static std::string text_of(const Value& value) {
        if constexpr (integer<Value>) return std::to_string(value);
        else if constexpr (std::same_as<Value, bool>) return value ? "true" : "false";
        else if constexpr (std::same_as<Value, std::string>) return escaped(value);
        else return escaped(spell(value));
    }

    std::string_view family_;
    std::array<depends_on, most_sources> sources_;
    std::size_t count_;
    std::optional<std::chrono::seconds> ttl_;
};

/// A key whose parameter is a member of T: of a query, to read by; of a new row, to invalidate by.
template <class T, class Member>
class bound_key {
    static constexpr bool optional = is_optional<Member>;

public:
    using input = T;

    constexpr bound_key(cache::key family, Member T::* member) : family_(family), member_(member) {}

    constexpr std::string_view family() const { return family_.family(); }
    constexpr const cache::key& whole() const { return family_; }
    /// The name of the member that is the parameter.
    constexpr std::string_view parameter() const {
        std::string_view name;
        for_each_member<T>([&](auto m) {
            if constexpr (std::same_as<decltype(m.pointer), Member T::*>)
                if (m.pointer == member_) name = m.name;
        });
        return name;
    }
    /// The entry that answers this input; without the parameter, the one over all rows.
    std::string entry(const T& from) const {
        const auto& value = from.*member_;
        if constexpr (optional) {
            return value ? family_.of(*value) : family_.all();
        } else {
            return family_.of(value);
        }
    }
    /// The entries that a row with this value makes untrue.
    std::vector<std::string> broken_by(const T& row) const {
        std::vector<std::string> entries{family_.all()};
        if (auto own = entry(row); own != entries.front()) entries.push_back(std::move(own));
        return entries;
    }

private:
    cache::key family_;
    Member T::* member_;
};

}  // namespace larder::cache
