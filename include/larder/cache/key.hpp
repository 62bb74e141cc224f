// Names a family of cache entries, once, for those who read it and those who make it untrue.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "larder/cache/escaped.hpp"
#include "larder/cache/policy.hpp"
#include "larder/described.hpp"
#include "larder/from.hpp"
#include "larder/percent.hpp"
#include "larder/spelling.hpp"

namespace LARDER_NAMESPACE::cache {

/// A table whose rows an entry is computed from, and its columns that tell the entries apart: one
/// for each parameter of the key, in their order. If the table has none for some parameter (it is
/// empty here), whatever others change in the table makes all entries of the family untrue.
struct depends_on {
    static constexpr std::size_t most_columns = 4;

    std::string_view table;
    std::string_view column = {};
    std::string_view second = {}, third = {}, fourth = {};
    bool is_only_counted = false;

    /// The same, but it matters only which rows there are with which values in these columns, and
    /// not what their other columns say: others' updates of those make nothing untrue.
    constexpr depends_on only_counted() const {
        auto changed = *this;
        changed.is_only_counted = true;
        return changed;
    }
    constexpr std::array<std::string_view, most_columns> columns() const {
        return {column, second, third, fourth};
    }
};

template <class T, class... Members>
class bound_key;
struct whole_family;

namespace detail {
// A call of one is what the compiler shows.
void the_member_of_a_key_is_not_described();
void a_member_is_in_the_key_twice();
void a_key_takes_as_many_members_as_it_has_parameters();
void the_members_of_a_key_are_in_the_order_of_its_columns();
void the_entries_of_this_family_are_told_apart_by_columns();
}  // namespace detail

/// What can tell a family's entries apart.
template <class T>
concept key_part =
    integer<T> || std::same_as<T, bool> || std::same_as<T, std::string> || spelled<T>;

namespace detail {
template <class T>
inline constexpr bool may_tell_apart = key_part<T>;
template <class T>
    requires(is_optional<T> || from_elsewhere<T>)
inline constexpr bool may_tell_apart<T> = may_tell_apart<typename T::value_type>;
}  // namespace detail

/// The same, or nothing: the entry is then one over all values. Also of a header, or of the caller.
template <class T>
concept key_value = detail::may_tell_apart<T>;

namespace detail {

/// Whether a value of the type can be spelled so in a key.
template <class Value>
bool may_stand_in_a_key(std::string_view part) {
    if constexpr (is_optional<Value> || from_elsewhere<Value>)
        return may_stand_in_a_key<typename Value::value_type>(part);
    else if constexpr (integer<Value>)
        return is_plain_number(part, std::int64_t{std::numeric_limits<Value>::min()},
                               std::int64_t{std::numeric_limits<Value>::max()});
    else if constexpr (std::same_as<Value, bool>) return part == "true" || part == "false";
    else if constexpr (std::same_as<Value, std::string>) return is_escaped(part);
    else {
        Value value{};
        const auto text = percent_decode(part);
        return text && read_spelling(*text, value) && escaped(spell(value)) == part;
    }
}

}  // namespace detail

/// A family of entries: `num_orders:all` over all rows, `num_orders:<customerid>` over some.
///
/// Shape    key `<family>:<value>`, with as many values as it has parameters, and `all` in the
///          place of one that is missing; a text is escaped, so that no input can name another
///          family's entry, or one over more rows.
/// Errors   std::logic_error for another number of values; of constants, it does not compile.
///
///     constexpr larder::cache::key basket{"basket", depends_on{"basket_items", "basketid"},
///                                         depends_on{"products"}};
///     constexpr larder::cache::key editions{"editions", depends_on{"books", "title", "bound"}};
///     constexpr auto pages = larder::cache::key{"pages", depends_on{"books"}}.with_parameters(3);
class key {
public:
    static constexpr std::size_t most_sources = 8;

    template <std::same_as<depends_on>... More>
    constexpr key(std::string_view family, depends_on first, More... more)
        : family_(family), sources_{first, more...}, count_(1 + sizeof...(More)) {
        static_assert(sizeof...(More) < most_sources, "a family depends on at most 8 tables");
        for (const auto& one : sources())
            for (std::size_t i = 0; i < depends_on::most_columns; ++i)
                if (!one.columns()[i].empty()) parameters_ = std::max(parameters_, i + 1);
    }

    constexpr std::string_view family() const { return family_; }
    constexpr std::span<const depends_on> sources() const { return {sources_.data(), count_}; }

