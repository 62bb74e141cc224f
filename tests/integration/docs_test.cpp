// /openapi.json, /docs and /redoc, as bytes. What a browser makes of them is docs_tools_test's.

#include <gtest/gtest.h>

#include <fstream>

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
    expect_type("/docs/docs.css", "text/css; charset=utf-8");
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

TEST_F(docs_pages, the_bundles_are_gzipped_for_who_takes_it) {
    const scratch_folder folder{"docs"};
    for (const auto* path :
         {"/docs/swagger-ui.css", "/docs/swagger-ui.js", "/redoc/redoc.standalone.js"}) {
        SCOPED_TRACE(path);
        const auto ask = [&](header_list headers, const char* method = "GET") {
            headers.emplace_back("accept-encoding", "br;q=1.0, gzip;q=0.5");
            return request(port(), method, path, headers);
        };
        const auto plain = get(port(), path), packed = ask({});
        EXPECT_FALSE(plain.has("content-encoding"));
        EXPECT_EQ(packed.header("content-encoding"), "gzip");
        EXPECT_EQ(packed.header("content-type"), plain.header("content-type"));
        EXPECT_LT(packed.body.size(), plain.body.size() / 3);
        std::ofstream{folder.path + "/packed.gz", std::ios::binary} << packed.body;
        EXPECT_EQ(run_to_end({"/usr/bin/gzip", "-dc", folder.path + "/packed.gz"}, {}).out,
                  plain.body);
        EXPECT_NE(packed.header("etag"), plain.header("etag"));
        for (const auto& answer : {plain, packed})
            EXPECT_EQ(answer.header("vary"), "accept-encoding");
        const auto again = ask({{"if-none-match", packed.header("etag")}});
        EXPECT_EQ(again.status, 304);
        EXPECT_EQ(again.header("etag"), packed.header("etag"));
        EXPECT_EQ(again.header("vary"), "accept-encoding");
        EXPECT_EQ(ask({{"if-none-match", plain.header("etag")}}).status, 200);
        EXPECT_EQ(ask({{"if-match", plain.header("etag")}}).status, 412);
        const auto head = ask({}, "HEAD");
        EXPECT_EQ(head.header("content-length"), packed.header("content-length"));
        EXPECT_FALSE(request(port(), "GET", path, {{"accept-encoding", "gzip;q=0, identity"}})
                         .has("content-encoding"));
    }
    EXPECT_FALSE(
        request(port(), "GET", "/count", {{"accept-encoding", "gzip"}}).has("content-encoding"));
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
