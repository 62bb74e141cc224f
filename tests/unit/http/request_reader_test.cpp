// Bytes in, requests out. What is refused is in tests/integration/smuggling_test.cpp, beside nginx.

#include "http/request_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace LARDER_NAMESPACE::http {
namespace {

using progress = request_reader::progress;

progress give(request_reader& reader, std::string_view bytes) {
    const auto room = reader.room(bytes.size());
    std::copy(bytes.begin(), bytes.end(), room.begin());
    reader.received(bytes.size());
    return reader.read();
}

struct request_reading : testing::Test {
    request_reader reader{
        {.max_request_line_bytes = 60, .max_header_bytes = 200, .max_body_bytes = 100}};
    progress give(std::string_view bytes) { return http::give(reader, bytes); }
};

TEST_F(request_reading, names_the_parts) {
    ASSERT_EQ(give("GET /c%6funt?customerid=%31&x HTTP/1.1\r\nHost: shop:81\r\n"
                   "Content-Type:  text/plain \r\nx: 1\r\nX:2\r\n\r\n"),
              progress::complete);
    const auto& r = reader.get();
    EXPECT_EQ(r.method, method::get);
    EXPECT_EQ(r.path, "/count");
    EXPECT_EQ(r.query, "customerid=%31&x");
    EXPECT_EQ(r.host, "shop:81");
    EXPECT_EQ(r.content_type, "text/plain");
    EXPECT_EQ(r.body, "");
    EXPECT_EQ(r.header("x"), "1, 2");
    EXPECT_EQ(r.header("y"), "");
    EXPECT_EQ(reader.request_line(), "GET /c%6funt?customerid=%31&x HTTP/1.1");
}

TEST_F(request_reading, knows_the_forms_of_a_target) {
    const auto path_of = [this](const std::string& line) {
        reader.next();
        if (give(line + " HTTP/1.1\r\nhost: shop\r\n\r\n") != progress::complete)
            return std::string{"refused"};
        const auto& r = reader.get();
        return std::string{r.host} + " " + std::string{r.path} + " " + std::string{r.query};
    };
    EXPECT_EQ(path_of("GET /"), "shop / ");
    EXPECT_EQ(path_of("GET /?"), "shop / ");
    EXPECT_EQ(path_of("GET //a?b?c"), "shop //a b?c");
    EXPECT_EQ(path_of("GET http://a"), "a / ");
    EXPECT_EQ(path_of("GET http://a?b"), "a / b");
    EXPECT_EQ(path_of("GET HTTPS://[::1]:8/a?b"), "[::1]:8 /a b");
    EXPECT_EQ(path_of("OPTIONS *"), "shop * ");
    EXPECT_EQ(path_of("GET *"), "refused");
}

TEST_F(request_reading, keeps_a_connection_unless_somebody_says_otherwise) {
    const auto keeps = [this](const std::string& version, const std::string& lines) {
        reader.next();
        EXPECT_EQ(give("GET / HTTP/" + version + "\r\nhost: shop\r\n" + lines + "\r\n"),
                  progress::complete);
        return reader.keeps_alive();
    };
    EXPECT_TRUE(keeps("1.1", ""));
    EXPECT_TRUE(keeps("1.9", "connection: closed\r\n"));
    EXPECT_FALSE(keeps("1.1", "connection: Close\r\n"));
    EXPECT_FALSE(keeps("1.1", "connection: x ,\tclose , y\r\n"));
    EXPECT_FALSE(keeps("1.1", "connection: keep-alive\r\nconnection: close\r\n"));
    EXPECT_FALSE(keeps("1.0", ""));
    EXPECT_TRUE(keeps("1.0", "connection: Keep-Alive\r\n"));
    EXPECT_FALSE(keeps("1.0", "connection: keep-alive, close\r\n"));
}

TEST_F(request_reading, goes_on_with_what_came_behind) {
    EXPECT_TRUE(reader.is_idle());
    ASSERT_EQ(give("POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabcPOST /b HTTP/1.1\r\n"
                   "host: b\r\ntransfer-encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\nx: y\r\n"
                   "\r\n\r\nGET /c HTTP/1.0\r\n\r\nG"),
              progress::complete);
    EXPECT_EQ(reader.get().body, "abc");
    reader.next();
    ASSERT_EQ(reader.read(), progress::complete);
    EXPECT_EQ(reader.get().path, "/b");
    EXPECT_EQ(reader.get().body, "def");
    EXPECT_EQ(reader.get().header("x"), "");
    reader.next();
    ASSERT_EQ(reader.read(), progress::complete);
    EXPECT_EQ(reader.get().path, "/c");
    EXPECT_EQ(reader.get().host, "");
    EXPECT_TRUE(reader.is_http_1_0());
    reader.next();
    EXPECT_EQ(reader.read(), progress::needs_more);
    EXPECT_FALSE(reader.is_idle());
}

TEST_F(request_reading, does_not_mind_where_the_bytes_are_cut) {
    const std::string bytes =
        "\r\nPOST /%61 HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4;x\r\nabcd\r\n"
        "000a\r\nefghijklmn\r\n0\r\nx: y\r\n\r\n";
    for (std::size_t cut = 1; cut < bytes.size(); ++cut)
        for (std::size_t size = 1; size < 9; ++size) {
            request_reader other{{}};
            EXPECT_EQ(http::give(other, bytes.substr(0, cut)), progress::needs_more);
            auto last = progress::needs_more;
            for (std::size_t at = cut; at < bytes.size(); at += size) {
                EXPECT_EQ(last, progress::needs_more);
                last = http::give(other, bytes.substr(at, size));
            }
            ASSERT_EQ(last, progress::complete) << cut << ' ' << size;
            EXPECT_EQ(other.get().body, "abcdefghijklmn");
            EXPECT_EQ(other.get().path, "/a");
            EXPECT_EQ(other.get().host, "a");
        }
}

TEST_F(request_reading, expects_a_word_only_before_a_body_that_is_wanted) {
    const std::string head = "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-Continue\r\n";
    give(head);
    EXPECT_FALSE(reader.expects_continue());
    give("content-length: 2\r\n\r\n");
    EXPECT_TRUE(reader.expects_continue());
    give("a");
    EXPECT_FALSE(reader.expects_continue());
    EXPECT_EQ(give("b"), progress::complete);
    EXPECT_FALSE(reader.expects_continue());
}

TEST_F(request_reading, refuses_what_is_beyond_its_limits) {
    const auto status_of = [](const std::string& bytes) {
        request_reader other{
            {.max_request_line_bytes = 60, .max_header_bytes = 200, .max_body_bytes = 100}};
        return http::give(other, bytes) == progress::refused ? other.status() : 0;
    };
    EXPECT_EQ(status_of("GET /" + std::string(55, 'a')), 0U);
    EXPECT_EQ(status_of("GET /" + std::string(56, 'a')), 414U);
    const std::string head = "POST / HTTP/1.1\r\nhost: a\r\n";
    EXPECT_EQ(status_of(head + std::string(200 - head.size(), 'a')), 0U);
    EXPECT_EQ(status_of(head + std::string(201 - head.size(), 'a')), 431U);
    EXPECT_EQ(status_of(head + "content-length: 100\r\n\r\n"), 0U);
    EXPECT_EQ(status_of(head + "content-length: 101\r\n\r\n"), 413U);
    const auto chunked = head + "transfer-encoding: chunked\r\n\r\n";
    EXPECT_EQ(status_of(chunked + "63\r\n" + std::string(99, 'a') + "\r\n1\r\n"), 0U);
    EXPECT_EQ(status_of(chunked + "63\r\n" + std::string(99, 'a') + "\r\n2\r\n"), 413U);
}

TEST_F(request_reading, knows_the_method_of_what_it_refuses) {
    for (const auto& bytes :
         {"HEAD /" + std::string(9'000, 'a'), std::string{"HEAD / HTTP/2.0\r\n"},
          std::string{"HEAD /# HTTP/1.1\r\n"}, std::string{"HEAD / HTTP/1.1\r\n a: b\r\n"}}) {
        request_reader other{{}};
        EXPECT_EQ(http::give(other, bytes), progress::refused);
        EXPECT_EQ(other.get().method, method::head) << bytes.substr(0, 20);
    }
}

TEST(request_reader, goes_on_behind_a_great_request) {
    request_reader reader{{}};
    const std::string body(100'000, 'a');
    EXPECT_EQ(give(reader, "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n" + body +
                               "\r\nGET /next HTTP/1.1\r\nho"),
              progress::complete);
    EXPECT_TRUE(reader.get().body == body);
    reader.next();
    EXPECT_EQ(reader.read(), progress::needs_more);
    EXPECT_EQ(give(reader, "st: b\r\n\r\n"), progress::complete);
    EXPECT_EQ(reader.get().path, "/next");
    EXPECT_EQ(reader.get().host, "b");
}

TEST_F(request_reading, shows_the_next_head_and_lets_it_be_skipped) {
    const std::string a = "GET /a HTTP/1.1\r\nhost: a\r\n\r\n",
                      b = "GET /b HTTP/1.1\r\nhost: b\r\n\r\n";
    const auto room = reader.room(200);
    const auto all = a + a + b;
    std::copy(all.begin(), all.end(), room.begin());
    reader.received(a.size() - 1);
    EXPECT_EQ(reader.next_head(), "");
    reader.received(all.size() - a.size() + 1 - 3);
    EXPECT_EQ(reader.next_head(), a);
    reader.skip(a.size());
    EXPECT_EQ(reader.next_head(), a);
    reader.skip(a.size());
    EXPECT_EQ(reader.next_head(), "");
    reader.next();
    EXPECT_FALSE(reader.is_idle());
    EXPECT_EQ(reader.read(), progress::needs_more);
    EXPECT_EQ(give("\n\r\n"), progress::complete);
    EXPECT_EQ(reader.get().path, "/b");
    EXPECT_EQ(reader.next_head(), "");
}

TEST_F(request_reading, knows_whose_head_says_all) {
    const auto head = [this](const std::string& text) {
        reader.next();
        EXPECT_EQ(give(text), progress::complete) << text;
        return std::string{reader.plain_head()};
    };
    for (const std::string text : {"GET /a?b HTTP/1.1\r\nhost: a\r\nx: y\r\n\r\n",
                                   "HEAD http://a/ HTTP/1.1\r\nhost:\r\n\r\n"})
        EXPECT_EQ(head(text), text);
    for (const std::string text :
         {"\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
          "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
          "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
          "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n",
          "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx",
          "GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"})
        EXPECT_EQ(head(text), "") << text;
}

TEST_F(request_reading, reads_nothing_behind_a_refusal) {
    EXPECT_EQ(give("GET / HTTP/1.1\r\n\r\n"), progress::refused);
    EXPECT_EQ(reader.status(), 400U);
    EXPECT_EQ(reader.why(), "the host");
    EXPECT_EQ(give("GET / HTTP/1.1\r\nhost: a\r\n\r\n"), progress::refused);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
