// The contract's "Requests and answers".

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "support/json_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

/// The methods of an `allow` header, sorted.
std::vector<std::string> allowed(const http_response& answer) {
    std::vector<std::string> methods;
    std::istringstream list{answer.header("allow")};
    for (std::string one; std::getline(list, one, ',');) {
        methods.push_back(one.substr(std::min(one.find_first_not_of(' '), one.size())));
    }
    std::sort(methods.begin(), methods.end());
    return methods;
}

using methods = std::vector<std::string>;

struct contract_requests : shared_service_test {};

TEST_F(contract_requests, count_is_a_number_and_byte_identical_on_hit_and_miss) {
    const auto miss = get(port(), "/count");
    ASSERT_EQ(valkey().get("num_orders:all"), "12000");
    const auto hit = get(port(), "/count");
    expect_json(miss, 200, R"({"count":12000})");
    expect_json(hit, 200, R"({"count":12000})");
    // All but what tells of the time, of the request, and of the cache.
    auto headers_of = [](http_response answer) {
        std::erase_if(answer.headers, [](const auto& field) {
            return field.first == "date" || field.first == "x-request-id" || field.first == "age" ||
                   field.first == "cache-status";
        });
        return answer.headers;
    };
    EXPECT_EQ(headers_of(miss), headers_of(hit));
}

TEST_F(contract_requests, count_for_a_customer_counts_that_customers_orders) {
    const auto expected = std::stol(sql("SELECT count(*) FROM orders WHERE customerid = 42"));
    ASSERT_GT(expected, 0);
    EXPECT_EQ(count(port(), "/count?customerid=42"), expected);
    EXPECT_EQ(count(port(), "/count?customerid=42"), expected) << "from the cache";
    EXPECT_EQ(count(port(), "/count?customerid=9999"), 0);
}

TEST_F(contract_requests, an_unknown_customer_counts_zero) {
    for (const auto* target :
         {"/count?customerid=30000", "/count?customerid=-1", "/count?customerid=0",
          "/count?customerid=2147483647", "/count?customerid=-2147483648"}) {
        EXPECT_EQ(count(port(), target), 0) << target;
        EXPECT_EQ(count(port(), target), 0) << target << ", from the cache";
    }
}

TEST_F(contract_requests, unknown_query_names_are_ignored) {
    EXPECT_EQ(count(port(), "/count?colour=red&customerid=9999&x"), 0);
    EXPECT_EQ(count(port(), "/count?colour=red"), 12000);
    EXPECT_EQ(count(port(), "/count?"), 12000);
}

TEST_F(contract_requests, percent_encoding_in_the_query_is_decoded) {
    EXPECT_EQ(count(port(), "/count?customerid=%39999"), 0);
    EXPECT_EQ(count(port(), "/count?%63ustomerid=9999"), 0);
}

TEST_F(contract_requests, percent_encoding_in_the_path_is_decoded) {
    EXPECT_EQ(count(port(), "/c%6Funt"), 12000);
    EXPECT_EQ(get(port(), "/count%3Fcustomerid=9999").status, 404);
    EXPECT_EQ(get(port(), "/count%").status, 404);
    const auto slash = get(port(), "/count%2F");
    EXPECT_EQ(slash.status, 307);
    EXPECT_EQ(slash.header("location"), "http://127.0.0.1:" + std::to_string(port()) + "/count");
}

TEST_F(contract_requests, add_stores_one_row_and_names_the_customer) {
    expect_json(add(port(), tutorial_order), 200, R"({"updated":{"customer":9999}})");
    EXPECT_EQ(rows(), 12001);
    EXPECT_EQ(sql("SELECT orderid || '|' || orderdate || '|' || customerid || '|' || netamount"
                  " || '|' || tax || '|' || totalamount FROM orders WHERE orderid > 12000"),
              "12001|2023-03-10|9999|23.00|2.00|25.00");
}

TEST_F(contract_requests, count_follows_add) {
    EXPECT_EQ(count(port()), 12000);
    EXPECT_EQ(count(port(), "/count?customerid=9999"), 0);
    add_tutorial_order(port());
    EXPECT_EQ(count(port()), 12001);
    EXPECT_EQ(count(port(), "/count?customerid=9999"), 1);
}

