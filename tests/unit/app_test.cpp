// What a route may be made of, checked by the compiler, and what becomes of a handler's exception.
// Serving is tests/integration's.

#include "larder/app.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "unit/captured_log.hpp"

namespace LARDER_NAMESPACE {

// Of a cached reply the library's templates make coroutines.
namespace replies_in_app_test {
struct number {
    std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(number, (), (count))
}  // namespace replies_in_app_test

namespace {

using replies_in_app_test::number;

struct query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(query, (), (customerid))

struct row {
    std::int32_t customerid = 0;
};
BOOST_DESCRIBE_STRUCT(row, (), (customerid))

awaitable<number> read(services&, query) { co_return number{}; }
awaitable<number> write(services&, row) { co_return number{}; }

constexpr cache::key num_orders{"num_orders", cache::depends_on{"orders", "customerid"}};
constexpr auto by_query = num_orders(&query::customerid);
constexpr auto by_row = num_orders(&row::customerid);

// ---- what compiles ----

template <class Handler>
concept may_get = requires(app& at, Handler h) { at.get("/path", h); };
template <class Handler>
concept may_post = requires(app& at, Handler h) { at.post("/path", h); };
template <class Handler, class Decorator>
concept may_be = requires(Handler h, Decorator d) { h | d; };

using plain_read = decltype(&read);
using plain_write = decltype(&write);
using cached_read = decltype(&read | cached(by_query));
using cached_write = decltype(&write | cached(by_row));
using invalidating_write = decltype(&write | invalidates(by_row));
using harmless_write = decltype(&write | invalidates(nothing));
using invalidating_read = decltype(&read | invalidates(nothing));

TEST(app, takes_a_get_with_and_without_a_cache) {
    static_assert(may_get<plain_read> && may_get<cached_read>);
}

TEST(app, takes_no_get_that_invalidates) {
    static_assert(!may_get<invalidating_write> && !may_get<harmless_write>);
    static_assert(!may_get<invalidating_read>);
}

TEST(app, takes_a_post_that_says_what_it_makes_untrue) {
    static_assert(may_post<invalidating_write>);
}

TEST(app, takes_a_post_that_says_that_it_makes_nothing_untrue) {
    static_assert(may_post<harmless_write> && may_post<invalidating_read>);
}

TEST(app, takes_no_post_that_does_not_say_what_it_makes_untrue) {
    static_assert(!may_post<plain_write> && !may_post<plain_read>);
}

TEST(app, takes_no_post_that_is_cached) {
    static_assert(!may_post<cached_write> && !may_post<cached_read>);
}

TEST(cached, is_refused_for_what_invalidates) {
    static_assert(may_be<plain_read, decltype(cached(by_query))>);
    static_assert(!may_be<invalidating_write, decltype(cached(by_row))>);
    static_assert(!may_be<harmless_write, decltype(cached(by_row))>);
    static_assert(!may_be<invalidating_read, decltype(cached(by_query))>);
}

// Else a POST would be answered from the cache, and write nothing.
TEST(invalidates, is_refused_for_what_is_cached) {
    static_assert(!may_be<cached_write, decltype(invalidates(by_row))>);
    static_assert(!may_be<cached_write, decltype(invalidates(nothing))>);
    static_assert(!may_be<cached_read, decltype(invalidates(by_query))>);
}

TEST(app, knows_which_handlers_read_a_cache) {
    static_assert(caching<cached_read> && !caching<plain_read> && !caching<invalidating_write>);
}

struct undescribed {
    int a = 0;
};
template <class Reply, class Input>
using function = awaitable<Reply> (*)(services&, Input);

TEST(handler, is_from_a_described_struct_to_a_described_struct) {
    static_assert(handler<plain_read> && handler<plain_write>);
    static_assert(handler<cached_read> && handler<invalidating_write>);
    static_assert(handler<function<number, query>>);
    static_assert(!handler<function<undescribed, query>>);
    static_assert(!handler<function<number, undescribed>>);
    static_assert(std::same_as<input_of<plain_read>, query>);
    static_assert(std::same_as<reply_of<plain_read>, number>);
}

TEST(app, is_made_and_gone_without_serving) {
    app at{app_options{}};
    at.get("/count", read | cached(by_query));
    at.get("/plain", read);
    at.post("/add/", write | invalidates(by_row));
    at.post("/ping", write | invalidates(nothing));
}

// `shop:a:b` would be of both.
TEST(app, takes_no_families_that_could_have_an_entry_in_common) {
    using cache::depends_on, cache::key;
    constexpr key shop{"shop", depends_on{"t", "a", "b"}}, a{"shop:a", depends_on{"t", "b"}};
    constexpr key shops{"shops", depends_on{"t", "a"}}, narrow{"shop", depends_on{"t", "a"}};
    app wide_first{app_options{}}, wide_last{app_options{}}, one_each{app_options{}};
    wide_first.reads(shop);
    wide_first.reads(shop);
    wide_first.reads(shops);
    EXPECT_THROW(wide_first.reads(a), std::logic_error);
    wide_last.reads(a);
    EXPECT_THROW(wide_last.reads(shop), std::logic_error);
    one_each.reads(a);
    one_each.reads(narrow);
    app by_generation{app_options{}};
    by_generation.reads(key{"shop", depends_on{"t"}});
    EXPECT_THROW(by_generation.reads(a), std::logic_error);
}

struct both {
    std::int32_t customerid = 0;
    std::optional<std::string> state;
};
BOOST_DESCRIBE_STRUCT(both, (), (customerid, state))

awaitable<number> read_both(services&, both) { co_return number{}; }

TEST(app, documents_the_entries_of_several_parameters) {
    constexpr cache::key by_both{"by_both", cache::depends_on{"orders", "customerid", "state"}};
    app at{app_options{}};
    at.get("/count/{customerid}", read_both | cached(by_both(&both::customerid, &both::state)));
    EXPECT_NE(at.openapi().find(R"("by_both:all:all","by_both:{customerid}:all",)"
                                R"("by_both:all:{state}","by_both:{customerid}:{state}")"),
              std::string::npos)
        << at.openapi();
}

TEST(app, has_an_entity_tag_for_every_get) {
    app at{app_options{}};
    at.get("/plain", read);
    const auto document = at.openapi();
    EXPECT_NE(document.find(R"("304")"), std::string::npos) << document;
    EXPECT_NE(document.find(R"("etag")"), std::string::npos);
    EXPECT_EQ(document.find(R"("age")"), std::string::npos) << "no cache was asked";
}

// ---- a reply's own headers ----

TEST(with_headers, is_a_reply_as_the_one_within) {
    static_assert(replies<with_headers<number>> && replies<with_headers<std::optional<number>>>);
    static_assert(replies<with_headers<created<number>>> && replies<with_headers<no_content>>);
    static_assert(!replies<with_headers<with_headers<number>>>);
    static_assert(!cache::storable<with_headers<number>>, "an entry has no headers");
    using list = std::vector<std::pair<std::string, std::string>>;
    const with_headers<created<number>> made{.value = {.value = {7}, .location = "/7"},
                                             .headers = {{"x-a", "1"}, {"x-a", "2"}}};
    const auto answered = detail::answer_to_write(made);
    EXPECT_EQ(answered.status, 201U);
    EXPECT_EQ(answered.body, R"({"count":7})");
    EXPECT_EQ(answered.headers, (list{{"location", "/7"}, {"x-a", "1"}, {"x-a", "2"}}));
    const with_headers<std::optional<number>> none{.headers = {{"x-a", "1"}}};
    EXPECT_EQ(detail::answer_to_write(none).status, 404U);
    EXPECT_EQ(detail::answer_to_write(none).headers.back().first, "x-a");
    EXPECT_EQ(detail::answer_to_write(with_headers<no_content>{}).status, 204U);
}

TEST(with_headers, replaces_what_the_answer_says_anyway) {
    using list = std::vector<std::pair<std::string, std::string>>;
    http::response answered{.headers = {{"cache-control", "no-cache"}, {"set-cookie", "a=1"}}};
    detail::add_headers(answered, {{"Cache-Control", "no-store"}, {"set-cookie", "b=2"}});
    EXPECT_EQ(answered.headers,
              (list{{"set-cookie", "a=1"}, {"Cache-Control", "no-store"}, {"set-cookie", "b=2"}}));
}

// A line's end would begin another header, or another answer.
TEST(with_headers, takes_nothing_that_cannot_be_sent) {
    using namespace std::string_literals;
    http::response answered;
    for (const auto& [name, value] : {std::pair{"x-a"s, "1\r\nx-b: 2"s},
                                      {"x-a", "1\n"},
                                      {"x-a", " 1"},
                                      {"x-a", "\0"s},
                                      {"x a", "1"},
                                      {"", "1"},
                                      {"x-a:", "1"},
                                      {"Content-Length", "1"},
                                      {"transfer-encoding", "chunked"},
                                      {"content-type", "text/html"}})
        EXPECT_THROW(detail::add_headers(answered, {{name, value}}), std::invalid_argument)
            << name << ": " << value;
    EXPECT_TRUE(answered.headers.empty());
}

// ---- what a handler threw ----

template <class Exception>
http::response answer_for(const Exception& e, bool is_write = false) {
    boost::asio::io_context io{1};
    const pg::pool connections{io.get_executor(), {}};
    try {
        throw e;
    } catch (...) {
        return detail::answer_for_exception(is_write, connections);
    }
}

using headers = std::vector<std::pair<std::string, std::string>>;
const headers come_back{{"retry-after", "1"}};

std::string detail_of(std::string_view sentence) {
    return "{\"detail\":" + json::text(sentence) + "}";
}

TEST(answer_for_exception, asks_to_come_back_when_postgresql_is_not_there) {
    const pg::error e{pg::failure::unavailable, "connection refused"};
    for (const bool is_write : {false, true}) {
        const auto r = answer_for(e, is_write);
        EXPECT_EQ(r.status, 503U);
        EXPECT_EQ(r.body, R"({"detail":"Error connecting to database: connection refused"})");
        EXPECT_EQ(r.headers, come_back);
    }
}

TEST(answer_for_exception, says_that_a_write_may_have_been_stored) {
    const pg::error e{pg::failure::interrupted, "terminating connection", "57P01"};
    const std::string said =
        "Error connecting to database: terminating connection (SQLSTATE 57P01)";
    const auto read_answer = answer_for(e, false), write_answer = answer_for(e, true);
    EXPECT_EQ(read_answer.status, 503U);
    EXPECT_EQ(read_answer.body, detail_of(said));
    EXPECT_EQ(read_answer.headers, come_back);
    EXPECT_EQ(write_answer.status, 503U);
    EXPECT_EQ(write_answer.body,
              detail_of(said + "; it is not known whether the change was stored"));
    EXPECT_EQ(write_answer.headers, come_back);
}

TEST(answer_for_exception, names_the_sqlstate_of_a_failed_query_and_logs_it_once) {
    const test::captured_log log;
    const pg::error e{pg::failure::rejected, "relation \"orders\" does not exist", "42P01"};
    const auto read_answer = answer_for(e, false), write_answer = answer_for(e, true);
    const std::string said = " database: relation \"orders\" does not exist (SQLSTATE 42P01)";
    EXPECT_EQ(read_answer.status, 500U);
    EXPECT_EQ(read_answer.body, detail_of("Error querying" + said));
    EXPECT_EQ(write_answer.status, 500U);
    EXPECT_EQ(write_answer.body, detail_of("Error updating" + said));
    EXPECT_TRUE(read_answer.headers.empty() && write_answer.headers.empty());
    EXPECT_EQ(log.lines(),
              (std::vector{"error: Error querying" + said, "error: Error updating" + said}));
}

TEST(answer_for_exception, answers_500_when_the_program_misreads_a_result) {
    const test::captured_log log;
    const auto r = answer_for(pg::error{pg::failure::misused, "one row was asked for, not 0"});
    EXPECT_EQ(r.status, 500U);
    EXPECT_EQ(r.body, detail_of("Error querying database: one row was asked for, not 0"));
}

TEST(answer_for_exception, answers_what_the_handler_says) {
    EXPECT_EQ(answer_for(http::error{418, "I'm a teapot"}).status, 418U);
    EXPECT_EQ(answer_for(http::error{404, "No such order"}).body, R"({"detail":"No such order"})");
    const auto r = answer_for(http::invalid_input{
        {{"foreign_key", {"body", "customerid"}, "Customer 7 does not exist"}}});
    EXPECT_EQ(r.status, 422U);
    EXPECT_EQ(r.body, R"({"detail":[{"type":"foreign_key","loc":["body","customerid"],)"
                      R"("msg":"Customer 7 does not exist"}]})");
}

TEST(answer_for_exception, keeps_other_errors_for_the_log) {
    const test::captured_log log;
    for (const auto& r :
         {answer_for(std::runtime_error{"a secret"}), answer_for(std::logic_error{"a secret"}),
          answer_for(std::system_error{std::make_error_code(std::errc::io_error), "a secret"})}) {
        EXPECT_EQ(r.status, 500U);
        EXPECT_EQ(r.body, R"({"detail":"Internal Server Error"})");
    }
    ASSERT_EQ(log.lines().size(), 3U);
    EXPECT_NE(log.lines()[0].find("a secret"), std::string::npos);
    EXPECT_TRUE(log.lines()[0].starts_with("error: "));
}

// Uncaught, it would end the worker's thread and with it the process.
TEST(answer_for_exception, answers_whatever_was_thrown) {
    const test::captured_log log;
    unsigned status = 0;
    EXPECT_NO_THROW(status = answer_for(42).status);
    EXPECT_EQ(status, 500U);
}

// ---- content types ----

bool is_taken(std::string_view content_type, std::string_view body = "{}") {
    http::request r;
    r.body = body;
    r.content_type = content_type;
    const auto refused = detail::refuse_media_type(r);
    EXPECT_EQ(refused ? refused->status : 415U, 415U) << content_type;
    return !refused;
}

TEST(refuse_media_type, takes_json_by_any_of_its_names) {
    for (const auto* type :
         {"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8",
          "application/json ; charset=utf-8", "application/json\t;x=y", "Application/JSON",
          "text/json", "application/vnd.api+json", "application/problem+JSON;v=1",
          "application/geo+json", "application/json;", "application/json; a=text/plain"})
        EXPECT_TRUE(is_taken(type)) << type;
}

TEST(refuse_media_type, takes_a_body_without_a_type) { EXPECT_TRUE(is_taken("")); }

TEST(refuse_media_type, takes_any_type_when_there_is_no_body) {
    EXPECT_TRUE(is_taken("text/plain", ""));
    EXPECT_TRUE(is_taken("application/json", ""));
}

TEST(refuse_media_type, refuses_what_is_not_json) {
    for (const auto* type :
         {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=/json",
          "application/jsonp", "application/json-seq", "application/xml", "json", "+jso",
          "text/plain; a=application/json", "application/json+xml", "applicationjson", ";", "*/*"})
        EXPECT_FALSE(is_taken(type)) << type;
}

TEST(refuse_media_type, says_what_to_send) {
    http::request r;
    r.body = "a=1";
    r.content_type = "text/plain";
    const auto refused = detail::refuse_media_type(r);
    ASSERT_TRUE(refused);
    EXPECT_NE(refused->body.find("application/json"), std::string::npos) << refused->body;
}

}  // namespace
}  // namespace LARDER_NAMESPACE
