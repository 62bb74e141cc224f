// SQL as a constant, its parameters, and what comes back.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "larder/decimal.hpp"
#include "larder/described.hpp"
#include "larder/pg/error.hpp"

// libpq's own name for a result, so that this header does not need libpq's.
struct pg_result;

namespace larder::pg {

/// One SQL statement with parameters $1, $2, ...; prepared once on each connection.
struct statement {
    std::string_view sql;
    /// It changes nothing, so it is sent again when a connection turns out to be dead.
    bool reads_only = false;
};

/// Parameters as text, the way PostgreSQL's own input functions read them; null is empty.
using parameters = std::vector<std::optional<std::string>>;

/// The text of one parameter: an integer, a string, a decimal, or std::optional of one.
template <class T>
std::optional<std::string> parameter(const T& value) {
    if constexpr (is_optional<T>) {
        return value ? parameter(*value) : std::nullopt;
    } else if constexpr (integer<T>) {
        return std::to_string(value);
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        return std::string{std::string_view{value}};
    } else {
        return value.text();
    }
}

/// The rows of one statement. Movable; owns libpq's memory.
class result {
public:
    explicit result(pg_result* owned);

    std::size_t size() const;
    /// The number of rows that an INSERT, UPDATE or DELETE changed.
    std::size_t affected() const;
    /// The column of that name. Throws error{misused} if there is none.
    std::size_t column(std::string_view name) const;
    /// A field's text; empty for NULL.
    std::optional<std::string_view> text(std::size_t row, std::size_t column) const;

    /// Row `row` as a described struct, by the columns' names. Throws error{misused} for a missing
    /// column, a NULL in a member that is not std::optional, or text that is not the member's type.
    template <described T>
    T as(std::size_t row) const {
        T out{};
        for_each_member<T>([&](auto member) {
            read(text(row, column(member.name)), out.*member.pointer, member.name);
        });
        return out;
    }

private:
    [[noreturn]] static void unreadable(std::string_view column);

    template <class T>
    static void read(std::optional<std::string_view> from, T& to, std::string_view column) {
        if constexpr (is_optional<T>) {
            if (from) read(from, to.emplace(), column);
        } else {
            if (!from || !read_text(*from, to)) unreadable(column);
        }
    }
    template <class T>
    static bool read_text(std::string_view from, T& to) {
        if constexpr (integer<T>) {
            const auto* end = from.data() + from.size();
            const auto [stop, ec] = std::from_chars(from.data(), end, to);
            return ec == std::errc{} && stop == end;
        } else if constexpr (std::same_as<T, std::string>) {
            to = from;
            return true;
        } else {
            return T::parse(from, to) == number_error::none;
        }
    }

    struct free_result {
        void operator()(pg_result*) const;
    };
    std::unique_ptr<pg_result, free_result> result_;
};

}  // namespace larder::pg
