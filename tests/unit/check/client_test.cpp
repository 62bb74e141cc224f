// What a client of instances reads, and what an answer says of a write.
#include "larder/check/client.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace LARDER_NAMESPACE::check {
namespace {

TEST(check_url, takes_a_host_and_a_port) {
    EXPECT_EQ(parse_url("http://127.0.0.1:8000")->authority(), "127.0.0.1:8000");
    EXPECT_EQ(parse_url("http://shop.example/")->authority(), "shop.example:80");
    EXPECT_EQ(parse_url("http://[::1]:8000/")->authority(), "[::1]:8000");
    EXPECT_EQ(parse_url("http://[::1]:8000/")->host, "::1");
}

TEST(check_url, takes_nothing_else) {
    for (const auto* url : {"", "127.0.0.1:8000", "https://a", "http://", "http://:80",
                            "http://a:", "http://a:b", "http://a:70000", "http://a:1/x",
                            "http://a/x", "http://u@a", "http://[::1", "http://[::1]8"})
        EXPECT_FALSE(parse_url(url)) << url;
}

constexpr std::string_view whole_answer =
    "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nA: b\r\n\r\n{\"count\":12}";

TEST(check_frame, finds_head_and_body) {
    const auto found = frame(whole_answer);
    ASSERT_EQ(found.state, framing::state::complete);
    EXPECT_EQ(found.status, 200);
    EXPECT_EQ(whole_answer.substr(found.head, found.body), R"({"count":12})");
    EXPECT_FALSE(found.closes);
    EXPECT_TRUE(frame("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").closes);
}

TEST(check_frame, waits_for_every_byte) {
    for (std::size_t size = 0; size < whole_answer.size(); ++size)
        EXPECT_EQ(frame(whole_answer.substr(0, size)).state, framing::state::incomplete) << size;
    EXPECT_EQ(frame(std::string{whole_answer} + "HTTP/1.1").state, framing::state::complete);
}

TEST(check_frame, refuses_what_has_no_length_or_is_no_answer) {
    for (const auto* bytes :
         {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "HTTP/1.1\r\n\r\n", "hello\r\n\r\n"})
        EXPECT_EQ(frame(bytes).state, framing::state::garbled) << bytes;
}

TEST(check_outcome, is_what_the_service_says) {
    EXPECT_EQ(outcome_of({.status = 201}), outcome::stored);
    EXPECT_EQ(outcome_of({.failure = failure::refused}), outcome::not_stored);
    EXPECT_EQ(outcome_of({.status = 412, .body = "whatever"}), outcome::not_stored);
    const std::string away = R"({"detail":"Error connecting to database: it is away)";
    EXPECT_EQ(outcome_of({.status = 503, .body = away + "\"}"}), outcome::not_stored);
    EXPECT_EQ(outcome_of({.status = 503, .body = away + "; it is not known whether\"}"}),
              outcome::unknown);
}

TEST(check_outcome, is_unknown_where_nobody_or_somebody_else_answers) {
    for (const auto how : {failure::lost, failure::late, failure::garbled})
        EXPECT_EQ(outcome_of({.failure = how}), outcome::unknown);
    for (const int status : {302, 500, 502, 503})
        EXPECT_EQ(outcome_of({.status = status, .body = "<html>"}), outcome::unknown);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::check
