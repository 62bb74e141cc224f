// The OpenAPI 3.1 document, from the types of the handlers and the docs beside their structs.
#pragma once

#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "larder/before.hpp"
#include "larder/cached.hpp"
#include "larder/docs.hpp"
#include "larder/handler.hpp"
#include "larder/http/message.hpp"
#include "larder/preconditions.hpp"

namespace LARDER_NAMESPACE::openapi {

/// A member of an input or a reply, as the document describes it.
struct member {
    std::string name, text, schema, example;  ///< schema and example are JSON
    bool required = true;
    bool in_header = false;
};
using members = std::vector<member>;

/// One method of one path.
struct operation {
    http::method method = http::method::get;
    std::string path = {};
    std::string summary = {}, text = {}, reply_text = {};
    members in_path = {}, query = {}, in_header = {};
    security_scheme security = {};                ///< by which who asks is known, if he has to be
    bool is_guarded = false;                      ///< by a step, also one without a scheme
    unsigned status = 200;                        ///< of the reply
    bool may_be_missing = false;                  ///< 404 then
    bool may_be_there = false;                    ///< 200 then, and not 201
    bool tells_tag = false;                       ///< a write's answer has an entity tag
    std::string body = {}, reply = {};            ///< names of structs; empty: nothing is sent
    std::map<std::string, members> structs = {};  ///< those two, and what they contain
    std::string family = {};                      ///< of the entries read or made untrue
    std::vector<std::string> entries = {};        ///< `num_orders:all`, `num_orders:{customerid}`
    cache::policy policy = {};                    ///< of the entries
};

/// What the document says of the service as a whole.
struct document_options {
    std::string title = {}, version = {}, text = {};
    std::chrono::seconds ttl = {};  ///< of entries
};

/// The whole document: compact JSON and a newline.
std::string document(const document_options& options, const std::vector<operation>& operations);

namespace detail {

/// The name without its namespace: `new_order`.
std::string short_name(const std::type_info& type);
std::string integer_schema(std::size_t bytes, bool is_signed, std::int64_t min, std::int64_t max);
std::string amount_schema(const std::string& max);
/// A string; with a format of JSON Schema: `date`, `date-time`, `uuid`.
std::string text_schema(std::string_view format);
std::string names_schema(const std::vector<std::string>& names);
std::string array_schema(const std::string& element);
std::string nullable_schema(const std::string& schema);
std::string reference_to(const std::string& name);
/// The object that the members' examples make; empty unless each has one.
std::string example_of(const members& all);

template <described T>
std::string name_of() {
    return short_name(typeid(T));
}

template <described T>
members members_of(std::map<std::string, members>& structs, bool in_query = false);

/// One schema serves what is taken and what is answered: the latter may be narrower.
template <class T>
std::string schema_of(std::map<std::string, members>& structs) {
    if constexpr (std::same_as<T, bool>) {
        return R"({"type":"boolean"})";
    } else if constexpr (integer<T>) {
        using limits = std::numeric_limits<T>;
        return integer_schema(sizeof(T), std::signed_integral<T>, limits::min(),
                              static_cast<std::int64_t>(limits::max()));
    } else if constexpr (std::same_as<T, std::string>) {
        return R"({"type":"string"})";
    } else if constexpr (described_enum<T>) {
        std::vector<std::string> names;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
            [&](auto one) { names.emplace_back(one.name); });
        return names_schema(names);
    } else if constexpr (spelled<T>) {
        return text_schema(std::same_as<T, date>        ? "date"
                           : std::same_as<T, timestamp> ? "date-time"
                                                        : "uuid");
    } else if constexpr (is_optional<T>) {
        return nullable_schema(schema_of<typename T::value_type>(structs));
    } else if constexpr (described<T>) {
        // Once, as a struct may have a list of its own kind.
        const auto name = name_of<T>();
        if (structs.try_emplace(name).second) {
            auto all = members_of<T>(structs);
            structs[name] = std::move(all);
        }
        return reference_to(name);
    } else if constexpr (requires { T::max().text(); }) {
        return amount_schema(T::max().text());
    } else {
        return array_schema(schema_of<typename T::value_type>(structs));
    }
}

template <described T>
members members_of(std::map<std::string, members>& structs, bool in_query) {
    members all;
    for_each_member<T>([&]<class M>(member_of<T, M> m) {
        constexpr bool optional = is_optional<M>;
        const auto docs = docs_of_member<T>(m.name);
        member one{std::string{m.name}, std::string{docs.text}, "", std::string{docs.example},
                   !optional};
        if constexpr (is_from_caller<M>) {
            return;
        } else if constexpr (is_from_header<M>) {
            using type = typename M::value_type;
            one.name = larder::detail::name_outside<M>(m.name);
            one.in_header = true;
            one.required = !is_optional<type>;
            if constexpr (is_optional<type>)
                one.schema = schema_of<typename type::value_type>(structs);
            else one.schema = schema_of<type>(structs);
        } else if constexpr (optional) {
            one.schema =
                in_query ? schema_of<typename M::value_type>(structs) : schema_of<M>(structs);
        } else {
            one.schema = schema_of<M>(structs);
            if constexpr (described<M>) one.example = example_of(structs[name_of<M>()]);
        }
        all.push_back(std::move(one));
    });
    return all;
}

}  // namespace detail

