// What is too long, too large or too slow is answered by its own status, and the connection closed.

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <deque>
#include <memory>

#include "support/http_client.hpp"
#include "support/process.hpp"

namespace larder::test {
namespace {

// Without servers: what is asked here has no route, or is no order.
struct limits : testing::Test {
    static void SetUpTestSuite() {
        const std::vector<std::string> flags{"--timeout-request", "1", "--timeout-keep-alive", "2"};
        running = std::make_unique<service>(environment{}, flags);
    }
    static void TearDownTestSuite() { running.reset(); }
    static inline std::unique_ptr<service> running;

    static void go_on_after(std::chrono::milliseconds stopped) {
        const auto until = std::chrono::steady_clock::now() + stopped;
        eventually([&] { return std::chrono::steady_clock::now() > until; });
        running->signal(SIGCONT);
    }
    /// The one answer to these bytes, after which the service has to close.
    static http_response refusal_of(std::string_view bytes) {
        http_connection connection{running->port()};
        connection.send(bytes);
        return last_answer(connection);
    }
    static http_response last_answer(http_connection& connection) {
        auto answer = connection.receive();
        EXPECT_EQ(answer.header("connection"), "close");
        EXPECT_EQ(connection.read_to_end(), "");
        return answer;
    }
};

constexpr std::size_t most_line = 8'192, most_header = 16'384, most_body = 1'048'576;

std::string filled(const std::string& before, std::size_t size, const std::string& behind) {
    return before + std::string(size - before.size() - behind.size(), 'a') + behind;
}

TEST_F(limits, a_request_line_of_8192_bytes_and_no_more) {
    const std::string rest = "\r\nhost: shop\r\nconnection: close\r\n\r\n";
    EXPECT_EQ(refusal_of(filled("GET /", most_line, " HTTP/1.1") + rest).status, 404);
    EXPECT_EQ(refusal_of(filled("GET /", most_line + 1, " HTTP/1.1") + rest).status, 414);
    EXPECT_EQ(refusal_of(filled("GET /?", most_line + 1, "")).status, 414);
    EXPECT_EQ(refusal_of(filled("", most_line + 1, "")).status, 414);
}

TEST_F(limits, a_header_of_16384_bytes_and_no_more) {
    const std::string before = "GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\nx: ";
    EXPECT_EQ(refusal_of(filled(before, most_header - 2, "\r\n") + "\r\n").status, 404);
    EXPECT_EQ(refusal_of(filled(before, most_header + 1, "\r\n") + "\r\n").status, 431);
    EXPECT_EQ(refusal_of(filled(before, most_header + 1, "")).status, 431);
    std::string many = "GET / HTTP/1.1\r\nhost: shop\r\n";
    while (many.size() <= most_header) many += "x:\r\n";
    EXPECT_EQ(refusal_of(many).status, 431);
}

TEST_F(limits, trailers_and_chunk_extensions_count_as_header) {
    const std::string head =
        "POST /add/ HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n";
    EXPECT_EQ(refusal_of(head + filled("0\r\nx: ", most_header, "")).status, 431);
    std::string extended = head;
    for (int i = 0; i < 200; ++i) extended += "1;" + std::string(100, 'a') + "\r\nA\r\n";
    EXPECT_EQ(refusal_of(extended).status, 431);
}

TEST_F(limits, a_body_that_is_too_long_is_refused_before_it_comes) {
    const std::string head = "POST /add/ HTTP/1.1\r\nhost: shop\r\n";
    for (const char* expect : {"", "expect: 100-continue\r\n"}) {
        const auto length = "content-length: " + std::to_string(most_body + 1) + "\r\n\r\n";
        EXPECT_EQ(refusal_of(head + expect + length).status, 413);
    }
    const auto chunked = head + "transfer-encoding: chunked\r\n\r\n";
    EXPECT_EQ(refusal_of(chunked + "100001\r\n").status, 413);
    EXPECT_EQ(refusal_of(chunked + "100000\r\n" + std::string(most_body, 'a') + "\r\n1\r\n").status,
              413);
}

TEST_F(limits, a_body_of_1048576_bytes_is_read) {
    http_connection connection{running->port()};
    const std::string most(most_body, 'a');
    EXPECT_EQ(connection.request("POST", "/add/", {}, most).status, 422);
    std::string chunked = "POST /add/ HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n";
    for (std::size_t i = 0; i < most_body / 16; ++i) chunked += "10\r\naaaaaaaaaaaaaaaa\r\n";
    connection.send(chunked + "0\r\n\r\n");
    EXPECT_EQ(connection.receive().status, 422);
    EXPECT_EQ(connection.request("GET", "/").status, 404);
}

TEST_F(limits, a_refusal_of_head_has_no_body) {
    const std::string head = "HEAD / HTTP/1.1\r\nhost: shop\r\ncontent-length: 9999999\r\n\r\n";
    const auto answer = raw(running->port(), head);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(limits, a_client_is_told_to_go_on_only_if_its_body_is_wanted) {
    const std::string asks = "\r\nhost: shop\r\nexpect: 100-continue\r\n";
    const std::string closes = "connection: close\r\n";
    // No body is to come, or it came with the head, or HTTP/1.0 knows no such answer.
    for (const auto& bytes : {"POST /add/ HTTP/1.1" + asks + closes + "content-length: 0\r\n\r\n",
                              "GET /add/ HTTP/1.1" + asks + closes + "\r\n",
                              "POST /add/ HTTP/1.1" + asks + closes + "content-length: 1\r\n\r\n{",
                              "POST /add/ HTTP/1.1" + asks + "content-length: +1\r\n\r\n",
                              "POST add HTTP/1.1" + asks + "content-length: 1\r\n\r\n"})
        EXPECT_GE(refusal_of(bytes).status, 400) << bytes;

    http_connection old{running->port()};
    old.send("POST /add/ HTTP/1.0" + asks + "content-length: 1\r\n\r\n");
    EXPECT_EQ(old.receive().status, 408);

    http_connection chunked{running->port()};
    chunked.send("POST /add/ HTTP/1.1" + asks + "transfer-encoding: chunked\r\n\r\n");
    EXPECT_EQ(chunked.receive().status, 100);
    chunked.send("1\r\n{\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.receive().status, 422);
}

TEST_F(limits, a_request_that_does_not_come_to_its_end_is_answered_408) {
    http_connection head{running->port()}, body{running->port()}, chunks{running->port()};
    head.send("GET / HTTP/1.1\r\nhost:");
    body.send("POST /add/ HTTP/1.1\r\nhost: shop\r\ncontent-length: 9\r\n\r\n{");
    chunks.send("POST /add/ HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{");
    for (auto* connection : {&head, &body, &chunks})
        EXPECT_EQ(last_answer(*connection).status, 408);
}

TEST_F(limits, sending_byte_by_byte_gains_no_time) {
    http_connection head{running->port()}, body{running->port()};
    head.send("GET / HTTP/1.1\r\nhost: shop\r\nx: ");
    body.send("POST /add/ HTTP/1.1\r\nhost: shop\r\ncontent-length: 99999\r\n\r\n");
    for (auto* connection : {&head, &body}) {
        const bool answered =
            eventually([&] { return !connection->try_send("a") || connection->is_readable(); });
        EXPECT_TRUE(answered);
        EXPECT_EQ(last_answer(*connection).status, 408);
    }
}

TEST_F(limits, a_connection_without_a_request_is_closed_without_a_word) {
    http_connection fresh{running->port()}, used{running->port()};
    EXPECT_EQ(used.request("GET", "/").status, 404);
    EXPECT_EQ(fresh.read_to_end(), "");
    EXPECT_EQ(used.read_to_end(), "");
}

// However long ago its client was silent last: the request came while nobody looked at the clock.
TEST_F(limits, what_came_while_the_process_was_stopped_is_answered) {
    std::deque<http_connection> connections;
    for (int i = 0; i < 8; ++i) connections.emplace_back(running->port());
    for (auto& connection : connections) EXPECT_EQ(connection.request("GET", "/").status, 404);
    running->signal(SIGSTOP);
    for (auto& connection : connections) connection.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n");
    go_on_after(std::chrono::milliseconds{2'600});
    for (auto& connection : connections) EXPECT_EQ(connection.receive().status, 404);
}

TEST_F(limits, no_client_loses_the_time_in_which_the_process_was_stopped) {
    std::deque<http_connection> connections;
    for (int i = 0; i < 8; ++i) connections.emplace_back(running->port());
    for (auto& connection : connections) connection.send("GET / HTTP/1.1\r\n");
    running->signal(SIGSTOP);
    go_on_after(std::chrono::milliseconds{1'600});
    for (int i = 0; i < 8; ++i) EXPECT_EQ(get(running->port(), "/").status, 404);
    for (auto& connection : connections) connection.send("host: shop\r\n\r\n");
    for (auto& connection : connections) EXPECT_EQ(connection.receive().status, 404);
}

TEST_F(limits, a_new_connection_has_its_whole_time) {
    const service patient{environment{}, std::vector<std::string>{}};
    http_connection fresh{patient.port()};
    EXPECT_FALSE(eventually([&] { return fresh.is_readable(); }, std::chrono::milliseconds{1'200}))
        << "it was closed";
    EXPECT_EQ(fresh.request("GET", "/").status, 404);
}

TEST_F(limits, a_client_of_http_1_0_keeps_its_connection_if_it_asks) {
    http_connection connection{running->port()};
    for (int i = 0; i < 3; ++i) {
        connection.send("GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n");
        EXPECT_EQ(connection.receive().header("connection"), "keep-alive");
    }
    connection.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(last_answer(connection).status, 404);
}

TEST_F(limits, of_an_absolute_target_the_authority_counts_and_not_the_host_field) {
    http_connection connection{running->port()};
    connection.send("GET http://market:81/count/?a=%20b HTTP/1.1\r\nhost: shop\r\n\r\n");
    EXPECT_EQ(connection.receive().header("location"), "http://market:81/count?a=%20b");
}

TEST_F(limits, header_by_header_a_request_is_understood) {
    http_connection connection{running->port()};
    for (const char* part : {"GET / HTTP/1.1\r", "\nhost: shop\r\n", "accept: */*\r\n",
                             "x:", "\r\n", "\r", "\nGET / HTTP/1.1\r\nhost: shop\r\n\r", "\n"})
        connection.send(part);
    EXPECT_EQ(connection.receive().status, 404);
    EXPECT_EQ(connection.receive().status, 404);
}

}  // namespace
}  // namespace larder::test
