// Typed input: queries and JSON bodies read into described structs, all faults named at once. A
// body's members may be structs, lists and optionals of these, too.
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
#include "larder/from.hpp"
#include "larder/http/message.hpp"
#include "larder/json.hpp"
#include "larder/spelling.hpp"

namespace LARDER_NAMESPACE::http {

/// Where a value was sent: {"query", "customerid"}, {"body", "lines", 0, "quantity"}.
using location = std::vector<std::variant<std::string, std::int64_t>>;

/// One thing that is wrong with a request's input, in FastAPI's shape.
struct fault {
    std::string type;  ///< `int_parsing`
    location loc;      ///< of the value that is wrong, or of one that is missing
    std::string msg;   ///< one sentence for a person
    std::optional<json::node> input = {};  ///< echoed if it is a short scalar
};
using faults = std::vector<fault>;

/// The JSON of a 422 answer: {"detail":[...]}. A scalar input is echoed if both it and
/// its JSON, without the quotes, have at most 200 bytes.
std::string faults_json(const faults&);

namespace detail {
/// What is located as {"", member} is the header's.
void rename(faults& wrong, std::string_view member, const std::string& header);
void sort_by_name(faults& wrong, const std::vector<std::string>& names);
}  // namespace detail

/// Of faults that are {"", member}: says where the member came from, the path or `where`.
void locate(faults& wrong, const path_members* in_path, std::string_view where);

/// Whether a member of the input is at fault.
bool is_at_fault(const faults& wrong, std::string_view member);

/// Brings the faults into the order in which T declares its members; others come first.
template <described T>
void sort_as_declared(faults& wrong) {
    std::vector<std::string> names;
    for_each_member<T>([&]<class M>(member_of<T, M> member) {
        names.push_back(larder::detail::name_outside<M>(member.name));
    });
    detail::sort_by_name(wrong, names);
}

/// The members of a query string, percent-decoded, in order. `+` is a space.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

namespace detail {

struct integer_range {
    std::int64_t min, max;
};
/// Where a value stands while it is read: a list of names and indices, from the inside.
struct place {
    const place* outer = nullptr;
    std::string_view name = {};
    std::int64_t index = 0;  ///< of an element of a list, which has no name

