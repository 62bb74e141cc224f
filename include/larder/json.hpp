// JSON: described structs to compact text, and text to a tree that keeps numbers as written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "larder/decimal.hpp"
#include "larder/described.hpp"

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

/// Appends `text` as a JSON string, with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_string(std::string& out, std::string_view text);

/// Appends the compact JSON of a scalar, string, optional, vector or described struct.
template <class T>
void append(std::string& out, const T& value) {
    if constexpr (std::same_as<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (integer<T>) {
        out += std::to_string(value);
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        append_string(out, value);
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
        for (const auto& element : value) {
            out += std::exchange(separator, ',');
            append(out, element);
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

}  // namespace larder::json
