// What comes over a connection: in one piece or many, in order, or not HTTP at all.

#include <gtest/gtest.h>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct service_wire : shared_service_test {};

TEST_F(service_wire, a_connection_serves_one_request_after_the_other) {
    http_connection connection{port()};
    for (int i = 1; i <= 20; ++i) {
        expect_json(connection.request("POST", "/add/", {}, tutorial_order), 200,
                    R"({"updated":{"customer":9999}})");
        expect_json(connection.request("GET", "/count"), 200, count_body(12000 + i));
        EXPECT_EQ(connection.request("GET", "/nowhere").status, 404);
        EXPECT_EQ(connection.request("POST", "/add/", {}, "{").status, 422);
        EXPECT_EQ(connection.request("HEAD", "/count").status, 200);
    }
}

TEST_F(service_wire, pipelined_requests_are_answered_in_order) {
    http_connection connection{port()};
    std::string requests;
    for (int i = 0; i < 10; ++i) {
        requests += request_text("GET", "/count?customerid=9999", {}, {}, port());
        requests += request_text("POST", "/add/", {}, tutorial_order, port());
        requests += request_text("GET", "/nowhere", {}, {}, port());
        requests += request_text("GET", "/count?customerid=9999", {}, {}, port());
    }
    connection.send(requests);
    for (int i = 0; i < 10; ++i) {
        expect_json(connection.receive(), 200, count_body(i));
        expect_json(connection.receive(), 200, R"({"updated":{"customer":9999}})");
        expect_json(connection.receive(), 404, R"({"detail":"Not Found"})");
        expect_json(connection.receive(), 200, count_body(i + 1));
    }
    connection.expect_nothing_more();
}

TEST_F(service_wire, an_answer_is_not_kept_back_by_a_pipelined_request_that_takes_long) {
    auto holder = servers.store.connect();
    holder.exec("BEGIN; SELECT 1 FROM customers WHERE customerid = 50 FOR UPDATE");
    http_connection connection{port()};
    std::string requests;
    for (const std::string customer : {"51", "50"})
        requests += request_text(
            "POST", "/add/", {},
            R"({"orderdate":"2023-03-10","netamount":23,"tax":2,"customerid":)" + customer + "}",
            port());
    connection.send(requests);
    expect_json(connection.receive(), 200, R"({"updated":{"customer":51}})");
    EXPECT_TRUE(eventually([&] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1";
    })) << "it came with the answer to the other one";
    holder.exec("COMMIT");
    expect_json(connection.receive(), 200, R"({"updated":{"customer":50}})");
}

// Not before they are read are they made.
TEST_F(service_wire, pipelined_requests_do_not_pile_up_their_answers) {
    constexpr int asked = 150;
    const std::string target = "/docs/swagger-ui.js";
    const auto is_answered = [&, before = running->log().size()] {
        const auto log = running->log().substr(before);
        int lines = 0;
        for (std::size_t at = 0; (at = log.find("GET " + target, at)) != std::string::npos; ++at)
            ++lines;
        return lines;
    };
    http_connection connection{port()};
    std::string requests;
    for (int i = 0; i < asked; ++i) requests += "GET " + target + " HTTP/1.1\r\nhost:\r\n\r\n";
    connection.send(requests);
    ASSERT_TRUE(eventually([&] { return connection.is_readable(); }));
    EXPECT_EQ(count(port()), 12000) << "by the same worker or another";
    EXPECT_LT(is_answered(), asked / 2);
    for (int i = 0; i < asked; ++i) EXPECT_EQ(connection.receive().status, 200);
    connection.expect_nothing_more();
    EXPECT_TRUE(eventually([&] { return is_answered() == asked; }));
}

TEST_F(service_wire, a_request_that_comes_byte_by_byte_is_understood) {
    http_connection connection{port()};
    const auto text = request_text("POST", "/add/", {{"content-type", "application/json"}},
                                   tutorial_order, port());
    for (const char byte : text) connection.send({&byte, 1});
    expect_json(connection.receive(), 200, R"({"updated":{"customer":9999}})");
    for (const char byte : request_text("GET", "/count", {}, {}, port())) {
        connection.send({&byte, 1});
    }
    expect_json(connection.receive(), 200, count_body(12001));
}

