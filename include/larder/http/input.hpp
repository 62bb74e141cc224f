// Typed input: queries and JSON bodies read into described structs, all faults named at once.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "larder/decimal.hpp"
#include "larder/described.hpp"
#include "larder/http/message.hpp"
#include "larder/json.hpp"
#include "larder/spelling.hpp"

namespace larder::http {

/// One thing that is wrong with a request's input, in FastAPI's shape.
struct fault {
    std::string type;                                          ///< `int_parsing`
    std::vector<std::variant<std::string, std::int64_t>> loc;  ///< {"query", "customerid"}
    std::string msg;                                           ///< one sentence for a person
    std::optional<json::node> input = {};                      ///< echoed if it is a short scalar
};
using faults = std::vector<fault>;

/// The JSON of a 422 answer: {"detail":[...]}. A scalar input is echoed if both it and
/// its JSON, without the quotes, have at most 200 bytes.
std::string faults_json(const faults&);

namespace detail {
void sort_by_name(faults& wrong, const std::vector<std::string_view>& names);
}

/// Of faults that are {"", member}: says where the member came from, the path or `where`.
void locate(faults& wrong, const path_members* in_path, std::string_view where);

/// Whether a member of the input is at fault.
bool is_at_fault(const faults& wrong, std::string_view member);

/// Brings the faults into the order in which T declares its members; others come first.
template <described T>
void sort_as_declared(faults& wrong) {
    std::vector<std::string_view> names;
    for_each_member<T>([&](auto member) { names.push_back(member.name); });
    detail::sort_by_name(wrong, names);
}

/// The members of a query string, percent-decoded, in order. `+` is a space.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

namespace detail {

struct integer_range {
    std::int64_t min, max;
};
/// What stands in the path under that name.
std::optional<json::node> find_in(const path_members* in_path, std::string_view name);
/// Reads a scalar; the fault, without its `loc`, if it cannot.
std::optional<fault> read_integer(const json::node&, integer_range, std::int64_t& out);
std::optional<fault> read_boolean(const json::node&, bool& out);
std::optional<fault> read_text(const json::node&, std::string& out);
std::optional<fault> read_number_text(const json::node&, std::string_view& out);
fault bad_number(const json::node&, number_error, std::string_view limit);
/// Of a text that is not spelled as one of its kind: `date`, `datetime`, `uuid`.
fault bad_spelling(const json::node&, std::string_view kind);
fault bad_name(const json::node&, const std::vector<std::string_view>& names);

template <spelled T>
fault bad_spelling_of(const json::node& from) {
    if constexpr (described_enum<T>) {
        std::vector<std::string_view> names;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
            [&](auto one) { names.emplace_back(one.name); });
        return bad_name(from, names);
    } else {
        return bad_spelling(from, std::same_as<T, larder::date>        ? "date"
                                  : std::same_as<T, larder::timestamp> ? "datetime"
                                                                       : "uuid");
    }
}

template <class T>
std::optional<fault> read_scalar(const json::node& from, T& out) {
    if constexpr (std::same_as<T, bool>) {
        return read_boolean(from, out);
    } else if constexpr (integer<T>) {
        std::int64_t value = 0;
        auto wrong = read_integer(
            from, {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()}, value);
        out = static_cast<T>(value);
        return wrong;
    } else if constexpr (std::same_as<T, std::string>) {
        return read_text(from, out);
    } else if constexpr (spelled<T>) {
        if (from.kind == json::kind::string && read_spelling(from.text, out)) return std::nullopt;
        return bad_spelling_of<T>(from);
    } else {
        std::string_view digits;
        if (auto wrong = read_number_text(from, digits)) return wrong;
        const auto error = T::parse(digits, out);
        if (error != number_error::none) return bad_number(from, error, T::max().text());
        return std::nullopt;
    }
}

}  // namespace detail

/// Reads the described members of T, those that the path has out of it, and the others out of an
/// object's members; a member that is not std::optional has to be there. Faults are appended in
/// declaration order.
template <described T>
void read_members(const json::node& object, std::string_view where, T& out, faults& wrong,
                  const path_members* in_path = nullptr) {
    for_each_member<T>([&](auto member) {
        auto& target = out.*member.pointer;
        const auto of_path = detail::find_in(in_path, member.name);
        const auto* from = of_path ? &*of_path : object.find(member.name);
        const auto blame = [&](fault f) {
            f.loc = {std::string{of_path ? "path" : where}, std::string{member.name}};
            wrong.push_back(std::move(f));
        };
        using value = std::remove_reference_t<decltype(target)>;
        constexpr bool is_text =
            std::same_as<value, std::string> || std::same_as<value, std::optional<std::string>>;
        const bool has_bytes = of_path || (is_text && from && where == "query");
        if (has_bytes && !json::is_text(from->text))
            return blame({"string_unicode", {}, "Input should be a text in UTF-8, without NUL"});
        if constexpr (is_optional<std::remove_reference_t<decltype(target)>>) {
            if (!from || from->kind == json::kind::null) return;
            if (auto f = detail::read_scalar(*from, target.emplace())) blame(std::move(*f));
        } else {
            if (!from) return blame({"missing", {}, "Field required"});
            if (auto f = detail::read_scalar(*from, target)) blame(std::move(*f));
        }
    });
}

/// Reads a query string into T, and what the path has out of that. Of a repeated name the last
/// counts; unknown names are ignored.
template <described T>
void read_path_and_query(const path_members* path, std::string_view query, T& out, faults& wrong) {
    json::node object{.kind = json::kind::object};
    for (auto& [name, value] : parse_query(query))
        object.members.push_back(
            {std::move(name), {.kind = json::kind::string, .text = std::move(value)}});
    read_members(object, "query", out, wrong, path);
}
template <described T>
void read_query(std::string_view query, T& out, faults& wrong) {
    read_path_and_query(nullptr, query, out, wrong);
}

/// Of a body, over all its arrays and objects: each costs a worker time, whoever reads it later.
inline constexpr std::size_t most_body_values = 10'000;

/// The body as an object; a fault (no JSON, no object, nothing at all, too many values) if it is
/// none. One byte order mark before it is skipped.
std::optional<json::node> body_object(std::string_view body, faults& wrong);

/// Reads a JSON body into T, and what the path has out of that. Unknown members are ignored. Where
/// the path has all members, there need be no body.
template <described T>
void read_path_and_body(const path_members* path, std::string_view body, T& out, faults& wrong) {
    const bool needs_body = !path || path->size() < member_count<T>() || !body.empty();
    const auto sent =
        needs_body ? body_object(body, wrong) : json::node{.kind = json::kind::object};
    if (sent) read_members(*sent, "body", out, wrong, path);
}
template <described T>
void read_body(std::string_view body, T& out, faults& wrong) {
    read_path_and_body(nullptr, body, out, wrong);
}

}  // namespace larder::http
