#include "larder/openapi.hpp"

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <ranges>

#include "larder/json.hpp"
#include "larder/path.hpp"

namespace LARDER_NAMESPACE::openapi {

namespace {

// `name` and JSON; a member without JSON is left out.
using field = std::pair<std::string_view, std::string>;

std::string object(const std::vector<field>& fields) {
    std::string out;
    for (const auto& [name, value] : fields) {
        if (value.empty()) continue;
        out += out.empty() ? '{' : ',';
        json::append_string(out, name);
        out += ':' + value;
    }
    return out.empty() ? "{}" : out + '}';
}

std::string array(const std::vector<std::string>& elements) {
    std::string out;
    for (const auto& element : elements) out += (out.empty() ? '[' : ',') + element;
    return out.empty() ? "[]" : out + ']';
}

std::string quoted(std::string_view text) { return text.empty() ? "" : json::text(text); }

// A schema with more said about it.
std::string with(const std::string& schema, const std::vector<field>& more) {
    const auto added = object(more);
    if (added == "{}") return schema;
    return schema.substr(0, schema.size() - 1) + ',' + added.substr(1);
}

std::string json_content(const std::string& schema, const std::string& example = {}) {
    return object({{"application/json", object({{"schema", schema}, {"example", example}})}});
}

// What any operation may answer beside its reply.
struct answer {
    enum class when {
        always,
        input,
        body,
        get,
        cached,
        missing,
        known,
        guarded,
        guarded_body,
        unguarded_body,
        labelled,
        tagged
    };
    enum class content { none, error, validation_error };

