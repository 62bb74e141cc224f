// What PostgreSQL refuses because of a constraint, as a fault of the input.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "larder/handler.hpp"
#include "larder/http/error.hpp"
#include "larder/pg/error.hpp"

namespace LARDER_NAMESPACE {

/// What `on_violation(constraint, member, sentence)` returns; apply it to a handler with `|`.
template <described T, class Member>
struct violation_of {
    std::string_view constraint;
    Member T::* member;
    std::string_view sentence;
};

/// A statement that violates the constraint is answered 422, and names the member of the input and
/// says the sentence. The `type` of the fault is `unique`, `foreign_key`, `check` or `exclusion`.
/// Constraints that are not named are 500.
///
/// Cost     none where nothing is violated.
///
///     put | larder::on_violation("basket_items_prod_id_fkey", &item::prod_id,
///                                "There is no such product") | larder::invalidates(...)
template <described T, class Member>
constexpr violation_of<T, Member> on_violation(std::string_view constraint, Member T::* member,
                                               std::string_view sentence) {
    return {constraint, member, sentence};
}

namespace detail {
/// Of a member that is located when it is answered: only then it is known where it came from.
http::fault fault_of_violation(const pg::error& e, std::string_view member,
                               std::string_view sentence);
}  // namespace detail

/// A handler with a constraint that its statements may violate.
template <handler H, class Member>
class constrained_handler {
public:
    using input = input_of<H>;
    using reply = reply_of<H>;

    constexpr constrained_handler(H inner, violation_of<input, Member> of)
        : inner_(std::move(inner)), of_(of) {}

    awaitable<reply> operator()(services& at, input in) const {
        try {
            auto value = co_await inner_(at, std::move(in));
            co_return value;
        } catch (const pg::error& e) {
            if (e.constraint() != of_.constraint) throw;
            throw http::invalid_input(
                {detail::fault_of_violation(e, name_of(of_.member), of_.sentence)});
        }
    }

private:
    H inner_;
    violation_of<input, Member> of_;
};

template <handler H, class Member>
constexpr constrained_handler<H, Member> operator|(H inner, violation_of<input_of<H>, Member> of) {
    return {std::move(inner), of};
}

}  // namespace LARDER_NAMESPACE
