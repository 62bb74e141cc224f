// What a step may be put before, checked by the compiler; what it reads of a request, and what it
// hands on.

#include "larder/before.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "larder/app.hpp"
#include "unit/offline_worker.hpp"

namespace LARDER_NAMESPACE {

// The library's templates make coroutines of these.
namespace types_of_before_test {

struct person {
    std::string name;
    std::int32_t age = 0;
};
BOOST_DESCRIBE_STRUCT(person, (), (name, age))

struct tenant {
    std::int32_t number = 0;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(tenant, (), (number, name))

struct by_header {
    from_header<std::int32_t> x_tenant;
    std::optional<bool> strict;
};
BOOST_DESCRIBE_STRUCT(by_header, (), (x_tenant, strict))

struct question {
    std::int32_t id = 0;
    from_caller<std::string> name;
    from_header<std::optional<std::string>> accept_language;
};
BOOST_DESCRIBE_STRUCT(question, (), (id, name, accept_language))

struct reply {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(reply, (), (text))

}  // namespace types_of_before_test

namespace {

using namespace types_of_before_test;

struct headers : http::header_fields {
    explicit headers(std::map<std::string, std::string, std::less<>> all)
        : values(std::move(all)) {}
    std::string all(std::string_view name) const override {
        const auto found = values.find(name);
        return found == values.end() ? "" : found->second;
    }
    bool has(std::string_view name) const override { return values.contains(name); }
    std::map<std::string, std::string, std::less<>> values;
};

awaitable<std::optional<person>> find_person(services&, std::string token) {
    if (token == "bad") co_return std::nullopt;
    if (token == "no") throw http::error{403, "Not you"};
    co_return person{token, 7};
}
awaitable<tenant> find_tenant(services&, by_header from) { co_return tenant{*from.x_tenant, ""}; }
awaitable<reply> answer(services&, question q) { co_return reply{*q.name}; }

constexpr auto known = bearer_token(find_person);
constexpr auto keyed = api_key("x-key", find_person);

template <class Step>
step_outcome<typename Step::caller> asked(const Step& step, const headers& sent,
                                          std::string_view query = {},
                                          std::string_view not_ready = {}) {
    test::offline_worker worker;
    http::request r;
    r.headers = &sent;
    r.query = query;
    step_outcome<typename Step::caller> found;
    const auto keep = [&]() -> awaitable<void> {
        found = co_await step.ask(worker.next_request(), not_ready, r);
    };
    worker.run(keep());
    return found;
}

template <class Step>
std::string caller_of(const Step& step, const headers& sent) {
    const auto found = asked(step, sent);
    return found.caller ? found.caller->name : std::to_string(found.refused.status);
}

TEST(bearer_token, is_read_as_rfc_6750_has_it) {
    for (const auto* good : {"Bearer abc", "bearer abc", "BEARER  abc "})
        EXPECT_EQ(caller_of(known, headers{{{"authorization", good}}}), "abc") << good;
    EXPECT_EQ(caller_of(known, headers{{{"authorization", "Bearer aZ09-._~+/=="}}}),
              "aZ09-._~+/==");
    for (const auto* wrong :
         {"", "abc", "Bearer", "Bearer ", "Bearerabc", "Basic abc", "Bearer a b", "Bearer a,b",
          "Bearer =", "Bearer a=b", "Bearer \"a\"", "Bearer \xc3\xa4"})
        EXPECT_EQ(caller_of(known, headers{{{"authorization", wrong}}}), "401") << wrong;
    EXPECT_EQ(caller_of(known, headers{{}}), "401");
    EXPECT_EQ(caller_of(known, headers{{{"authorization", "Bearer bad"}}}), "401");
    const headers refused{{{"authorization", "Bearer no"}}};
    EXPECT_THROW(asked(known, refused), http::error);
}

TEST(api_key, is_the_whole_header) {
    EXPECT_EQ(caller_of(keyed, headers{{{"x-key", "a b, c"}}}), "a b, c");
    EXPECT_EQ(caller_of(keyed, headers{{{"authorization", "Bearer abc"}}}), "401");
    EXPECT_EQ(caller_of(keyed, headers{{{"x-key", ""}}}), "401");
}

TEST(credential_step, says_how_to_say_who_asks) {
    using header = std::pair<std::string, std::string>;
    EXPECT_EQ(asked(known, headers{{}}).refused.headers.at(0),
              (header{"www-authenticate", "Bearer"}));
    EXPECT_EQ(asked(known, headers{{{"authorization", "Bearer bad"}}}).refused.headers.at(0),
              (header{"www-authenticate", "Bearer error=\"invalid_token\""}));
    EXPECT_EQ(asked(keyed, headers{{{"x-key", "bad"}}}).refused.headers.at(0),
              (header{"www-authenticate", "ApiKey header=\"x-key\""}));
}

TEST(credential_step, asks_nobody_while_the_app_is_not_ready) {
    const headers sent{{{"authorization", "Bearer abc"}}};
    EXPECT_EQ(asked(known, sent, "", "no database").refused.status, 500U);
    EXPECT_EQ(asked(known, headers{{}}, "", "no database").refused.status, 401U);
}

TEST(credential_step, is_described_for_the_document) {
    EXPECT_EQ(known.scheme().name, "bearer");
    EXPECT_EQ(known.scheme().object, R"({"type":"http","scheme":"bearer"})");
    constexpr auto said = api_key("x-key", find_person, "staff", "Of the \"staff\"");
    EXPECT_EQ(said.scheme().name, "staff");
    EXPECT_EQ(said.scheme().object,
              R"({"type":"apiKey","in":"header","name":"x-key","description":"Of the \"staff\""})");
}

TEST(input_step, reads_its_input_from_headers_and_the_query) {
    constexpr auto step = before(find_tenant).step;
    EXPECT_EQ(asked(step, headers{{{"x-tenant", "7"}}}).caller->number, 7);
    EXPECT_EQ(step.headers(), std::vector<std::string>{"x-tenant"});
    const auto wrong = asked(step, headers{{{"x-tenant", "x"}}}, "strict=2").refused;
    EXPECT_EQ(wrong.status, 422U);
    EXPECT_EQ(wrong.body,
              R"({"detail":[{"type":"int_parsing","loc":["header","x-tenant"],"msg":"Input should )"
              R"(be a valid integer, unable to parse string as an integer","input":"x"},)"
              R"({"type":"bool_type","loc":["query","strict"],)"
              R"("msg":"Input should be a valid boolean","input":"2"}]})");
    EXPECT_EQ(asked(step, headers{{}}).refused.body,
              R"({"detail":[{"type":"missing","loc":["header","x-tenant"],)"
              R"("msg":"Field required"}]})");
}

