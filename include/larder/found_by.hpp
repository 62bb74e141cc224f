// Entries that a write makes untrue and that only the source knows: of baskets that hold a product.
#pragma once

#include <string>
#include <string_view>

#include "larder/cache/key.hpp"
#include "larder/pg/statement.hpp"

namespace larder {

/// What `found_by<Value>(family, sql, member)` returns, for `write | invalidates(...)`.
template <cache::key_part Value, described T, class Member>
struct found_by_query {
    using input = T;

    cache::key family;
    pg::statement sql;
    Member T::* member;

    /// `basket:{basketid}`, for docs.
    std::string pattern() const {
        return std::string{family.family()} + ":{" + std::string{family.sources()[0].column} + '}';
    }
    pg::parameters values(const T& in) const {
        return pg::parameters(1, pg::parameter(in.*member));
    }
    /// The entry of a value that was found; empty if it is not of that type.
    static std::string entry(const cache::key& family, std::string_view found) {
        Value value{};
        return pg::result::read_text(found, value) ? family.of(value) : std::string{};
    }
};

/// The entries of the family for each value that a query finds, in its first column, where $1 is
/// the member of the write's input.
///
///     constexpr larder::pg::statement holders{
///         "SELECT DISTINCT basketid FROM basket_items WHERE prod_id = $1", true};
///     set_price | larder::invalidates(product(&new_price::prod_id),
///                                     found_by<std::int32_t>(basket, holders,
///                                                            &new_price::prod_id))
///
/// The query runs before the write, and again once it is committed: what came to be meanwhile, as a
/// basket that was filled, is made untrue as well before anybody gets an answer.
///
/// Errors   throws pg::error; error{misused} for what is no Value. Of the second run: the write is
///          made, all entries are made untrue in the background, and the error goes on.
/// Cost     two statements a write; two keys for each value that is found
template <cache::key_part Value, described T, class Member>
constexpr found_by_query<Value, T, Member> found_by(cache::key family, pg::statement sql,
                                                    Member T::* member) {
    return {family, sql, member};
}

}  // namespace larder
