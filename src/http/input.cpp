#include "larder/http/input.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "larder/percent.hpp"

namespace LARDER_NAMESPACE::http {

namespace {

constexpr std::size_t most_echoed_bytes = 200;

// Python's str.strip, as far as ASCII goes: people paste numbers with blanks around them.
std::string_view strip(std::string_view text) {
    constexpr std::string_view blanks = " \t\n\v\f\r";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The member that is to blame; null for a fault of the whole input.
const std::string* member_of(const fault& f) {
    return f.loc.size() < 2 ? nullptr : std::get_if<std::string>(&f.loc[1]);
}

// The JSON of a short scalar; empty for anything else. An escaped text may be six times as long as
// what was sent, so its JSON has to be short as well.
std::string echo_of(const json::node& node) {
    if (node.text.size() > most_echoed_bytes) return {};
    switch (node.kind) {
        case json::kind::null: return "null";
        case json::kind::boolean: return node.boolean ? "true" : "false";
        case json::kind::number: return node.text;
        case json::kind::string: {
            auto text = json::text(node.text);
            constexpr std::size_t quotes = 2;
            return text.size() <= most_echoed_bytes + quotes ? text : "";
        }
        default: return {};
    }
}

void append(std::string& out, const fault& f) {
    out += R"({"type":)";
    json::append_string(out, f.type);
    out += R"(,"loc":[)";
    for (std::size_t i = 0; i < f.loc.size(); ++i) {
        if (i > 0) out += ',';
        std::visit([&](const auto& step) { json::append(out, step); }, f.loc[i]);
    }
    out += R"(],"msg":)";
    json::append_string(out, f.msg);
    const auto echo = f.input ? echo_of(*f.input) : "";
    if (!echo.empty()) out.append(R"(,"input":)").append(echo);
    out += '}';
}

std::string decode(std::string_view text) {
    std::string spaced{text};
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return percent_decode_leniently(spaced);
}

// An integer's text: digits, with a fraction of zeros allowed ("9999.0"), as Pydantic has it.
bool looks_like_integer(std::string_view text) {
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
    const auto point = std::min(text.find('.'), text.size());
    const auto digits = text.substr(0, point), zeros = text.substr(point);
    return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos &&
           zeros.find_first_not_of('0', 1) == std::string_view::npos && zeros != ".";
}

fault integer_fault(const char* type, std::string msg, const json::node& from) {
    return {type, {}, std::move(msg), from};
}

}  // namespace

std::string faults_json(const faults& all) {
    std::string out = R"({"detail":[)";
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i > 0) out += ',';
        append(out, all[i]);
    }
    out += "]}";
    return out;
}

void locate(faults& wrong, const path_members* in_path, std::string_view where) {
    for (auto& one : wrong) {
        const auto* name = member_of(one);
        auto* origin = name ? std::get_if<std::string>(&one.loc.front()) : nullptr;
        if (origin && origin->empty())
            *origin = detail::find_in(in_path, *name) ? std::string_view{"path"} : where;
    }
}

bool is_at_fault(const faults& wrong, std::string_view member) {
    return std::any_of(wrong.begin(), wrong.end(), [&](const fault& f) {
        const auto* name = member_of(f);
        return !name || *name == member;
    });
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> members;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto member = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (member.empty()) continue;
        const auto equals = std::min(member.find('='), member.size());
        members.emplace_back(decode(member.substr(0, equals)),
                             decode(member.substr(std::min(equals + 1, member.size()))));
    }
    return members;
}

std::optional<json::node> body_object(std::string_view body, faults& wrong) {
    const fault missing{"missing", {"body"}, "Field required"};
    // Some editors and libraries write it; RFC 8259, section 8.1, lets a reader skip it.
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    const bool is_marked = body.starts_with(byte_order_mark);
    if (is_marked) body.remove_prefix(byte_order_mark.size());
    if (body.empty()) {
        wrong.push_back(missing);
        return std::nullopt;
    }
    auto parsed = json::parse(body, most_body_values);
    if (const auto* error = std::get_if<json::syntax_error>(&parsed)) {
        if (error->has_too_many) {
            wrong.push_back(
                {"too_long",
                 {"body"},
                 "Input should have at most " + std::to_string(most_body_values) + " values"});
            return std::nullopt;
        }
        wrong.push_back({"json_invalid",
                         {"body", static_cast<std::int64_t>(error->position + (is_marked ? 1 : 0))},
                         "JSON decode error"});
        return std::nullopt;
    }
    auto& root = std::get<json::node>(parsed);
    if (root.kind == json::kind::object) return std::move(root);
    if (root.kind == json::kind::null) wrong.push_back(missing);
    else detail::place{nullptr, "body"}.blame(wrong, detail::no_object());
    return std::nullopt;
}