constexpr cache::key answers =
    cache::key{"answers", cache::depends_on{"t", "id"}}.with_parameters(3);
constexpr auto by_all = answers(&question::id, &question::name, &question::accept_language);

using guarded_read = decltype(&answer | before(known));
using guarded_cached = decltype(&answer | cached(by_all) | before(known));
using guarded_write = decltype(&answer | invalidates(nothing) | before(known));

TEST(before, leaves_a_handler_what_it_is) {
    static_assert(guarded<guarded_read> && guarded<guarded_cached> && guarded<guarded_write>);
    static_assert(!guarded<decltype(&answer)>);
    static_assert(caching<guarded_cached> && !caching<guarded_read> && !caching<guarded_write>);
    static_assert(invalidating<guarded_write> && !invalidating<guarded_cached>);
    static_assert(std::same_as<input_of<guarded_cached>, question>);
}

TEST(before, hands_on_what_the_handler_asks_for) {
    question q;
    guarded_read::hand_over({"Ada", 36}, q);
    EXPECT_EQ(*q.name, "Ada");
    EXPECT_EQ(by_all.entry(q), "answers:0:Ada:all");
    q.accept_language.value = "de";
    EXPECT_EQ(by_all.entry(q), "answers:0:Ada:de");
    EXPECT_EQ(by_all.patterns().back(), "answers:{id}:{name}:{accept_language}");
}

TEST(before, reads_no_member_of_the_caller_from_anywhere) {
    const http::path_members path{{"id", "3"}, {"name", "Eve"}};
    const headers sent{{{"accept-language", "de, en"}, {"name", "Eve"}}};
    question q;
    http::faults wrong;
    http::read_with_query({&path, &sent}, "name=Eve", q, wrong);
    EXPECT_TRUE(wrong.empty());
    EXPECT_EQ(*q.name, "");
    EXPECT_EQ(q.accept_language->value(), "de, en");
    http::read_with_body({&path, &sent}, R"({"name":"Eve","accept_language":"fr"})", q, wrong);
    EXPECT_EQ(*q.name, "");
    EXPECT_EQ(q.accept_language->value(), "de, en");
    http::read_with_body({&path, &sent}, "", q, wrong);
    EXPECT_TRUE(wrong.empty()) << "the path has what is left";
}

TEST(before, is_in_the_document) {
    app at{app_options{}};
    at.get("/answers/{id}", &answer | cached(by_all) | before(known));
    at.post("/answers/{id}", &answer | invalidates(nothing) | before(find_tenant));
    const auto document = at.openapi();
    for (const auto* part :
         {R"("security":[{"bearer":[]}])", R"("securitySchemes":{"bearer":)",
          R"({"name":"accept-language","in":"header","required":false,"schema":{"type":"string"}})",
          R"({"name":"x-tenant","in":"header","required":true)", R"("401")", R"("403")",
          R"("vary")"})
        EXPECT_NE(document.find(part), std::string::npos) << part << '\n' << document;
    EXPECT_EQ(document.find(R"("name":"name")"), std::string::npos) << "who asks is no parameter";
}

TEST(label, says_for_whom_an_answer_is) {
    using list = std::vector<std::pair<std::string, std::string>>;
    http::response answered{.headers = {{"etag", "x"}, {"cache-control", "max-age=5"}}};
    detail::label(answered, "x-language", false);
    EXPECT_EQ(answered.headers,
              (list{{"etag", "x"}, {"cache-control", "max-age=5"}, {"vary", "x-language"}}));
    detail::label(answered, "", true);
    EXPECT_EQ(answered.headers[1].second, "private, max-age=5");
}

}  // namespace
}  // namespace LARDER_NAMESPACE
