// Who sends the same request again and again is answered as before, only sooner.

#include <gtest/gtest.h>

#include <set>

#include "support/json_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

// At level debug each step is in the log, so that none is left out.
struct known_requests : store_test {
    environment env() const {
        auto all = servers.env();
        all["CACHE_DEADLINE_MS"] = "5000";
        return all;
    }
    static bool is_local(const http_response& r) {
        return r.header("cache-status").ends_with("detail=local");
    }
    /// On this connection, so by the worker that will be asked again.
    static void warm(http_connection& by, const std::string& target = "/count") {
        ASSERT_TRUE(eventually([&] { return is_local(by.request("GET", target)); }));
    }
};

// But for what says when that was, and which answer it is.
http_response without_time(http_response r) {
    for (auto& [name, value] : r.headers) {
        if (name == "date" || name == "x-request-id" || name == "age") value = "*";
        if (name == "cache-status") value = value.substr(0, value.find("ttl=")) + "ttl, local";
    }
    return r;
}

TEST_F(known_requests, are_answered_as_the_first_time) {
    const service one{
        env(),
        {"--workers", "1", "--header", "x-shop: 1", "--cors-allow-origin", "http://page.example"}};
    http_connection by{one.port()};
    warm(by);
    const auto tag = by.request("GET", "/count").header("etag");
    const std::vector<std::pair<std::string, header_list>> requests{
        {"GET", {{"x-is", "plain"}}},
        {"HEAD", {{"x-is", "head"}}},
        {"GET", {{"if-none-match", tag}}},
        {"GET", {{"if-none-match", "\"other\""}}},
        {"GET", {{"if-match", tag}}},
        {"GET", {{"if-match", "\"other\""}}},
        {"GET", {{"origin", "http://page.example"}}},
        {"GET", {{"origin", "http://other.example"}}},
        {"GET", {{"x-forwarded-for", "192.0.2.1"}, {"x-forwarded-proto", "https"}}},
        {"GET", {{"accept", "text/html"}}},
    };
    for (const auto& [method, headers] : requests) {
        const auto text = request_text(method, "/count", headers, {}, one.port());
        SCOPED_TRACE(text);
        by.send(text);
        const auto first = by.receive(method == "HEAD");
        std::set<std::string> ids{first.header("x-request-id")};
        for (int i = 0; i < 5; ++i) {
            by.send(text);
            const auto again = by.receive(method == "HEAD");
            EXPECT_EQ(again.status, first.status);
            EXPECT_EQ(without_time(again).headers, without_time(first).headers);
            EXPECT_EQ(again.body, first.body);
            ids.insert(again.header("x-request-id"));
        }
        EXPECT_EQ(ids.size(), 6U);
    }
    by.expect_nothing_more();
}

