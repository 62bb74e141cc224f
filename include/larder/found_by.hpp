// Entries that a write makes untrue and that only the source knows: of baskets that hold a product.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "larder/cache/key.hpp"
#include "larder/pg/statement.hpp"

namespace LARDER_NAMESPACE {

namespace detail {

/// The first fields of a row.
using found_texts = std::span<const std::optional<std::string_view>>;

/// A field as a value, or NULL as none. False if it is not of that type.
template <class Value>
bool read_found(std::optional<std::string_view> from, std::optional<Value>& to) {
    return !from || pg::result::read_text(*from, to.emplace());
}

}  // namespace detail

/// What `found_by<Value...>(family, sql, member)` returns, for `write | invalidates(...)`.
template <described T, class Member, cache::key_part... Values>
struct found_by_query {
    using input = T;

    cache::key family;
    pg::statement sql;
    Member T::* member;

    /// `basket:{basketid}`, for docs.
    std::string pattern() const {
        std::string all{family.family()};
        for (std::size_t i = 0; i < family.parameters(); ++i)
            all.append(":{").append(family.sources()[0].columns()[i]).append(1, '}');
        return all;
    }
    pg::parameters values(const T& in) const {
        return pg::parameters(1, pg::parameter(in.*member));
    }
    /// The entries of a row that was found; none if its fields are not of those types.
    static std::vector<std::string> entries(const cache::key& family, detail::found_texts found) {
        std::tuple<std::optional<Values>...> row;
        std::size_t at = 0;
        const bool is_read = std::apply(
            [&](auto&... each) { return (detail::read_found(found[at++], each) && ...); }, row);
        if (!is_read) return {};
        return std::apply([&](const auto&... each) { return family.broken_by(each...); }, row);
    }
};

/// The entries of the family for each row that a query finds, whose first columns are values for
/// the parameters of the key, and where $1 is the member of the write's input.
///
///     constexpr larder::pg::statement holders{
///         "SELECT DISTINCT basketid FROM basket_items WHERE prod_id = $1", true};
///     set_price | larder::invalidates(product(&new_price::prod_id),
///                                     found_by<std::int32_t>(basket, holders,
///                                                            &new_price::prod_id))
///
/// The query runs before the write, and again once it is committed: what came to be meanwhile, as a
/// basket that was filled, is made untrue as well before anybody gets an answer. It is for values
/// that the write leaves as they are: one that changes or deletes them may replace newer ones than
/// the query found, and has its statement return them; see transaction::breaks().
///
/// Errors   std::logic_error for another number of types than the key has parameters. A write
///          throws pg::error; error{misused} for what is not of these types. Of the second run: the
///          write is made, all entries are made untrue in the background, and the error goes on.
/// Cost     two statements a write; two keys for each value that is found, four for each two, ...
template <cache::key_part... Values, described T, class Member>
    requires(sizeof...(Values) > 0)
constexpr found_by_query<T, Member, Values...> found_by(cache::key family, pg::statement sql,
                                                        Member T::* member) {
    if (sizeof...(Values) != family.parameters())
        throw std::logic_error(
            "found_by() is given another number of types than the key has "
            "parameters");
    return {family, sql, member};
}

}  // namespace LARDER_NAMESPACE