    /// How many tell its entries apart: as many as the table with the most columns has here.
    constexpr std::size_t parameters() const { return parameters_; }
    /// Of a family that is kept by generation; of others depends_on::most_columns, as a row makes
    /// untrue two to the power of that.
    static constexpr std::size_t most_parameters = 12;
    /// The same family with more parameters, for which no table has a column: a language, say.
    constexpr key with_parameters(std::size_t count) const {
        const auto most = is_by_generation() ? most_parameters : depends_on::most_columns;
        if (count < parameters_ || count > most)
            throw std::logic_error(
                "a key has a parameter for each column, and at most 4, or 12 without columns");
        auto changed = *this;
        changed.parameters_ = count;
        return changed;
    }
    /// Whether a row of the table tells the values of all parameters.
    constexpr bool is_told_by(const depends_on& source) const {
        const auto columns = source.columns();
        if (parameters_ > columns.size()) return false;
        return std::all_of(columns.begin(), columns.begin() + static_cast<long>(parameters_),
                           [](std::string_view one) { return !one.empty(); });
    }

    /// Whether no table has a column that tells its entries apart: then any row makes all of them
    /// untrue, at the cost of one, whether somebody else changes it or a write of the service.
    constexpr bool is_by_generation() const {
        return std::ranges::all_of(sources(), [](const depends_on& one) {
            return std::ranges::all_of(one.columns(),
                                       [](std::string_view column) { return column.empty(); });
        });
    }
    /// All its entries, for `write | invalidates(...)`, whatever the write's input is.
    consteval whole_family every_entry() const;

    /// The same family with `{.ttl = 10min, .negative_ttl = 5s}`, say: see cache::policy.
    constexpr key with(cache::policy how) const {
        if (!how.is_possible())
            throw std::logic_error("a policy has a time or a size that is none");
        auto changed = *this;
        changed.policy_ = how;
        return changed;
    }
    /// The same, of which only that is said.
    constexpr key with_ttl(std::chrono::seconds ttl) const {
        auto how = policy_;
        how.ttl = ttl;
        return with(how);
    }
    constexpr const cache::policy& policy() const { return policy_; }

    /// Whether the parameter, counted from 0, has a value that stands so in a key. Where nobody
    /// has said of which type it is, any text that a key can have.
    bool may_have(std::size_t parameter, std::string_view part) const {
        const auto may_be = checks_[parameter];
        return part == no_value || (may_be ? may_be(part) : is_escaped(part));
    }

    /// The entry over all rows.
    std::string all() const {
        std::string entry{family_};
        for (std::size_t i = 0; i < parameters_; ++i) entry.append(1, ':').append(no_value);
        return entry;
    }
    /// The entry over the rows with these values in the columns.
    template <key_value... Values>
        requires(sizeof...(Values) > 0)
    std::string of(const Values&... values) const {
        expect(sizeof...(Values));
        std::string entry{family_};
        (entry.append(1, ':').append(part_of(values).value_or(std::string{no_value})), ...);
        return entry;
    }
    /// The entry that any row makes untrue, whatever its values are.
    std::string broken_by_any() const {
        return is_by_generation() ? generation_of(family_) : all();
    }
    /// What makes all entries untrue at once, which only a family has that is kept by generation.
    std::string broken_as_a_whole() const {
        if (!is_by_generation())
            throw std::logic_error("the entries of " + std::string{family_} +
                                   " are told apart by values: name those of the row");
        return generation_of(family_);
    }
    /// All entries that a row with these values makes untrue: its own, and those over more rows. A
    /// value that is missing is NULL in that row.
    template <key_value... Values>
        requires(sizeof...(Values) > 0)
    std::vector<std::string> broken_by(const Values&... values) const {
        expect(sizeof...(Values));
        if (is_by_generation()) return {generation_of(family_)};
        return keys_of_row(family_, {part_of(values)...});
    }

    /// This family with its parameters taken from members of a handler's input.
    template <described T, class... Members>
        requires(sizeof...(Members) > 0)
    consteval bound_key<T, Members...> operator()(Members T::*... members) const {
        if (sizeof...(Members) != parameters_)
            detail::a_key_takes_as_many_members_as_it_has_parameters();
        const bound_key<T, Members...> bound{*this, members...};
        const auto names = bound.parameters();
        for (const auto& name : names)
            if (name.empty()) detail::the_member_of_a_key_is_not_described();
        for (const auto& name : names)
            if (std::ranges::count(names, name) > 1) detail::a_member_is_in_the_key_twice();
        for (std::size_t i = 0; i < names.size(); ++i)
            if (is_of_another(names[i], i))
                detail::the_members_of_a_key_are_in_the_order_of_its_columns();
        return bound;
    }