    /// Adds the fault, which is here.
    void blame(faults& wrong, fault one) const;
};

/// What stands in the path, or in the headers, under that name.
std::optional<json::node> find_in(const path_members* in_path, std::string_view name);
std::optional<json::node> find_in(const header_fields* headers, std::string_view name);
/// Reads a scalar; the fault, without its `loc`, if it cannot.
std::optional<fault> read_integer(const json::node&, integer_range, std::int64_t& out);
std::optional<fault> read_boolean(const json::node&, bool& out);
std::optional<fault> read_text(const json::node&, std::string& out);
std::optional<fault> read_number_text(const json::node&, std::string_view& out);
fault bad_number(const json::node&, number_error, std::string_view limit);
/// Of a text that is not spelled as one of its kind: `date`, `datetime`, `uuid`.
fault bad_spelling(const json::node&, std::string_view kind);
fault bad_name(const json::node&, const std::vector<std::string_view>& names);
fault no_text();
fault no_object();
fault no_list();

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

template <class T>
void read_value(const json::node& from, T& out, const place& here, faults& wrong);

/// Reads what was sent for a member; null if nothing was. `are_bytes`: what is no text, too.
template <class T>
void read_member(const json::node* sent, bool are_bytes, T& out, const place& here, faults& wrong) {
    if (!sent) {
        if constexpr (!is_optional<T>) here.blame(wrong, {"missing", {}, "Field required"});
    } else if (are_bytes && !json::is_text(sent->text)) {
        here.blame(wrong, no_text());
    } else {
        read_value(*sent, out, here, wrong);
    }
}

/// Reads a value that stands anywhere in an input.
template <class T>
void read_value(const json::node& from, T& out, const place& here, faults& wrong) {
    if constexpr (is_optional<T>) {
        if (from.kind != json::kind::null) read_value(from, out.emplace(), here, wrong);
    } else if constexpr (described<T>) {
        if (from.kind != json::kind::object) return here.blame(wrong, no_object());
        for_each_member<T>([&]<class M>(member_of<T, M> member) {
            static_assert(!from_elsewhere<M>,
                          "what is from a header or the caller is a member of the input itself");
            read_member(from.find(member.name), false, out.*member.pointer, {&here, member.name},
                        wrong);
        });
    } else if constexpr (is_vector<T>) {
        if (from.kind != json::kind::array) return here.blame(wrong, no_list());
        std::int64_t index = 0;
        for (const auto& element : from.elements) {
            typename T::value_type value{};
            read_value(element, value, {&here, {}, index++}, wrong);
            out.push_back(std::move(value));
        }
    } else if (auto f = read_scalar(from, out)) {
        here.blame(wrong, std::move(*f));
    }
}

}  // namespace detail

/// Of faults of members that headers have, which nobody located: says so.
template <described T>
void locate_headers(faults& wrong) {
    for_each_member<T>([&]<class M>(member_of<T, M> member) {
        if constexpr (is_from_header<M>)
            detail::rename(wrong, member.name, larder::detail::name_outside<M>(member.name));
    });
}

/// The headers that have members of T.
template <described T>
std::vector<std::string> header_names() {
    std::vector<std::string> all;
    for_each_member<T>([&]<class M>(member_of<T, M> member) {
        if constexpr (is_from_header<M>)
            all.push_back(larder::detail::name_outside<M>(member.name));
    });
    return all;
}

/// What there is beside a query or a body.
struct request_parts {
    const path_members* path = nullptr;
    const header_fields* headers = nullptr;
};

/// Reads the described members of T, those that the path or a header has out of these, and the
/// others out of an object's members; a member that is not std::optional has to be there. What is
/// from the caller is left alone. Faults are appended in declaration order.
template <described T>
void read_members(const json::node& object, std::string_view where, T& out, faults& wrong,
                  const request_parts& beside = {}) {
    for_each_member<T>([&]<class M>(member_of<T, M> member) {
        auto& target = out.*member.pointer;
        if constexpr (is_from_header<M>) {
            static_assert(is_one_value<typename M::value_type>,
                          "what a header has is no struct and no vector");
            const auto name = larder::detail::name_outside<M>(member.name);
            const auto sent = detail::find_in(beside.headers, name);
            const detail::place headers{nullptr, "header"};
            detail::read_member(sent ? &*sent : nullptr, true, target.value, {&headers, name},
                                wrong);
        } else if constexpr (!is_from_caller<M>) {
            constexpr bool is_text =
                std::same_as<M, std::string> || std::same_as<M, std::optional<std::string>>;
            const auto in_path = detail::find_in(beside.path, member.name);
            const detail::place origin{nullptr, in_path ? "path" : where};
            detail::read_member(in_path ? &*in_path : object.find(member.name),
                                in_path || (is_text && where == "query"), target,
                                {&origin, member.name}, wrong);
        }
    });
}

/// Reads a query string into T, and what the path or a header has out of these. Of a repeated name
/// the last counts; unknown names are ignored.
template <described T>
void read_with_query(const request_parts& beside, std::string_view query, T& out, faults& wrong) {
    for_each_member<T>([]<class M>(member_of<T, M>) {
        static_assert(from_elsewhere<M> || is_one_value<M>,
                      "a struct or a vector in an input comes in a body, not in a query");
    });
    json::node object{.kind = json::kind::object};
    for (auto& [name, value] : parse_query(query))
        object.members.push_back(
            {std::move(name), {.kind = json::kind::string, .text = std::move(value)}});
    read_members(object, "query", out, wrong, beside);
}
template <described T>
void read_query(std::string_view query, T& out, faults& wrong) {
    read_with_query({}, query, out, wrong);
}

/// Of a body, over all its arrays and objects: each costs a worker time, whoever reads it later.
inline constexpr std::size_t most_body_values = 10'000;

/// The body as an object; a fault (no JSON, no object, nothing at all, too many values) if it is
/// none. One byte order mark before it is skipped.
std::optional<json::node> body_object(std::string_view body, faults& wrong);

/// Reads a JSON body into T, and what the path or a header has out of these. Unknown members are
/// ignored. Where nothing is left for the body, there need be none.
template <described T>
void read_with_body(const request_parts& beside, std::string_view body, T& out, faults& wrong) {
    const auto elsewhere = larder::detail::count_from_elsewhere<T>().both();
    const auto left = member_count<T>() - elsewhere;
    const bool needs_body = !beside.path || beside.path->size() < left || !body.empty();
    const auto sent =
        needs_body ? body_object(body, wrong) : json::node{.kind = json::kind::object};
    if (sent) read_members(*sent, "body", out, wrong, beside);
}
template <described T>
void read_body(std::string_view body, T& out, faults& wrong) {
    read_with_body({}, body, out, wrong);
}

}  // namespace LARDER_NAMESPACE::http