TEST_F(contract_requests, add_without_its_slash_is_sent_there) {
    const auto answer =
        request(port(), "POST", "/add", {{"content-type", "application/json"}}, tutorial_order);
    EXPECT_EQ(answer.status, 307);
    EXPECT_EQ(answer.header("location"), "http://127.0.0.1:" + std::to_string(port()) + "/add/");
    EXPECT_EQ(rows(), 12000);
}

TEST_F(contract_requests, count_with_a_slash_is_sent_to_the_form_without) {
    for (const auto* target : {"/count/", "/count//"}) {
        SCOPED_TRACE(target);
        const auto answer = get(port(), target);
        EXPECT_EQ(answer.status, 307);
        EXPECT_EQ(answer.header("location"),
                  "http://127.0.0.1:" + std::to_string(port()) + "/count");
    }
}

TEST_F(contract_requests, a_redirect_keeps_the_query_as_it_was_sent) {
    const auto answer = get(port(), "/count/?customerid=%39999&x=a%20b&&y");
    EXPECT_EQ(answer.status, 307);
    EXPECT_EQ(answer.header("location"),
              "http://127.0.0.1:" + std::to_string(port()) + "/count?customerid=%39999&x=a%20b&&y");
}

TEST_F(contract_requests, a_redirect_names_the_host_that_was_asked) {
    const auto answer = request(port(), "GET", "/count/", {{"host", "shop.example:8443"}});
    EXPECT_EQ(answer.header("location"), "http://shop.example:8443/count");
}

// Nobody's browser asks for these, but somebody's cache may keep the answer.
TEST_F(contract_requests, a_redirect_names_no_host_that_can_be_none) {
    for (const auto* host : {"shop.example:8443", "[::1]:81", "my_shop", "127.0.0.1", "SHOP."})
        EXPECT_EQ(request(port(), "GET", "/count/?a=b", {{"host", host}}).header("location"),
                  "http://" + std::string{host} + "/count?a=b");
    for (const auto* host : {"shop,evil.example", "shop;evil", "a'b", "a%2fb", "(shop)", "a&b=c",
                             "shop:99999", "shop:0", "shop:", "[::::]", "[1.2.3.4]", "*"}) {
        SCOPED_TRACE(host);
        const auto answer = request(port(), "GET", "/count/?a=b", {{"host", host}});
        EXPECT_EQ(answer.status, 307);
        EXPECT_EQ(answer.header("location"), "/count?a=b");
    }
}

TEST_F(contract_requests, head_is_get_without_a_body) {
    for (const auto* target : {"/count", "/count?customerid=9999", "/count?customerid=abc"}) {
        const auto whole = get(port(), target);
        const auto head = request(port(), "HEAD", target);
        EXPECT_EQ(head.status, whole.status) << target;
        EXPECT_EQ(head.header("content-length"), whole.header("content-length")) << target;
        EXPECT_EQ(head.header("content-type"), whole.header("content-type")) << target;
    }
}

TEST_F(contract_requests, options_on_a_known_path_names_its_methods) {
    const auto on_count = request(port(), "OPTIONS", "/count");
    EXPECT_EQ(on_count.status, 204);
    EXPECT_EQ(allowed(on_count), (methods{"GET", "HEAD", "OPTIONS"}));
    const auto on_all = request(port(), "OPTIONS", "*");
    EXPECT_EQ(on_all.status, 204);
    EXPECT_EQ(allowed(on_all), (methods{"GET", "HEAD", "OPTIONS", "POST"}));
    const auto on_add = request(port(), "OPTIONS", "/add/");
    EXPECT_EQ(on_add.status, 204);
    EXPECT_EQ(allowed(on_add), (methods{"OPTIONS", "POST"}));
}