namespace detail {

void rename(faults& wrong, std::string_view member, const std::string& header) {
    for (auto& one : wrong) {
        const auto* name = member_of(one);
        const auto* origin = name ? std::get_if<std::string>(&one.loc.front()) : nullptr;
        if (origin && origin->empty() && *name == member) one.loc = {"header", header};
    }
}

void sort_by_name(faults& wrong, const std::vector<std::string>& names) {
    const auto position = [&](const fault& f) {
        const auto* name = member_of(f);
        return name ? std::find(names.begin(), names.end(), *name) - names.begin() : -1;
    };
    // Of one member, several may be at fault: they stay in their order.
    std::multimap<std::ptrdiff_t, fault> sorted;
    for (auto& one : wrong) {
        const auto at = position(one);
        sorted.emplace(at, std::move(one));
    }
    wrong.clear();
    for (auto& [at, one] : sorted) wrong.push_back(std::move(one));
}

void place::blame(faults& wrong, fault one) const {
    one.loc.clear();
    for (const auto* at = this; at; at = at->outer) {
        if (at->name.data()) one.loc.emplace_back(std::string{at->name});
        else one.loc.emplace_back(at->index);
    }
    std::reverse(one.loc.begin(), one.loc.end());
    wrong.push_back(std::move(one));
}

std::optional<json::node> find_in(const path_members* in_path, std::string_view name) {
    if (!in_path) return std::nullopt;
    for (const auto& [one, value] : *in_path)
        if (one == name) return json::node{.kind = json::kind::string, .text = value};
    return std::nullopt;
}

std::optional<json::node> find_in(const header_fields* headers, std::string_view name) {
    if (!headers || !headers->has(name)) return std::nullopt;
    return json::node{.kind = json::kind::string, .text = headers->all(name)};
}

std::optional<fault> read_integer(const json::node& from, integer_range range, std::int64_t& out) {
    std::string_view digits = from.text;
    if (from.kind == json::kind::string) {
        digits = strip(digits);
        if (!looks_like_integer(digits))
            return integer_fault(
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer", from);
    } else if (from.kind != json::kind::number) {
        return integer_fault("int_type", "Input should be a valid integer", from);
    }
    const auto number = larder::detail::parse_scaled(digits, 19, 0);
    if (number.error == number_error::none && !number.exact)
        return integer_fault("int_from_float",
                             "Input should be a valid integer, got a number with a fractional part",
                             from);
    // -(min + 1) + 1 is the magnitude of min, without overflow.
    const auto most = number.negative ? static_cast<std::uint64_t>(-(range.min + 1)) + 1
                                      : static_cast<std::uint64_t>(range.max);
    if (number.error != number_error::none || number.magnitude > most)
        return integer_fault("int_out_of_range",
                             "Input should be between " + std::to_string(range.min) + " and " +
                                 std::to_string(range.max),
                             from);
    out = static_cast<std::int64_t>(number.negative ? 0 - number.magnitude : number.magnitude);
    return std::nullopt;
}

std::optional<fault> read_boolean(const json::node& from, bool& out) {
    if (from.kind != json::kind::boolean && from.text != "true" && from.text != "false")
        return fault{"bool_type", {}, "Input should be a valid boolean", from};
    out = from.boolean || from.text == "true";
    return std::nullopt;
}

std::optional<fault> read_text(const json::node& from, std::string& out) {
    if (from.kind != json::kind::string)
        return fault{"string_type", {}, "Input should be a valid string", from};
    out = from.text;
    return std::nullopt;
}

std::optional<fault> read_number_text(const json::node& from, std::string_view& out) {
    if (from.kind != json::kind::number && from.kind != json::kind::string)
        return fault{"float_type", {}, "Input should be a valid number", from};
    out = from.kind == json::kind::string ? strip(from.text) : std::string_view{from.text};
    return std::nullopt;
}

fault bad_number(const json::node& from, number_error error, std::string_view limit) {
    if (error == number_error::syntax)
        return {"float_parsing",
                {},
                "Input should be a valid number, unable to parse string as a number",
                from};
    return {"decimal_out_of_range",
            {},
            "Input should be between -" + std::string{limit} + " and " + std::string{limit},
            from};
}

fault bad_spelling(const json::node& from, std::string_view kind) {
    const std::string_view example = kind == "date"       ? "2023-03-10"
                                     : kind == "datetime" ? "2023-03-10T12:00:00Z"
                                                          : "67e55044-10b1-426f-9247-bb680e5fe0c8";
    return {std::string{kind} + "_parsing",
            {},
            "Input should be a valid " + std::string{kind} + ", such as " + std::string{example},
            from};
}

// "Input should be 'small', 'medium' or 'large'"
fault bad_name(const json::node& from, const std::vector<std::string_view>& names) {
    std::string all;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) all += i + 1 == names.size() ? " or " : ", ";
        all.append(1, '\'').append(names[i]).append(1, '\'');
    }
    return {"enum", {}, "Input should be " + all, from};
}

fault no_text() { return {"string_unicode", {}, "Input should be a text in UTF-8, without NUL"}; }

fault no_object() {
    return {"model_attributes_type",
            {},
            "Input should be a valid dictionary or object to extract fields from"};
}

fault no_list() { return {"list_type", {}, "Input should be a valid list"}; }

}  // namespace detail

}  // namespace LARDER_NAMESPACE::http
