// JSON: described structs to compact text, and text to a tree that keeps numbers as written, or
// back to structs.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "larder/decimal.hpp"
#include "larder/described.hpp"
#include "larder/spelling.hpp"

namespace larder::json {

enum class kind { null, boolean, number, string, array, object };

struct member;

/// A JSON value as it was written: `text` is a string's content or a number's own digits, so that
/// money never passes through binary floating point.
struct node {
    json::kind kind = json::kind::null;
    bool boolean = false;
    std::string text;
    std::vector<node> elements;   ///< of an array
    std::vector<member> members;  ///< of an object, in order

    /// The member of that name, the last one if it was repeated; null if there is none.
    const node* find(std::string_view name) const;
};

/// A member of an object.
struct member {
    std::string name;
    node value;
};

/// Where and why a text is not JSON.
struct syntax_error {
    std::size_t position = 0;  ///< characters (code points) before the fault
    std::string reason;
    bool has_too_many = false;  ///< it may be JSON, but has more values than were allowed
};

/// Reads a whole text, at most 32 levels deep, strictly UTF-8.
///
/// Shape    at most `most_values` values, over all arrays and objects and the levels of them
/// Cost     linear in `text`, most of it for the number of values
std::variant<node, syntax_error> parse(std::string_view text,
                                       std::size_t most_values = static_cast<std::size_t>(-1));

/// Whether it is UTF-8, without NUL: what PostgreSQL calls a text.
bool is_text(std::string_view bytes);
/// The same with U+FFFD for each byte that belongs to no character: what a client sent may be
/// echoed.
std::string with_valid_utf8(std::string_view text);

/// Appends `text` as a JSON string, with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_string(std::string& out, std::string_view text);

/// Appends the compact JSON of a scalar, string, date, time, UUID, described enumeration, optional,
/// vector or described struct.
template <class T>
void append(std::string& out, const T& value) {
    if constexpr (std::same_as<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (integer<T>) {
        out += std::to_string(value);
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        append_string(out, value);
    } else if constexpr (spelled<T>) {
        append_string(out, spell(value));
    } else if constexpr (is_optional<T>) {
        if (value) append(out, *value);
        else out += "null";
    } else if constexpr (described<T>) {
        char separator = '{';
        for_each_member<T>([&](auto member) {
            out += std::exchange(separator, ',');
            append_string(out, member.name);
            out += ':';
            append(out, value.*member.pointer);
        });
        out += separator == '{' ? "{}" : "}";
    } else if constexpr (requires { value.text(); }) {
        out += value.text();
    } else {
        char separator = '[';
        for (auto&& element : value) {
            out += std::exchange(separator, ',');
            append<typename T::value_type>(out, element);
        }
        out += separator == '[' ? "[]" : "]";
    }
}

/// The compact JSON of a value: `{"count":12000}`.
template <class T>
std::string text(const T& value) {
    std::string out;
    append(out, value);
    return out;
}

/// Reads what append() writes, and nothing that is near it: a number is no string, a member that is
/// missing or unknown is a fault, and null is an empty optional. False, with `out` half read, if it
/// is anything else.
template <class T>
bool read(const node& from, T& out) {
    if constexpr (std::same_as<T, bool>) {
        out = from.boolean;
        return from.kind == kind::boolean;
    } else if constexpr (integer<T>) {
        const auto* end = from.text.data() + from.text.size();
        const auto [stop, ec] = std::from_chars(from.text.data(), end, out);
        return from.kind == kind::number && ec == std::errc{} && stop == end;
    } else if constexpr (std::same_as<T, std::string>) {
        out = from.text;
        return from.kind == kind::string;
    } else if constexpr (spelled<T>) {
        return from.kind == kind::string && read_spelling(from.text, out);
    } else if constexpr (is_optional<T>) {
        out.reset();
        return from.kind == kind::null || read(from, out.emplace());
    } else if constexpr (described<T>) {
        bool all = from.kind == kind::object && from.members.size() == member_count<T>();
        for_each_member<T>([&](auto member) {
            const auto* value = all ? from.find(member.name) : nullptr;
            all = value && read(*value, out.*member.pointer);
        });
        return all;
    } else if constexpr (requires { T::parse(std::string_view{}, out); }) {
        return from.kind == kind::number && T::parse(from.text, out) == number_error::none;
    } else {
        out.clear();
        for (const auto& element : from.elements) {
            typename T::value_type value{};
            if (!read(element, value)) return false;
            out.push_back(std::move(value));
        }
        return from.kind == kind::array;
    }
}

}  // namespace larder::json