TEST_F(known_requests, are_answered_anew_after_each_write) {
    const service one{env(), {"--workers", "1"}}, other{env(), {"--workers", "1"}};
    http_connection by{one.port()};
    for (int i = 1; i <= 30; ++i) {
        warm(by);
        for (int n = 0; n < 3; ++n)
            EXPECT_EQ(by.request("GET", "/count").body, count_body(12'000 + i - 1));
        EXPECT_EQ(add((i % 2 == 0 ? one : other).port(), tutorial_order).status, 200);
        EXPECT_EQ(by.request("GET", "/count").body, count_body(12'000 + i));
    }
}

TEST_F(known_requests, are_not_answered_from_what_is_not_there_any_more) {
    const service one{env(), {"--workers", "1"}};
    http_connection by{one.port()};
    warm(by);
    for (int n = 0; n < 3; ++n) EXPECT_TRUE(is_local(by.request("GET", "/count")));
    valkey().flush();
    EXPECT_TRUE(eventually([&] { return !is_local(by.request("GET", "/count")); }));
    warm(by);
    servers.valkey.kill();
    EXPECT_TRUE(eventually([&] { return !is_local(by.request("GET", "/count")); }));
    servers.valkey.start();
}

TEST_F(known_requests, tell_how_old_the_entry_is_now) {
    const service one{env(), {"--workers", "1"}};
    http_connection by{one.port()};
    warm(by);
    const auto age = [&] { return std::stoi(by.request("GET", "/count").header("age")); };
    const auto ttl = [&] {
        const auto status = by.request("GET", "/count").header("cache-status");
        return std::stoi(status.substr(status.find("ttl=") + 4));
    };
    const auto first_age = age(), first_ttl = ttl();
    EXPECT_TRUE(eventually([&] { return age() == first_age + 2; }));
    EXPECT_LE(ttl(), first_ttl - 1);
}

TEST_F(known_requests, of_who_asks_for_more_are_read_each_time) {
    const service one{env(), {"--workers", "1"}};
    http_connection by{one.port()};
    warm(by);
    for (int i = 0; i < 4; ++i) {
        const auto anew = by.request("GET", "/count", {{"cache-control", "no-cache"}});
        EXPECT_EQ(anew.header("cache-status"), "larder; fwd=request; stored");
        const auto named = by.request("GET", "/count", {{"x-request-id", "mine"}});
        EXPECT_EQ(named.header("x-request-id"), "mine");
    }
    EXPECT_EQ(raw(one.port(), "GET /count HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n")
                  .substr(0, 15),
              "HTTP/1.1 200 OK");
}

TEST_F(known_requests, are_answered_in_order_with_others_between) {
    const service one{env(), {"--workers", "1"}};
    http_connection by{one.port()};
    warm(by);
    const auto known = request_text("GET", "/count", {}, {}, one.port());
    const auto wrong = request_text("GET", "/count?customerid=x", {}, {}, one.port());
    const auto order = request_text("POST", "/add/", {}, tutorial_order, one.port());
    std::string all;
    for (int i = 0; i < 40; ++i) all += known + known + wrong + known + order + known;
    by.send(all.substr(0, all.size() - 3));
    by.send(all.substr(all.size() - 3));
    for (int i = 0; i < 40; ++i) {
        for (const auto status : {200, 200, 422, 200, 200, 200}) {
            const auto got = by.receive();
            EXPECT_EQ(got.status, status);
            if (got.has("cache-status") && status == 200) {
                EXPECT_EQ(got.body,
                          count_body(12'000 + i + (got.body == count_body(12'000 + i) ? 0 : 1)));
            }
        }
    }
    by.expect_nothing_more();
    EXPECT_EQ(by.request("GET", "/count").body, count_body(12'040));
}

// More than fits a send at once.
TEST_F(known_requests, of_who_does_not_read_are_not_answered_without_end) {
    const service one{env(), {"--workers", "1"}};
    http_connection by{one.port()};
    warm(by);
    const auto known = request_text("GET", "/count", {}, {}, one.port());
    constexpr int asked = 20'000;
    std::string all;
    for (int i = 0; i < asked; ++i) all += known;
    std::jthread sender{[&] { by.send(all); }};
    http_connection other{one.port()};
    EXPECT_EQ(other.request("GET", "/count").status, 200);
    for (int i = 0; i < asked; ++i) ASSERT_EQ(by.receive().status, 200);
}

// As the first time, from a client and from a proxy, which the loopback is unless it is said not
// to.
TEST_F(known_requests, have_their_lines_in_the_log) {
    for (const bool is_proxy : {true, false}) {
        const service one{env(),
                          {"--workers", "1", "--log-config", "json", "--forwarded-allow-ips",
                           is_proxy ? "127.0.0.1" : "192.0.2.9"}};
        http_connection by{one.port()};
        std::vector<std::string> ids;
        for (int i = 0; i < 8; ++i)
            ids.push_back(by.request("GET", "/count", {{"x-forwarded-for", "192.0.2.7"}})
                              .header("x-request-id"));
        EXPECT_TRUE(eventually([&] { return times("GET /count HTTP/1.1", one.log()) == 8; }));
        const auto log = one.log();
        for (const auto& id : ids) EXPECT_EQ(times(R"("request_id":")" + id, log), 1U) << log;
        const auto client = is_proxy ? std::string{R"("client":"192.0.2.7:0")"}
                                     : R"("client":"127.0.0.1:)" + std::to_string(by.local_port());
        for (const auto& part :
             {std::string{R"("method":"GET")"}, client, std::string{R"("path":"/count")"},
              std::string{R"("status":200)"}, std::string{R"("duration_ms":)"},
              std::string{R"("cache_key":"num_orders:all")"}})
            EXPECT_EQ(times(part, log), 8U) << part << " in " << log;
        EXPECT_GE(times(R"("cache_tier":"local")", log), 6U);
        std::istringstream lines{log};
        for (std::string line; std::getline(lines, line);)
            EXPECT_NO_THROW(expect_compact_json(line)) << line;
    }
}

}  // namespace
}  // namespace larder::test