    std::string_view status, text;
    when applies = when::always;
    content has = content::error;
    std::string_view header = {}, header_schema = {}, header_text = {};
};

constexpr std::array answers{
    answer{"304", "The entity tag in `if-none-match` is that of the answer.", answer::when::get,
           answer::content::none},
    answer{"307", "The path has a slash too many or too few at its end.", answer::when::always,
           answer::content::none, "location", R"({"type":"string","format":"uri"})",
           "The path as it is served, with the query."},
    answer{"400", "This is not HTTP; the connection is closed."},
    answer{"401", "Nothing says who asks, or what says it is not valid.", answer::when::known,
           answer::content::error, "www-authenticate", R"({"type":"string"})",
           "How to say who asks."},
    answer{"403", "Who asks may not do this.", answer::when::guarded},
    answer{"403",
           "Who asks may not do this, or it is of another origin's page, which has to say the "
           "body's type.",
           answer::when::guarded_body},
    answer{"403", "It is of another origin's page, which has to say the body's type.",
           answer::when::unguarded_body},
    answer{"404", "There is none.", answer::when::missing},
    answer{"412", "The entity tag in `if-match` is not that of the answer."},
    answer{"413", "The body is too long.", answer::when::body},
    answer{"415", "The body is of another type than JSON, or in a content coding.",
           answer::when::body},
    answer{"422",
           "The input is wrong. All its faults are named at once, in the order of its members.",
           answer::when::input, answer::content::validation_error},
    answer{"431", "The header is too long."},
    answer{"500", "The service is not configured, or PostgreSQL failed the statement."},
    answer{"503", "PostgreSQL cannot be reached, or was lost under way.", answer::when::always,
           answer::content::error, "retry-after", R"({"type":"integer","minimum":0})",
           "Seconds after which to try again."},
    answer{"504", "It is not in the cache, and `cache-control: only-if-cached` was asked.",
           answer::when::cached},
    answer{"default", "Anything else: 404 for another path, 405 with `allow` for another method."},
};

constexpr std::string_view error_schemas =
    R"("Error":{"type":"object","required":["detail"],)"
    R"("properties":{"detail":{"type":"string","description":"One sentence."}}},)"
    R"("HTTPValidationError":{"type":"object","required":["detail"],"properties":{"detail":)"
    R"({"type":"array","items":{"$ref":"#/components/schemas/ValidationError"}}}},)"
    R"("Problem":{"type":"object","required":["type","title","status","detail"],"properties":{)"
    R"("type":{"type":"string","description":"Always `about:blank`."},)"
    R"("title":{"type":"string","description":"The words of the status."},)"
    R"("status":{"type":"integer"},"detail":{"type":"string","description":"One sentence."},)"
    R"("errors":{"type":"array","items":{"$ref":"#/components/schemas/ValidationError"},)"
    R"("description":"What is wrong with the input."}}},)"
    R"("ValidationError":{"type":"object","required":["type","loc","msg"],"properties":{)"
    R"("type":{"type":"string","description":"What kind of fault it is: `missing`."},)"
    R"("loc":{"type":"array","items":{"anyOf":[{"type":"string"},{"type":"integer"}]},)"
    R"("description":"Where: `query` or `body`, and the names and positions that lead to it."},)"
    R"("msg":{"type":"string","description":"A sentence for a person."},)"
    R"("input":{"type":["string","number","boolean","null"],)"
    R"("description":"What was sent, if it is a short scalar."}}})";

// Of an answer to GET, of one that may come from the cache, and of a write's.
struct header {
    std::string_view name, text, schema;
    answer::when applies;
};
constexpr std::array reply_headers{
    header{"etag", "Of the bytes: the same on every instance.", R"({"type":"string"})",
           answer::when::tagged},
    header{"cache-control", "How long clients may use it without asking.", R"({"type":"string"})",
           answer::when::get},
    header{"vary", "The headers of the request on which it depends.", R"({"type":"string"})",
           answer::when::labelled},
    header{"age", "Seconds since it was loaded.", R"({"type":"integer","minimum":0})",
           answer::when::cached},
    header{"cache-status", "Where it came from: RFC 9211.", R"({"type":"string"})",
           answer::when::cached},
};

std::string header_object(std::string_view text, std::string_view schema) {
    return object({{"description", quoted(text)}, {"schema", std::string{schema}}});
}

// As most clients get it, and as those who ask for it.
std::string error_content(const std::string& schema) {
    return object(
        {{"application/json", object({{"schema", detail::reference_to(schema)}})},
         {"application/problem+json", object({{"schema", detail::reference_to("Problem")}})}});
}

bool applies(answer::when when, const operation& o) {
    const bool reads = o.method == http::method::get;
    switch (when) {
        case answer::when::body: return !o.body.empty();
        case answer::when::get: return reads;
        case answer::when::tagged: return reads || o.tells_tag;
        case answer::when::cached: return reads && !o.entries.empty();
        case answer::when::input:
            return !o.body.empty() || !o.query.empty() || !o.in_path.empty() ||
                   !o.in_header.empty();
        case answer::when::missing: return o.may_be_missing;
        case answer::when::known: return !o.security.name.empty();
        case answer::when::guarded: return o.is_guarded && o.body.empty();
        case answer::when::guarded_body: return o.is_guarded && !o.body.empty();
        case answer::when::unguarded_body: return !o.is_guarded && !o.body.empty();
        case answer::when::labelled: return reads && (o.is_guarded || !o.in_header.empty());
        default: return true;
    }
}

std::string response(const answer& a) {
    std::string content, headers;
    if (a.has == answer::content::error) content = error_content("Error");
    if (a.has == answer::content::validation_error) content = error_content("HTTPValidationError");
    if (!a.header.empty())
        headers = object({{a.header, header_object(a.header_text, a.header_schema)}});
    return object({{"description", quoted(a.text)}, {"headers", headers}, {"content", content}});
}

std::string responses(const operation& o) {
    const auto text = o.reply_text.empty() ? "Done." : o.reply_text;
    const auto content = o.reply.empty() ? ""
                                         : json_content(detail::reference_to(o.reply),
                                                        detail::example_of(o.structs.at(o.reply)));
    std::vector<field> headers;
    for (const auto& h : reply_headers)
        if (applies(h.applies, o)) headers.emplace_back(h.name, header_object(h.text, h.schema));
    const auto replied = [&](const std::string& said, const std::vector<field>& with) {
        return object({{"description", quoted(said)},
                       {"headers", with.empty() ? "" : object(with)},
                       {"content", content}});
    };
    std::vector<field> all;
    if (o.may_be_there) all.emplace_back("200", replied("It was there.", headers));
    if (o.status == 201)
        headers.emplace_back(
            "location",
            header_object("Where it is.", R"({"type":"string","format":"uri-reference"})"));
    const auto status = std::to_string(o.status);
    all.emplace_back(status, replied(text, headers));
    for (const auto& a : answers)
        if (applies(a.applies, o)) all.emplace_back(a.status, response(a));
    return object(all);
}

std::string parameter(const member& m, std::string_view where) {
    const bool is_required = m.required || where == "path";
    return object(
        {{"name", quoted(m.name)},
         {"in", quoted(where)},
         {"description", quoted(m.text)},
         {"required", is_required ? "true" : "false"},
         {"schema", with(m.schema, {{"examples", m.example.empty() ? "" : array({m.example})}})}});
}

std::string parameters(const operation& o) {
    std::vector<std::string> all;
    for (const auto& m : o.in_path) all.push_back(parameter(m, "path"));
    for (const auto& m : o.query) all.push_back(parameter(m, "query"));
    for (const auto& m : o.in_header) all.push_back(parameter(m, "header"));
    return all.empty() ? "" : array(all);
}

std::string body(const operation& o) {
    if (o.body.empty()) return {};
    return object({{"required", "true"},
                   {"content", json_content(detail::reference_to(o.body),
                                            detail::example_of(o.structs.at(o.body)))}});
}

std::string security(const operation& o) {
    return o.security.name.empty() ? "" : array({object({{o.security.name, "[]"}})});
}

std::string security_schemes(const std::vector<operation>& operations) {
    std::vector<field> all;
    for (const auto& [name, value] : operations | std::views::transform(&operation::security))
        if (!name.empty() && std::ranges::find(all, name, &field::first) == all.end())
            all.emplace_back(name, value);
    return all.empty() ? "" : object(all);
}

// Which entries a GET reads, or a POST makes untrue, and how long entries live.
std::string cache_policy(const operation& o, std::chrono::seconds usual_ttl) {
    std::vector<std::string> entries;
    entries.reserve(o.entries.size());
    for (const auto& one : o.entries) entries.push_back(quoted(one));
    if (o.method != http::method::get) return object({{"invalidates", array(entries)}});
    if (entries.empty()) return {};
    const auto text = [](auto time) { return std::to_string(time.count()); };
    const auto if_any = [&](auto time) { return time.count() > 0 ? text(time) : ""; };
    const auto& negative = o.policy.negative_ttl;
    return object({{"family", quoted(o.family)},
                   {"entries", array(entries)},
                   {"ttl", text(o.policy.ttl.value_or(usual_ttl))},
                   {"negative_ttl", negative && o.may_be_missing ? text(*negative) : ""},
                   {"stale_while_revalidate", if_any(o.policy.stale_while_revalidate)},
                   {"stale_if_error", if_any(o.policy.stale_if_error)}});
}

std::string_view verb(const operation& o) {
    switch (o.method) {
        case http::method::get: return "get";
        case http::method::put: return "put";
        case http::method::patch: return "patch";
        case http::method::del: return "delete";
        default: return "post";
    }
}

// "post_add" of POST /add/: what generated clients call it.
std::string id_of(const operation& o) {
    std::string id{verb(o)};
    for (const char c : o.path) {
        const bool word =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (word) id += c;
        else if (!id.ends_with('_')) id += '_';
    }
    while (id.ends_with('_')) id.pop_back();
    return id;
}

std::string path_item(const std::vector<operation>& all, const std::string& path,
                      const document_options& options) {
    std::vector<field> methods;
    for (const auto& o : all)
        if (o.path == path)
            methods.emplace_back(verb(o),
                                 object({{"operationId", quoted(id_of(o))},
                                         {"tags", array({quoted(options.title)})},
                                         {"summary", quoted(o.summary)},
                                         {"description", quoted(o.text)},
                                         {"security", security(o)},
                                         {"parameters", parameters(o)},
                                         {"requestBody", body(o)},
                                         {"responses", responses(o)},
                                         {"x-larder-cache", cache_policy(o, options.ttl)}}));
    return object(methods);
}

std::string struct_schema(const members& all) {
    std::vector<field> properties;
    std::vector<std::string> required;
    for (const auto& m : all) {
        const bool shown_elsewhere = m.schema.starts_with(R"({"$ref")");
        properties.emplace_back(
            m.name,
            with(m.schema,
                 {{"description", quoted(m.text)},
                  {"examples", m.example.empty() || shown_elsewhere ? "" : array({m.example})}}));
        if (m.required) required.push_back(quoted(m.name));
    }
    return object({{"type", quoted("object")},
                   {"required", required.empty() ? "" : array(required)},
                   {"properties", object(properties)}});
}

std::string schemas(const std::vector<operation>& operations) {
    std::vector<field> all;
    for (const auto& o : operations)
        for (const auto& [name, members] : o.structs)
            if (std::ranges::find(all, name, &field::first) == all.end())
                all.emplace_back(name, struct_schema(members));
    return object(all);
}

}  // namespace

namespace detail {

members take_path_members(members& all, std::string_view path) {
    members taken;
    for (auto name = larder::detail::take_parameter(path); !name.empty();
         name = larder::detail::take_parameter(path)) {
        const auto found = std::ranges::find(all, name, &member::name);
        if (found == all.end()) continue;
        taken.push_back(std::move(*found));
        all.erase(found);
    }
    return taken;
}

members take_header_members(members& all) {
    members taken;
    for (auto& one : all)
        if (one.in_header) taken.push_back(std::move(one));
    std::erase_if(all, [](const member& one) { return one.in_header; });
    return taken;
}

members preconditions() {
    return {{.name = "if-match",
             .text = "Only if the entity tag of what GET answers is one of these; or `*`: if there "
                     "is something.",
             .schema = R"({"type":"string"})",
             .example = {},
             .required = false,
             .in_header = true},
            {.name = "if-none-match",
             .text = "Only if it is none of these; or `*`: if there is nothing.",
             .schema = R"({"type":"string"})",
             .example = {},
             .required = false,
             .in_header = true}};
}

void add_missing(members& to, members more) {
    for (auto& one : more)
        if (std::ranges::find(to, one.name, &member::name) == to.end())
            to.push_back(std::move(one));
}

std::string body_of(members rest, std::string name, std::map<std::string, members>& structs) {
    if (rest.empty()) return {};
    structs[name] = std::move(rest);
    return name;
}

std::string short_name(const std::type_info& type) {
    const auto whole = boost::core::demangle(type.name());
    return whole.substr(whole.rfind(':') + 1);  // npos + 1 is 0
}

// Bounds of 64 bits are left out: many tools read numbers as doubles.
std::string integer_schema(std::size_t bytes, bool is_signed, std::int64_t min, std::int64_t max) {
    const bool has_format = is_signed && bytes >= 4, has_bounds = bytes < 8;
    return object({{"type", quoted("integer")},
                   {"format", has_format ? quoted("int" + std::to_string(8 * bytes)) : ""},
                   {"minimum", has_bounds ? std::to_string(min) : ""},
                   {"maximum", has_bounds ? std::to_string(max) : ""}});
}

std::string amount_schema(const std::string& max) {
    return R"({"anyOf":[{"type":"number","minimum":-)" + max + R"(,"maximum":)" + max +
           R"(},{"type":"string","pattern":)" +
           quoted(R"(^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$)") + "}]}";
}

std::string text_schema(std::string_view format) {
    return object({{"type", quoted("string")}, {"format", quoted(format)}});
}

std::string names_schema(const std::vector<std::string>& names) {
    std::vector<std::string> all;
    all.reserve(names.size());
    for (const auto& one : names) all.push_back(quoted(one));
    return object({{"type", quoted("string")}, {"enum", array(all)}});
}

std::string array_schema(const std::string& element) {
    return object({{"type", quoted("array")}, {"items", element}});
}

std::string nullable_schema(const std::string& schema) {
    return object({{"anyOf", array({schema, R"({"type":"null"})"})}});
}

std::string reference_to(const std::string& name) {
    return object({{"$ref", quoted("#/components/schemas/" + name)}});
}

std::string example_of(const members& all) {
    std::vector<field> examples;
    for (const auto& m : all) examples.emplace_back(m.name, m.example);
    const auto lacking = [](const member& m) { return m.example.empty(); };
    return std::ranges::any_of(all, lacking) ? "" : object(examples);
}

}  // namespace detail

std::string document(const document_options& options, const std::vector<operation>& operations) {
    std::vector<field> paths;
    for (const auto& o : operations)
        if (std::ranges::find(paths, o.path, &field::first) == paths.end())
            paths.emplace_back(o.path, path_item(operations, o.path, options));
    const auto own = schemas(operations);
    return object({{"openapi", quoted("3.1.0")},
                   {"info", object({{"title", quoted(options.title)},
                                    {"version", quoted(options.version)},
                                    {"description", quoted(options.text)}})},
                   // Beside this document: true also behind a proxy that adds a prefix.
                   {"servers", R"([{"url":".","description":"where this document is"}])"},
                   {"security", "[]"},
                   {"tags", array({object({{"name", quoted(options.title)}})})},
                   {"paths", object(paths)},
                   {"components",
                    object({{"schemas", own.substr(0, own.size() - 1) + (own == "{}" ? "" : ",") +
                                            std::string{error_schemas} + '}'},
                            {"securitySchemes", security_schemes(operations)}})}}) +
           '\n';
}

}  // namespace LARDER_NAMESPACE::openapi
