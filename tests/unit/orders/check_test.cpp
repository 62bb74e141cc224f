// What the consistency checker decides, without a server.
#include <gtest/gtest.h>

#include "check/client.hpp"
#include "check/ledger.hpp"
#include "check/report.hpp"
#include "check/truth.hpp"
#include "larder/json.hpp"

namespace orders::check {
namespace {

using namespace std::chrono_literals;

struct check_ledger : testing::Test {
    const clock::time_point zero{};
    // Ten orders: four of customer 1, none of customer 2.
    ledger book{{10, 4, 0}, zero};

    reading begin(key of, clock::duration at) const {
        auto asked = book.begin(of);
        asked.began = zero + at;
        return asked;
    }
    void add(key customer, clock::duration acknowledged) {
        book.start(customer);
        book.acknowledge(customer, zero + acknowledged);
    }
    bool is_right(const reading& asked, std::int64_t count) const {
        const auto verdict = book.judge(asked, count);
        return !verdict.overcounted && !verdict.stale_for;
    }
};

TEST_F(check_ledger, without_orders_only_the_base_is_right) {
    EXPECT_TRUE(is_right(begin(0, 1ms), 10));
    EXPECT_TRUE(is_right(begin(2, 1ms), 0));
    EXPECT_TRUE(book.judge(begin(0, 1ms), 11).overcounted);
    EXPECT_TRUE(book.judge(begin(0, 1ms), 9).stale_for);
}

TEST_F(check_ledger, an_order_in_flight_may_be_counted_or_not) {
    book.start(1);
    for (const auto count : {10, 11}) EXPECT_TRUE(is_right(begin(0, 1ms), count));
    for (const auto count : {4, 5}) EXPECT_TRUE(is_right(begin(1, 1ms), count));
    EXPECT_TRUE(book.judge(begin(2, 1ms), 1).overcounted) << "another customer's";
}

TEST_F(check_ledger, an_acknowledged_order_has_to_be_counted) {
    add(1, 5ms);
    EXPECT_TRUE(is_right(begin(1, 6ms), 5));
    EXPECT_EQ(book.judge(begin(1, 8ms), 4).stale_for, 3ms);
    EXPECT_EQ(book.judge(begin(0, 9ms), 10).stale_for, 4ms);
}

TEST_F(check_ledger, an_order_acknowledged_after_the_read_began_need_not_be_counted) {
    const auto asked = begin(1, 1ms);
    add(1, 2ms);
    for (const auto count : {4, 5}) EXPECT_TRUE(is_right(asked, count));
}

TEST_F(check_ledger, an_order_started_before_the_read_ended_may_be_counted) {
    const auto asked = begin(1, 1ms);
    book.start(1);
    EXPECT_TRUE(is_right(asked, 5));
    EXPECT_TRUE(book.judge(asked, 6).overcounted);
}

TEST_F(check_ledger, staleness_is_that_of_the_oldest_order_that_is_lacking) {
    add(1, 10ms);
    add(1, 20ms);
    add(1, 30ms);
    EXPECT_EQ(book.judge(begin(1, 100ms), 6).stale_for, 70ms);
    EXPECT_EQ(book.judge(begin(1, 100ms), 5).stale_for, 80ms);
    EXPECT_EQ(book.judge(begin(1, 100ms), 4).stale_for, 90ms);
}

TEST_F(check_ledger, an_answer_below_the_base_is_stale_since_before_the_run) {
    EXPECT_EQ(book.judge(begin(1, 100ms), 3).stale_for, 100ms);
    EXPECT_TRUE(book.judge(begin(1, 100ms), 3).below_base);
    EXPECT_FALSE(book.judge(begin(1, 100ms), 4).below_base);
}

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
    EXPECT_EQ(count_in(whole_answer.substr(found.head, found.body)), 12);
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

TEST(check_count, is_a_number_and_nothing_else) {
    EXPECT_EQ(count_in(R"({"count":0})"), 0);
    EXPECT_EQ(count_in(R"({"count":12001})"), 12001);
    for (const auto* body : {"", "{}", R"({"count":})", R"({"count":"1"})", R"({"count":1.5})",
                             R"({"count":1}x)", R"({"count":1,"a":2})", R"({ "count":1})"})
        EXPECT_FALSE(count_in(body)) << body;
}

TEST(check_amount, has_two_places) {
    EXPECT_EQ(amount(1), "0.01");
    EXPECT_EQ(amount(10), "0.10");
    EXPECT_EQ(amount(99'999'999), "999999.99");
}

TEST(check_report, is_consistent_unless_a_promise_was_broken) {
    EXPECT_TRUE(is_consistent({.errors = {.late = 3}, .stale_reads = 2, .foreign_orders = 1}));
    EXPECT_FALSE(is_consistent({.too_stale_reads = 1}));
    EXPECT_FALSE(is_consistent({.overcounts = 1}));
    EXPECT_FALSE(is_consistent({.lost_writes = 1}));
    EXPECT_FALSE(is_consistent({.doubled_writes = 1}));
    EXPECT_FALSE(is_consistent({.denied_writes = 1}));
    EXPECT_FALSE(is_consistent({.wrong_at_the_end = 1}));
}

TEST(check_report, tells_people_what_happened) {
    report found{.instances = 3,
                 .reads = 10,
                 .reads_per_second = 5,
                 .errors = {.refused = 2, .unavailable = 1},
                 .stale_reads = 2,
                 .worst_stale_ms = 70,
                 .first_violations = {"that one"}};
    found.errors.late = 4;
    const auto table = text(found);
    for (const auto* part : {"reads             10  (5 a second)", "the worst by 70 ms",
                             "7  (no connection 2, no answer in time 4, answered 503 1)",
                             "  that one\n", "NOT CONSISTENT\n"})
        EXPECT_NE(table.find(part), std::string::npos) << part << "\n" << table;
}

TEST(check_report, tells_programs_in_one_line) {
    const auto line = larder::json::text(report{.consistent = true, .reads = 7});
    EXPECT_TRUE(line.starts_with(R"({"consistent":true,"instances":0,)")) << line;
    EXPECT_NE(line.find(R"("reads":7,)"), std::string::npos) << line;
    EXPECT_TRUE(line.ends_with(R"("first_violations":[]})")) << line;
}

}  // namespace
}  // namespace orders::check