TEST_F(contract_requests, an_unknown_path_is_not_found) {
    for (const auto* target :
         {"/", "//", "/counts", "/count/9999", "/Count", "/add/x", "/%00", "/..", "//count"}) {
        SCOPED_TRACE(target);
        expect_json(get(port(), target), 404, R"({"detail":"Not Found"})");
    }
    expect_json(request(port(), "POST", "/nowhere", {}, tutorial_order), 404,
                R"({"detail":"Not Found"})");
    expect_json(request(port(), "OPTIONS", "/nowhere"), 404, R"({"detail":"Not Found"})");
}

TEST_F(contract_requests, a_wrong_method_is_not_allowed_and_told_which_are) {
    for (const auto* method : {"POST", "PUT", "DELETE", "PATCH", "BREW"}) {
        SCOPED_TRACE(method);
        const auto answer = request(port(), method, "/count", {}, "{}");
        expect_json(answer, 405, R"({"detail":"Method Not Allowed"})");
        EXPECT_EQ(allowed(answer), (methods{"GET", "HEAD", "OPTIONS"}));
    }
    for (const auto* method : {"GET", "PUT", "DELETE"}) {
        SCOPED_TRACE(method);
        const auto answer = request(port(), method, "/add/");
        expect_json(answer, 405, R"({"detail":"Method Not Allowed"})");
        EXPECT_EQ(allowed(answer), (methods{"OPTIONS", "POST"}));
    }
    EXPECT_EQ(request(port(), "HEAD", "/add/").status, 405);
}

TEST_F(contract_requests, answers_carry_date_and_server) {
    const std::vector<http_response> answers{get(port(), "/count"),
                                             get(port(), "/count"),
                                             add(port(), tutorial_order),
                                             add(port(), "{}"),
                                             get(port(), "/nowhere"),
                                             get(port(), "/count/"),
                                             request(port(), "DELETE", "/count"),
                                             get(port(), "/count?customerid=abc")};
    for (const auto& answer : answers) {
        SCOPED_TRACE(answer.status);
        // Like "Fri, 10 Mar 2023 12:00:00 GMT".
        const auto& date = answer.header("date");
        EXPECT_EQ(date.size(), 29U) << date;
        EXPECT_TRUE(date.ends_with(" GMT")) << date;
        EXPECT_FALSE(answer.header("server").empty());
        EXPECT_TRUE(answer.has("content-length"));
        if (!answer.body.empty()) {
            EXPECT_EQ(answer.header("content-type"), "application/json");
            expect_compact_json(answer.body);
        }
    }
}

TEST_F(contract_requests, the_reason_fits_the_status) {
    EXPECT_EQ(get(port(), "/count").reason, "OK");
    EXPECT_EQ(get(port(), "/nowhere").reason, "Not Found");
    EXPECT_EQ(get(port(), "/count/").reason, "Temporary Redirect");
    EXPECT_EQ(request(port(), "PUT", "/count").reason, "Method Not Allowed");
}

// The tutorial, from its first curl to its last.
TEST_F(contract_requests, the_tutorials_conversation) {
    const auto target = "/count?customerid=9999";
    expect_json(get(port(), "/count"), 200, R"({"count":12000})");
    expect_json(get(port(), "/count"), 200, R"({"count":12000})");
    expect_json(add(port(), tutorial_order), 200, R"({"updated":{"customer":9999}})");
    expect_json(get(port(), "/count"), 200, R"({"count":12001})");
    expect_json(add(port(), tutorial_order), 200, R"({"updated":{"customer":9999}})");
    expect_json(get(port(), "/count"), 200, R"({"count":12002})");
    expect_json(get(port(), "/count"), 200, R"({"count":12002})");
    expect_json(get(port(), target), 200, R"({"count":2})");
    expect_json(get(port(), target), 200, R"({"count":2})");
    expect_json(add(port(), tutorial_order), 200, R"({"updated":{"customer":9999}})");
    expect_json(get(port(), target), 200, R"({"count":3})");
    // What `curl -X POST` without a header and with a wrong body hears.
    EXPECT_EQ(add(port(), "{").status, 422);
    expect_json(get(port(), "/count"), 200, R"({"count":12003})");
}

}  // namespace
}  // namespace larder::test