namespace detail {

/// Takes those out of `all` that are parameters of the path.
members take_path_members(members& all, std::string_view path);
/// Takes those out of `all` that headers have.
members take_header_members(members& all);
/// `if-match` and `if-none-match`.
members preconditions();
/// Adds those whose names are not there yet.
void add_missing(members& to, members more);
/// The object of what is left, under that name; empty if nothing is.
std::string body_of(members rest, std::string name, std::map<std::string, members>& structs);

template <class Step>
void describe_step(operation& o, const Step& step) {
    o.is_guarded = true;
    o.security = step.scheme();
    if constexpr (requires { typename Step::input; }) {
        auto asked = members_of<typename Step::input>(o.structs, true);
        take_path_members(asked, o.path);
        add_missing(o.in_header, take_header_members(asked));
        add_missing(o.query, std::move(asked));
    }
}

template <replies Answer>
void describe_reply(operation& o) {
    using Reply = typename larder::detail::without_headers<Answer>::type;
    using body = typename larder::detail::body_of<Reply>::type;
    o.may_be_missing = is_optional<Reply>;
    o.may_be_there = larder::detail::is_created<Reply>;
    if (larder::detail::is_created<Reply>) o.status = 201;
    if constexpr (std::is_void_v<body>) {
        o.status = 204;
    } else {
        if constexpr (documented<body>) o.reply_text = larder::detail::docs_of<body>.text;
        schema_of<body>(o.structs);
        o.reply = name_of<body>();
    }
}

}  // namespace detail

/// What the types of a handler say, and the docs beside them.
template <handler H>
operation describe(const H& h, http::method method, std::string path) {
    using input = input_of<H>;
    operation o{.method = method, .path = std::move(path)};
    if constexpr (documented<input>) {
        o.summary = larder::detail::docs_of<input>.summary;
        o.text = larder::detail::docs_of<input>.text;
    }
    const bool has_body = method != http::method::get && method != http::method::del;
    auto all = detail::members_of<input>(o.structs, !has_body);
    o.in_path = detail::take_path_members(all, o.path);
    o.in_header = detail::take_header_members(all);
    // What is left of a struct is another one.
    const bool is_part = !o.in_path.empty() || !o.in_header.empty();
    auto name = detail::name_of<input>() + (is_part ? "_without" : "");
    for (const auto& one : o.in_header) name += '_' + one.name;
    for (const auto& one : o.in_path) name += '_' + one.name;
    if (has_body) o.body = detail::body_of(std::move(all), name, o.structs);
    else o.query = std::move(all);
    if constexpr (guarded<H>) detail::describe_step(o, h.step());
    using unguarded = typename larder::detail::unguarded<H>::type;
    if constexpr (conditional<unguarded>) {
        detail::add_missing(o.in_header, detail::preconditions());
        o.tells_tag =
            method == http::method::patch && larder::detail::replies_with_resource<unguarded>();
    }
    detail::describe_reply<reply_of<H>>(o);
    if constexpr (requires { h.key().patterns(); }) {
        o.family = h.key().family();
        o.policy = h.key().whole().policy();
        o.entries = h.key().patterns();
    } else if constexpr (requires { h.patterns(); }) {
        o.entries = h.patterns();
    }
    return o;
}

}  // namespace LARDER_NAMESPACE::openapi