TEST_F(service_wire, a_body_in_chunks_is_understood) {
    http_connection connection{port()};
    const std::string order{tutorial_order};
    connection.send("POST /add/ HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n");
    connection.send("5\r\n" + order.substr(0, 5) + "\r\n");
    std::ostringstream rest;
    rest << std::hex << order.size() - 5 << "\r\n" << order.substr(5) << "\r\n0\r\n\r\n";
    connection.send(rest.str());
    expect_json(connection.receive(), 200, R"({"updated":{"customer":9999}})");
    EXPECT_EQ(rows(), 12001);
}

TEST_F(service_wire, a_chunks_line_without_an_end_is_refused) {
    const std::string head =
        "POST /add/ HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n";
    for (const std::string& line : {"5;" + std::string(40'000, 'a'), std::string(40'000, '0')}) {
        const auto answer = raw(port(), head + line);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 431 ")) << answer;
    }
}

TEST_F(service_wire, a_client_that_asks_before_it_sends_its_body_is_told_to_go_on) {
    http_connection connection{port()};
    const header_list asking{{"expect", "100-continue"}};
    const auto text = request_text("POST", "/add/", asking, tutorial_order, port());
    const auto head = text.size() - tutorial_order.size();
    connection.send(text.substr(0, head));
    EXPECT_EQ(connection.receive().status, 100);
    connection.send(text.substr(head));
    expect_json(connection.receive(), 200, R"({"updated":{"customer":9999}})");
}

TEST_F(service_wire, a_client_of_http_1_0_is_answered_and_left) {
    const auto answer = raw(port(), "GET /count HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n" + count_body(12000))) << answer;
}

TEST_F(service_wire, what_is_no_request_ends_its_connection_and_nothing_else) {
    for (const std::string& bytes :
         {std::string{"hello\r\n\r\n"}, std::string{"GET /count\r\n\r\n"},
          std::string{"GET  HTTP/1.1\r\nhost: shop\r\n\r\n"},
          std::string{"GET /count HTTP/1.1\r\nhost shop\r\n\r\n"},
          std::string{"GET /count HTTP/1.1\r\n\r\n"},
          std::string{"GET /count/ HTTP/1.1\r\nhost: a b<x>\r\n\r\n"},
          std::string{"GET /count/ HTTP/1.1\r\nhost: shop/evil?\r\n\r\n"},
          std::string{"GET /count HTTP/1.1\r\nhost: shop\r\nhost: shop\r\n\r\n"},
          std::string{"POST /add/ HTTP/1.1\r\nhost: shop\r\ncontent-length: -1\r\n\r\n"},
          std::string{"POST /add/ HTTP/1.1\r\nhost: shop\r\ncontent-length: 2\r\n"
                      "content-length: 3\r\n\r\n{}"},
          std::string{"POST /add/ HTTP/1.1\r\nhost: shop\r\ncontent-length: 2\r\n"
                      "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"},
          std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15)}) {
        SCOPED_TRACE(bytes);
        const auto answer = raw(port(), bytes);
        EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 4")) << answer;
        EXPECT_EQ(count(port()), 12000);
    }
    EXPECT_EQ(rows(), 12000);
}

TEST_F(service_wire, clients_that_come_and_go_do_it_no_harm) {
    for (int i = 0; i < 50; ++i) {
        http_connection silent{port()};
        http_connection half{port()};
        half.send("POST /add/ HTTP/1.1\r\nhost: shop\r\ncontent-length: 70\r\n\r\n{\"order");
        http_connection hasty{port()};
        hasty.send(request_text("GET", "/count", {}, {}, port()));
    }
    EXPECT_EQ(count(port()), 12000);
    EXPECT_EQ(rows(), 12000);
}

}  // namespace
}  // namespace larder::test
