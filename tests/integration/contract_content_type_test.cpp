// The contract's content types: which bodies are JSON, whose pages may send one without a type, and
// what may be around it.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/order_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct contract_content_type : shared_service_test {};

TEST_F(contract_content_type, json_by_any_of_its_content_types_is_taken) {
    const auto body = with_tax("2.0");
    for (const auto* type :
         {"application/json", "application/json; charset=utf-8", "application/vnd.shop+json",
          "application/problem+json;v=1", "text/json", "Application/JSON"}) {
        SCOPED_TRACE(type);
        expect_json(request(port(), "POST", "/add/", {{"content-type", type}}, body), 200,
                    R"({"updated":{"customer":9999}})");
    }
    expect_json(request(port(), "POST", "/add/", {}, body), 200,
                R"({"updated":{"customer":9999}})");
    EXPECT_EQ(rows(), 12007);
}

TEST_F(contract_content_type, another_content_type_is_not_supported) {
    for (const auto* type :
         {"text/plain", "application/x-www-form-urlencoded", "application/xml", "application/jsonp",
          "application/json-seq", "json", "multipart/form-data; boundary=json"}) {
        SCOPED_TRACE(type);
        const auto answer =
            request(port(), "POST", "/add/", {{"content-type", type}}, with_tax("2.0"));
        EXPECT_EQ(answer.status, 415);
        EXPECT_EQ(answer.header("content-type"), "application/json");
        EXPECT_FALSE(detail_of(answer.body).empty());
    }
    EXPECT_EQ(rows(), 12000);
}

// ---- bodies without a content type, of pages ----

// What a browser sends without asking beforehand.
TEST_F(contract_content_type, without_a_type_of_another_origins_page_is_forbidden) {
    const auto body = with_tax("2.0");
    const auto own = "127.0.0.1:" + std::to_string(port());
    for (const auto& page : std::vector<header_list>{
             {{"origin", "https://shop.example"}},
             {{"origin", "null"}},
             {{"origin", "http://127.0.0.1:3000"}, {"sec-fetch-site", "same-site"}},
             {{"origin", "http://127.0.0.1"}},
             {{"origin", "https://127.0.0.1"}},
             {{"origin", "https://shop.example"}, {"sec-fetch-site", "cross-site"}},
             {{"origin", "http://" + own}, {"sec-fetch-site", "cross-site"}},
             {{"origin", "http://" + own + ".shop.example"}},
             {{"origin", own}},
             {{"origin", "://"}, {"host", ""}},
             {{"sec-fetch-site", "cross-site"}},
             {{"sec-fetch-site", "same-origin, cross-site"}}}) {
        SCOPED_TRACE(page.front().second);
        for (const bool has_empty_type : {false, true}) {
            auto headers = page;
            if (has_empty_type) headers.emplace_back("content-type", "");
            const auto answer = request(port(), "POST", "/add/", headers, body);
            EXPECT_EQ(answer.status, 403) << answer.body;
            EXPECT_FALSE(detail_of(answer.body).empty());
        }
        auto form = page;
        form.emplace_back("content-type", "text/plain;charset=UTF-8");
        EXPECT_EQ(request(port(), "POST", "/add/", form, body).status, 415);
    }
    EXPECT_EQ(rows(), 12000);
}

TEST_F(contract_content_type, without_a_type_of_the_services_own_page_or_of_none_is_taken) {
    const auto own = "http://127.0.0.1:" + std::to_string(port());
    const std::vector<header_list> pages{
        {{"origin", own}},
        {{"origin", own}, {"sec-fetch-site", "same-origin"}},
        {{"sec-fetch-site", "none"}},
        {{"origin", "https://shop.example"}, {"sec-fetch-site", "same-origin"}},
        {{"origin", "https://shop.example"}, {"host", "Shop.example"}},
        {{"origin", "https://shop.example"}, {"host", "shop.example:443"}},
        {{"origin", "http://[::1]"}, {"host", "[::1]:80"}}};
    for (const auto& page : pages) {
        SCOPED_TRACE(page.front().second);
        expect_json(request(port(), "POST", "/add/", page, with_tax("2.0")), 200,
                    R"({"updated":{"customer":9999}})");
    }
    EXPECT_EQ(rows(), 12000 + static_cast<long>(pages.size()));
}

// ---- codings ----

TEST_F(contract_content_type, a_byte_order_mark_before_it_is_skipped) {
    const std::string mark = "\xEF\xBB\xBF";
    expect_json(add(port(), mark + with_tax("2.0")), 200, R"({"updated":{"customer":9999}})");
    EXPECT_EQ(rows(), 12001);
    const auto position = [&](const std::string& body) {
        return refused(add(port(), body))[0].loc;
    };
    EXPECT_EQ(position(mark + mark + "{}"), R"(["body",1])");
    EXPECT_EQ(position(mark + R"({"orderdate":@})"), R"(["body",14])");
    EXPECT_EQ(position("\xEF\xBB{}"), R"(["body",0])");
    EXPECT_EQ(refused(add(port(), mark)), std::vector<fault>{missing(R"(["body"])")});
}

TEST_F(contract_content_type, in_another_coding_is_not_supported) {
    const header_list json{{"content-type", "application/json"}};
    const auto post = [&](std::vector<const char*> codings) {
        auto headers = json;
        for (const auto* one : codings) headers.emplace_back("Content-Encoding", one);
        return request(port(), "POST", "/add/", headers, with_tax("2.0"));
    };
    for (const auto& codings : std::vector<std::vector<const char*>>{
             {"gzip"}, {"GZIP"}, {"br"}, {"identity, gzip"}, {"identity", "deflate"}, {"x"}}) {
        SCOPED_TRACE(codings.back());
        const auto answer = post(codings);
        EXPECT_EQ(answer.status, 415);
        EXPECT_EQ(answer.header("accept-encoding"), "identity");
        EXPECT_FALSE(detail_of(answer.body).empty());
    }
    EXPECT_EQ(rows(), 12000);
    EXPECT_EQ(post({"identity"}).status, 200);
    EXPECT_EQ(post({"Identity, "}).status, 200);
    EXPECT_EQ(post({""}).status, 200);
    EXPECT_FALSE(request(port(), "POST", "/add/", {{"content-type", "text/plain"}}, "x")
                     .has("accept-encoding"));
}

}  // namespace
}  // namespace larder::test
