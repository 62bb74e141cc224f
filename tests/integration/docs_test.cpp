// /openapi.json, /docs and /redoc, as bytes. What a browser makes of them is docs_tools_test's.

#include <gtest/gtest.h>

#include "support/json_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct docs_pages : shared_service_test {};

TEST_F(docs_pages, the_document_served_is_the_one_printed) {
    const auto served = get(port(), "/openapi.json");
    const auto printed = run_orders({"openapi"}, servers.env());
    EXPECT_EQ(printed.status, 0) << printed.err;
    EXPECT_EQ(served.status, 200);
    EXPECT_EQ(served.header("content-type"), "application/json");
    EXPECT_EQ(served.body, printed.out);
    EXPECT_EQ(served.body.back(), '\n');
}

TEST_F(docs_pages, the_document_names_the_ttl_that_is_in_force) {
    const auto printed = run_orders({"openapi"}, {{"CACHE_TIMEOUT_SECONDS", "17"}});
    EXPECT_NE(printed.out.find(R"("ttl":17)"), std::string::npos);
}

TEST_F(docs_pages, pages_load_only_what_the_service_has_and_run_nothing_inline) {
    for (const auto* path : {"/docs", "/redoc"}) {
        SCOPED_TRACE(path);
        const auto page = get(port(), path);
        EXPECT_EQ(page.status, 200);
        EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
        const auto& policy = page.header("content-security-policy");
        EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"))
            << policy;
        for (const auto* lax : {"unsafe", "*", "http", "blob"})
            EXPECT_EQ(policy.find(lax), std::string::npos) << lax;
        EXPECT_EQ(page.body.find("://"), std::string::npos);
        EXPECT_EQ(get(port(), path + std::string{"/"}).status, 307);
    }
}

TEST_F(docs_pages, what_the_pages_load_has_its_type) {
    const auto expect_type = [&](const char* path, const char* type) {
        const auto file = get(port(), path);
        EXPECT_EQ(file.status, 200) << path;
        EXPECT_EQ(file.header("content-type"), type) << path;
        EXPECT_EQ(file.header("x-content-type-options"), "nosniff") << path;
    };
    expect_type("/docs/docs.js", "text/javascript; charset=utf-8");
    expect_type("/docs/swagger-ui.js", "text/javascript; charset=utf-8");
    expect_type("/docs/swagger-ui.css", "text/css; charset=utf-8");
    expect_type("/redoc/redoc.js", "text/javascript; charset=utf-8");
    expect_type("/redoc/redoc.standalone.js", "text/javascript; charset=utf-8");
}

TEST_F(docs_pages, what_a_browser_has_it_does_not_get_again) {
    for (const auto* path : {"/openapi.json", "/docs", "/docs/swagger-ui.js", "/redoc"}) {
        const auto page = get(port(), path);
        EXPECT_EQ(page.header("cache-control"), "no-cache");
        const auto etag = page.header("etag");
        const auto again = request(port(), "GET", path, {{"if-none-match", etag}});
        EXPECT_EQ(again.status, 304) << path;
        EXPECT_EQ(again.header("etag"), etag);
        EXPECT_EQ(again.has("content-security-policy"), page.has("content-security-policy"));
        EXPECT_EQ(request(port(), "GET", path, {{"if-match", etag}}).status, 200);
        EXPECT_EQ(request(port(), "GET", path, {{"if-match", "\"x\""}}).status, 412);
    }
    EXPECT_NE(get(port(), "/docs").header("etag"), get(port(), "/redoc").header("etag"));
}

TEST_F(docs_pages, a_service_that_is_not_ready_has_them) {
    const service unconfigured{{}};
    EXPECT_EQ(get(unconfigured.port(), "/count").status, 500);
    for (const auto* path : {"/openapi.json", "/docs", "/redoc"})
        EXPECT_EQ(get(unconfigured.port(), path).status, 200) << path;
}

TEST_F(docs_pages, only_get_head_and_options_are_for_them) {
    const auto answer = request(port(), "POST", "/docs");
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.header("allow"), "GET, HEAD, OPTIONS");
}

}  // namespace
}  // namespace larder::test
