// /dashboard: what it is told, whom it is shown to, and how it looks in a browser.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "follow_store.hpp"
#include "support/observed_service.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

const std::string policy_of_dashboard =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Somebody who hears the events.
struct looker {
    explicit looker(std::uint16_t port)
        : curl{{"/usr/bin/curl", "-sNi",
                "http://127.0.0.1:" + std::to_string(port) + "/dashboard/events"},
               {}} {}
    bool hears(const std::string& text) const {
        return eventually([&] { return curl.out().find(text) != std::string::npos; });
    }
    std::size_t events() const { return times("\ndata: ", curl.out()); }

    child curl;
};

struct dashboard : store_test {};

TEST_F(dashboard, is_told_each_second_what_metrics_count) {
    const observed_service one{servers.env(), {"--workers", "2"}};
    const looker somebody{one.admin_port()};
    ASSERT_TRUE(somebody.hears(R"(data: {"at_us":)")) << somebody.curl.out();
    for (int i = 0; i < 200; ++i) count(one.port(), "/count?customerid=7");
    add_tutorial_order(one.port());
    EXPECT_TRUE(somebody.hears(R"("requests":{"answered":201,"refused":0,"failed":0,)"))
        << somebody.curl.out();
    EXPECT_TRUE(somebody.hears(R"("hot_keys":[{"key":"num_orders:7","millionths":)"));
    EXPECT_TRUE(somebody.hears(R"("health":{"status":"ready","reasons":[],)"));
    EXPECT_TRUE(somebody.hears(R"("invalidations":{"local_entries":0,"writes":1,)"));
    EXPECT_TRUE(somebody.hears(R"("workers":[{"is_answering":true,"requests":)"));
    EXPECT_GE(somebody.events(), 2U);
    const auto head = somebody.curl.out().substr(0, somebody.curl.out().find("\r\n\r\n"));
    EXPECT_NE(head.find("content-type: text/event-stream\r\n"), head.npos) << head;
    EXPECT_NE(head.find("cache-control: no-store\r\n"), head.npos) << head;
    EXPECT_EQ(head.find("access-control"), head.npos) << "not for pages of other origins: " << head;
}

TEST_F(dashboard, has_a_strict_policy_and_nothing_from_elsewhere) {
    const observed_service one{servers.env()};
    const auto page = get(one.admin_port(), "/dashboard");
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(page.header("content-security-policy"), policy_of_dashboard);
    EXPECT_EQ(page.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(page.body.find("://"), page.body.npos);
    for (const auto* path : {"dashboard.mjs", "figures.mjs", "uplot.js"})
        EXPECT_EQ(get(one.admin_port(), std::string{"/dashboard/"} + path).header("content-type"),
                  "text/javascript; charset=utf-8");
    for (const auto* path : {"dashboard.css", "uplot.css"})
        EXPECT_EQ(get(one.admin_port(), std::string{"/dashboard/"} + path).header("content-type"),
                  "text/css; charset=utf-8");
    EXPECT_EQ(get(one.admin_port(), "/dashboard/x").status, 404);
    EXPECT_EQ(request(one.admin_port(), "POST", "/dashboard/events").status, 405);
    EXPECT_EQ(get(one.port(), "/dashboard").status, 404) << "not on the service's own port";
}

// A page of elsewhere may have its own name lead to the loopback.
TEST_F(dashboard, is_shown_by_address_or_localhost_alone) {
    const observed_service one{servers.env()};
    const auto port = ':' + std::to_string(one.admin_port());
    for (const auto& host : {"localhost" + port, "LOCALHOST" + port, "127.0.0.1" + port,
                             "[::1]" + port, std::string{"10.0.0.7"}})
        EXPECT_EQ(request(one.admin_port(), "GET", "/dashboard", {{"host", host}}).status, 200)
            << host;
    for (const auto& host : {"elsewhere.example" + port, "127.0.0.1.elsewhere.example" + port,
                             std::string{"localhost.elsewhere.example"}})
        for (const auto* path : {"/dashboard", "/dashboard/events"})
            EXPECT_EQ(request(one.admin_port(), "GET", path, {{"host", host}}).status, 421) << host;
    EXPECT_EQ(request(one.admin_port(), "GET", "/metrics", {{"host", "elsewhere.example"}}).status,
              200)
        << "as Prometheus may ask by any name";
    const header_list of_another_page{{"sec-fetch-site", "cross-site"}};
    EXPECT_EQ(request(one.admin_port(), "GET", "/dashboard/events", of_another_page).status, 403);
}

TEST_F(dashboard, tells_sixteen_at_a_time) {
    const observed_service one{servers.env()};
    std::list<looker> all;
    for (int i = 0; i < 16; ++i) all.emplace_back(one.admin_port());
    for (const auto& each : all) ASSERT_TRUE(each.hears("\ndata: "));
    const auto refused = get(one.admin_port(), "/dashboard/events");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("retry-after"), "10");
    EXPECT_NE(refused.body.find("16 pages show the dashboard already: close one of them"),
              refused.body.npos)
        << refused.body;
    // Whoever goes leaves its place at once, and not with the next event, which comes in a second.
    const auto before = all.back().events();
    ASSERT_TRUE(eventually([&] { return all.back().events() > before; }));
    all.pop_back();
    EXPECT_TRUE(eventually(
        [&] {
            const looker another{one.admin_port()};
            return another.hears("HTTP/1.1 ") &&
                   another.curl.out().find("HTTP/1.1 200") != std::string::npos;
        },
        600ms * slack));
}

TEST_F(dashboard, is_told_of_the_end_and_does_not_keep_it) {
    observed_service one{servers.env(), {"--drain-delay", "1"}};
    looker somebody{one.admin_port()};
    http_connection deaf{one.admin_port()};
    deaf.send(request_text("GET", "/dashboard/events", {}, {}, one.admin_port()));
    ASSERT_TRUE(somebody.hears("\ndata: "));
    const auto since = std::chrono::steady_clock::now();
    one.signal(SIGTERM);
    EXPECT_TRUE(somebody.hears("The service is stopping"));
    EXPECT_EQ(one.wait_for_exit(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - since, 1s + 600ms * slack);
    EXPECT_EQ(somebody.curl.wait(), 0) << "a whole answer";
}

// Somebody else writes meanwhile, and this service follows.
TEST_F(follow_store, the_dashboard_can_be_read_and_used_by_everybody_in_a_browser) {
    const observed_service one{env(), {"--workers", "2"}};
    ASSERT_TRUE(one.wait_for_log("writes by others are seen")) << one.log();
    const auto url = "http://127.0.0.1:";
    child looks{{"node", LARDER_SOURCE_DIR "/tests/docs/dashboard.mjs",
                 url + std::to_string(one.admin_port()), url + std::to_string(one.port())},
                {}};
    auto somebody = shop->connect();
    const auto until = std::chrono::steady_clock::now() + 100s;
    std::optional<int> status;
    while (!status && std::chrono::steady_clock::now() < until) {
        somebody.exec(larder::test::insert);
        status = looks.wait(200ms);
    }
    EXPECT_EQ(status, 0) << looks.out() << looks.err();
}

}  // namespace
}  // namespace larder::test