    template <class T, class... Members>
        requires(!described<T> && sizeof...(Members) > 0)
    consteval void operator()(Members T::*...) const {
        static_assert(described<T>,
                      "the members of a key are of a struct that BOOST_DESCRIBE_STRUCT describes");
    }

private:
    constexpr void expect(std::size_t values) const {
        if (values != parameters_)
            throw std::logic_error(
                "a key is given another number of values than it has parameters");
    }
    // The name is that of another parameter's column, and not of its own.
    constexpr bool is_of_another(std::string_view name, std::size_t parameter) const {
        bool is_other = false;
        for (const auto& one : sources())
            for (std::size_t i = 0; i < depends_on::most_columns; ++i) {
                if (one.columns()[i] != name) continue;
                if (i == parameter) return false;
                is_other = true;
            }
        return is_other;
    }

    template <class Value>
    static std::optional<std::string> part_of(const Value& value) {
        if constexpr (from_elsewhere<Value>) return part_of(*value);
        else if constexpr (is_optional<Value>) return value ? part_of(*value) : std::nullopt;
        else if constexpr (integer<Value>) return std::to_string(value);
        else if constexpr (std::same_as<Value, bool>) return value ? "true" : "false";
        else if constexpr (std::same_as<Value, std::string>) return escaped(value);
        else return escaped(spell(value));
    }

    std::string_view family_;
    std::array<depends_on, most_sources> sources_;
    std::size_t count_;
    std::size_t parameters_ = 1;
    cache::policy policy_;
    // Of the parameters whose types are known: whether a value can be spelled so.
    std::array<bool (*)(std::string_view), most_parameters> checks_{};

    template <class T, class... Members>
    friend class bound_key;
};

/// All entries of a family that is kept by generation.
struct whole_family {
    key family;

    /// For docs.
    std::vector<std::string> patterns() const { return {std::string{family.family()} + ":*"}; }
    std::string entry() const { return generation_of(family.family()); }
};

consteval whole_family key::every_entry() const {
    if (!is_by_generation()) detail::the_entries_of_this_family_are_told_apart_by_columns();
    return {*this};
}

/// A key whose parameters are members of T: of a query, to read by; of a new row, to invalidate by.
template <class T, class... Members>
class bound_key {
public:
    using input = T;
    /// How many of its parameters are from a header, from the caller.
    static constexpr larder::detail::count_of_members members_from{
        (std::size_t{is_from_header<Members>} + ...), (std::size_t{is_from_caller<Members>} + ...)};

    constexpr bound_key(cache::key family, Members T::*... members)
        : family_(family), members_(members...) {
        family_.checks_ = {detail::may_stand_in_a_key<Members>...};
    }

    constexpr std::string_view family() const { return family_.family(); }
    constexpr const cache::key& whole() const { return family_; }
    /// The names of the members that are the parameters.
    constexpr std::array<std::string_view, sizeof...(Members)> parameters() const {
        return std::apply(
            [](auto... each) {
                return std::array<std::string_view, sizeof...(Members)>{name_of(each)...};
            },
            members_);
    }
    constexpr std::string_view parameter() const
        requires(sizeof...(Members) == 1)
    {
        return parameters().front();
    }
    /// The entries of the family, for docs: `num_orders:all`, `num_orders:{customerid}`.
    std::vector<std::string> patterns() const {
        if (family_.is_by_generation()) return whole_family{family_}.patterns();
        key_parts names(sizeof...(Members));
        std::ranges::transform(parameters(), names.begin(),
                               [](auto name) { return '{' + std::string{name} + '}'; });
        return keys_of_row(family(), names);
    }
    /// The entry that answers this input: of a parameter that is missing, the one over all values.
    std::string entry(const T& from) const {
        return std::apply([&](auto... each) { return family_.of(from.*each...); }, members_);
    }
    /// The entries that a row with these values makes untrue.
    std::vector<std::string> broken_by(const T& row) const {
        return std::apply([&](auto... each) { return family_.broken_by(row.*each...); }, members_);
    }

private:
    cache::key family_;
    std::tuple<Members T::*...> members_;
};

}  // namespace LARDER_NAMESPACE::cache
