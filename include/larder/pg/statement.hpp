// SQL as a constant, its parameters, and what comes back.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "larder/decimal.hpp"
#include "larder/described.hpp"
#include "larder/from.hpp"
#include "larder/json.hpp"
#include "larder/pg/error.hpp"
#include "larder/spelling.hpp"

// libpq's own name for a result, so that this header does not need libpq's.
struct pg_result;

namespace LARDER_NAMESPACE::pg {

/// One SQL statement with parameters $1, $2, ...; prepared once on each connection.
struct statement {
    std::string_view sql;
    /// It changes nothing, so it is sent again when a connection turns out to be dead.
    bool reads_only = false;
};

/// Parameters as text, the way PostgreSQL's own input functions read them; null is empty.
using parameters = std::vector<std::optional<std::string>>;

namespace detail {

/// `{1,NULL,"a \"word\""}`, as PostgreSQL reads it for an array of one dimension.
std::string array_text(const parameters& elements);
/// The elements of such a text; empty if it is none.
std::optional<parameters> array_elements(std::string_view text);

}  // namespace detail

/// The text of one parameter: a boolean, an integer, a string, a decimal, a date, a timestamp, a
/// UUID, a described enumeration, std::optional of one, or std::vector of these, which is an array.
/// A member of an input that is from a header or the caller is its value.
template <class T>
std::optional<std::string> parameter(const T& value) {
    if constexpr (from_elsewhere<T>) {
        return parameter(*value);
    } else if constexpr (is_optional<T>) {
        return value ? parameter(*value) : std::nullopt;
    } else if constexpr (std::same_as<T, bool>) {
        return value ? "true" : "false";
    } else if constexpr (integer<T>) {
        return std::to_string(value);
    } else if constexpr (spelled<T>) {
        return spell(value);
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        return std::string{std::string_view{value}};
    } else if constexpr (requires { value.text(); }) {
        return value.text();
    } else {
        parameters elements;
        for (auto&& element : value) elements.push_back(parameter<typename T::value_type>(element));
        return detail::array_text(elements);
    }
}

/// The rows of one statement. Movable; owns libpq's memory.
class result {
public:
    explicit result(pg_result* owned);

    std::size_t size() const;
    std::size_t columns() const;
    /// The number of rows that an INSERT, UPDATE or DELETE changed.
    std::size_t affected() const;
    /// The column of that name. Throws error{misused} if there is none.
    std::size_t column(std::string_view name) const;
    /// A field's text; empty for NULL.
    std::optional<std::string_view> text(std::size_t row, std::size_t column) const;

    /// Row `row` as a described struct, by the columns' names. A vector of scalars is a column of
    /// an array; a described struct, or a vector of them, is one of json or jsonb. Throws
    /// error{misused} for a missing column, a NULL in a member that is not std::optional, or text
    /// that is not the member's type.
    template <described T>
    T as(std::size_t row) const {
        T out{};
        for_each_member<T>([&](auto member) {
            read(text(row, column(member.name)), out.*member.pointer, member.name);
        });
        return out;
    }
    /// All rows, the same way.
    template <described T>
    std::vector<T> all() const {
        std::vector<T> rows;
        rows.reserve(size());
        for (std::size_t i = 0; i < size(); ++i) rows.push_back(as<T>(i));
        return rows;
    }

    /// A field's text as a value, the same way. False if it is none.
    template <class T>
    static bool read_text(std::string_view from, T& to) {
        if constexpr (std::same_as<T, bool>) {
            to = from == "t";
            return from == "t" || from == "f";
        } else if constexpr (integer<T>) {
            const auto* end = from.data() + from.size();
            const auto [stop, ec] = std::from_chars(from.data(), end, to);
            return ec == std::errc{} && stop == end;
        } else if constexpr (std::same_as<T, std::string>) {
            to = from;
            return true;
        } else if constexpr (spelled<T>) {
            return read_spelling(from, to);
        } else if constexpr (is_of_json<T>()) {
            return read_json(from, to);
        } else if constexpr (requires { T::parse(from, to); }) {
            return T::parse(from, to) == number_error::none;
        } else {
            return read_array(from, to);
        }
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
    static constexpr bool is_of_json() {
        if constexpr (described<T>) return true;
        else if constexpr (requires { typename T::value_type; })
            return described<typename T::value_type>;
        else return false;
    }
    template <class T>
    static bool read_json(std::string_view from, T& to) {
        const auto parsed = json::parse(from);
        const auto* value = std::get_if<json::node>(&parsed);
        return value && json::read(*value, to);
    }
    template <class T>
    static bool read_array(std::string_view from, T& to) {
        using element = typename T::value_type;
        const auto elements = detail::array_elements(from);
        for (const auto& one : elements.value_or(parameters{})) {
            element value{};
            if constexpr (is_optional<element>) {
                if (one && !read_text(*one, value.emplace())) return false;
            } else if (!one || !read_text(*one, value)) {
                return false;
            }
            to.push_back(std::move(value));
        }
        return elements.has_value();
    }

    struct free_result {
        void operator()(pg_result*) const;
    };
    std::unique_ptr<pg_result, free_result> result_;
};

}  // namespace LARDER_NAMESPACE::pg
