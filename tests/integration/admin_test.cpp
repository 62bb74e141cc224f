// What operators are told: whether an instance lives and is ready.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "basket_service.hpp"
#include "support/json_text.hpp"
#include "support/observed_service.hpp"
#include "support/store_test.hpp"
#include "support/text.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

struct operators : store_test {
    environment with(const std::string& name, const std::string& value) const {
        auto env = servers.env();
        env[name] = value;
        return env;
    }
};

TEST_F(operators, find_it_ready_while_both_servers_are_there) {
    const observed_service one{servers.env(), {"--workers", "2"}};
    ASSERT_TRUE(one.becomes(200, R"("degraded":[])")) << one.ready().body;
    const auto ready = one.ready();
    EXPECT_TRUE(ready.body.starts_with(R"({"status":"ready","reasons":[],"degraded":[],)"))
        << ready.body;
    EXPECT_TRUE(has(ready.body, R"("workers":{"all":2,"answering":2})")) << ready.body;
    EXPECT_TRUE(has(ready.body, R"("postgresql":{"is_reachable":true,)")) << ready.body;
    EXPECT_TRUE(has(ready.body, R"("connected_workers":2,"trusted_workers":2,"silent_workers":0)"))
        << ready.body;
    EXPECT_TRUE(has(ready.body, R"("follower":{"mode":"off","is_followed":false)")) << ready.body;
    EXPECT_TRUE(has(ready.body, R"("local_tier":{"usable_workers":2,)")) << ready.body;
    EXPECT_EQ(ready.header("content-type"), "application/json");
    EXPECT_EQ(ready.header("cache-control"), "no-store");
    expect_json(get(one.admin_port(), "/health/live"), 200, R"({"status":"alive"})");
}

TEST_F(operators, get_no_other_path_and_no_other_method) {
    const observed_service one{servers.env()};
    for (const auto* path : {"/", "/count", "/health", "/health/live/", "/metrics/x"})
        EXPECT_EQ(get(one.admin_port(), path).status, 404) << path;
    for (const auto* path : {"/health/live", "/health/ready", "/metrics"}) {
        const auto refused = request(one.admin_port(), "DELETE", path);
        EXPECT_EQ(refused.status, 405) << path;
        EXPECT_EQ(refused.header("allow"), "GET, HEAD");
        http_connection connection{one.admin_port()};
        connection.send(request_text("HEAD", path, {}, {}, one.admin_port()));
        EXPECT_EQ(connection.receive(true).status, 200) << path;
        EXPECT_EQ(get(one.port(), path).status, 404) << "not on the service's own port: " << path;
    }
}

TEST_F(operators, are_told_that_postgresql_is_away_until_it_is_back) {
    const observed_service one{servers.env(), {"--workers", "2"}};
    ASSERT_TRUE(one.becomes(200));
    servers.postgres.stop();
    EXPECT_TRUE(one.becomes(503, R"("reasons":["PostgreSQL cannot be reached: )"))
        << one.ready().body;
    EXPECT_TRUE(has(one.ready().body, R"("status":"not ready")"));
    EXPECT_EQ(get(one.admin_port(), "/health/live").status, 200);
    EXPECT_EQ(one.metric("larder_ready"), 0);
    servers.postgres.start();
    EXPECT_TRUE(one.becomes(200, R"("reasons":[],"degraded":[])")) << one.ready().body;
    EXPECT_TRUE(one.metric_becomes("larder_ready", 1));
}

// Neither who asks nor who reads the answer on another machine is told where the server is.
TEST_F(operators, are_told_that_postgresql_is_silent_without_its_address) {
    const observed_service one{servers.env(), {"--workers", "1"}};
    ASSERT_TRUE(one.becomes(200));
    servers.postgres.freeze();
    EXPECT_TRUE(one.becomes(503, "PostgreSQL cannot be reached: ")) << one.ready().body;
    EXPECT_FALSE(has(one.ready().body, "127.0.0.1")) << one.ready().body;
    servers.postgres.thaw();
    EXPECT_TRUE(one.becomes(200)) << one.ready().body;
}

TEST_F(operators, are_told_what_it_does_without_while_valkey_is_away) {
    const observed_service one{servers.env(), {"--workers", "2"}};
    ASSERT_TRUE(one.becomes(200, R"("degraded":[])"));
    servers.valkey.stop();
    EXPECT_TRUE(one.becomes(200, "Valkey is away for 2 of 2 workers")) << one.ready().body;
    EXPECT_EQ(count(one.port()), 12000) << "so it is ready";
    EXPECT_TRUE(one.metric_becomes("larder_valkey_connected_workers", 0));
    servers.valkey.start();
    EXPECT_TRUE(one.becomes(200, R"("degraded":[])")) << one.ready().body;
    servers.valkey.freeze();
    EXPECT_TRUE(eventually([&] {
        get(one.port(), "/count");
        return one.metric("larder_valkey_breaker_open_workers") > 0;
    }));
    EXPECT_TRUE(one.becomes(200, "Valkey is silent for ")) << one.ready().body;
    servers.valkey.thaw();
    EXPECT_TRUE(one.becomes(200, R"("degraded":[])")) << one.ready().body;
    EXPECT_GT(one.metric("larder_valkey_breaker_openings_total"), 0);
}

// The private PostgreSQL's log is followed by nobody before `follow setup`.
TEST_F(operators, are_told_that_nobody_follows_before_it_serves) {
    const auto port = free_port();
    child one{{program("orders"), "serve", "--port", "0", "--admin-port", std::to_string(port)},
              with("CACHE_FOLLOW", "on")};
    ASSERT_TRUE(one.wait_for_err("Health and metrics are at http://127.0.0.1:"));
    EXPECT_TRUE(eventually([&] {
        return get(port, "/health/ready").body.find("Nobody follows the writes of others") !=
               std::string::npos;
    })) << get(port, "/health/ready").body;
    EXPECT_EQ(get(port, "/health/ready").status, 503);
    EXPECT_EQ(get(port, "/health/live").status, 200);
    EXPECT_FALSE(has(one.err(), "orders listening on "));
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0);
}

TEST_F(operators, are_told_that_nobody_follows_where_that_is_only_worse) {
    const observed_service one{with("CACHE_FOLLOW", "auto")};
    EXPECT_TRUE(one.becomes(200, "Nobody follows the writes of others")) << one.ready().body;
    EXPECT_TRUE(has(one.ready().body, R"("mode":"auto")"));
    EXPECT_TRUE(has(one.metrics(), "\nlarder_follower_followed 0\n"));
}

TEST_F(operators, are_told_which_setting_is_missing) {
    auto env = servers.env();
    env.erase("PG_SERVICE_URI");
    const observed_service one{env};
    EXPECT_TRUE(one.becomes(503, "environment variable PG_SERVICE_URI is empty/unset"));
    EXPECT_EQ(get(one.admin_port(), "/health/live").status, 200);
}

// ---- the end ----

TEST_F(operators, hear_of_the_end_while_it_still_serves) {
    observed_service one{servers.env(), {"--workers", "2", "--drain-delay", "3600"}};
    ASSERT_TRUE(one.becomes(200));
    one.signal(SIGTERM);
    EXPECT_TRUE(one.becomes(503, R"("reasons":["The service is stopping"])")) << one.ready().body;
    EXPECT_EQ(count(one.port()), 12000) << "on a new connection, too";
    EXPECT_EQ(get(one.admin_port(), "/health/live").status, 200);
    EXPECT_FALSE(has(one.log(), "finishes what is in flight"));
    EXPECT_TRUE(eventually([&] {  // a second signal ends the delay, and nothing else
        one.signal(SIGTERM);
        return has(one.log(), "finishes what is in flight");
    }));
    EXPECT_EQ(one.wait_for_exit(), 0);
}

TEST_F(operators, wait_for_the_end_no_longer_than_the_delay) {
    observed_service one{servers.env(), {"--workers", "2", "--drain-delay", "1"}};
    const auto since = std::chrono::steady_clock::now();
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait_for_exit(), 0);
    EXPECT_GE(std::chrono::steady_clock::now() - since, 1s);
}

// Of a connection that is idle, one that has begun a request and one that never reads.
TEST_F(operators, do_not_keep_it_from_ending) {
    observed_service one{servers.env()};
    http_connection idle{one.admin_port()}, half{one.admin_port()}, deaf{one.admin_port()};
    EXPECT_EQ(idle.request("GET", "/health/live").status, 200);
    half.send("GET /metrics HTTP/1.1\r\n");
    for (int i = 0; i < 100; ++i)
        if (!deaf.try_send(request_text("GET", "/metrics", {}, {}, one.admin_port()))) break;
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait_for_exit(3s * slack), 0);
}

// ---- where ----

TEST_F(operators, find_health_on_the_services_own_port_if_that_is_wanted) {
    const service one{servers.env(), {"--health", "--workers", "2"}};
    EXPECT_TRUE(eventually([&] { return get(one.port(), "/health/ready").status == 200; }));
    expect_json(get(one.port(), "/health/live"), 200, R"({"status":"alive"})");
    EXPECT_EQ(get(one.port(), "/metrics").status, 404) << "metrics are nobody else's";
    servers.postgres.stop();
    EXPECT_TRUE(eventually([&] { return get(one.port(), "/health/ready").status == 503; }));
    EXPECT_EQ(get(one.port(), "/health/live").status, 200);
}

TEST_F(operators, find_it_by_a_unix_socket) {
    const scratch_folder folder{"admin"};
    const auto path = folder.path + "/admin.sock";
    const service one{servers.env(), {"--admin-uds", path}};
    EXPECT_TRUE(one.wait_for_log("Health and metrics are at unix:" + path));
    const auto said = run_to_end(
        {"/usr/bin/curl", "-sS", "--unix-socket", path, "http://orders/health/live"}, {});
    EXPECT_EQ(said.out, R"({"status":"alive"})") << said.err;
}

TEST_F(operators, find_the_basket_as_well) {
    const auto port = free_port();
    child one{{program("basket"), "serve", "--port", "0", "--admin-port", std::to_string(port)},
              servers.env()};
    ASSERT_TRUE(one.wait_for_err("Health and metrics are at http://"));
    EXPECT_TRUE(eventually([&] { return get(port, "/health/ready").status == 200; }));
    EXPECT_TRUE(has(get(port, "/metrics").body, R"(larder_build_info{service="basket",version=)"));
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0);
}

TEST_F(operators, are_told_what_is_wrong_with_a_flag) {
    struct wrong {
        words flags;
        int status;
        const char* said;
    };
    for (const auto& [flags, status, said] : std::vector<wrong>{
             {{"--admin-port", "many"}, 64, "--admin-port"},
             {{"--admin-port", "70000"}, 64, "--admin-port"},
             {{"--drain-delay", "-1"}, 64, "--drain-delay"},
             {{"--drain-delay", "86401"}, 64, "--drain-delay"},
             {{"--admin"}, 64, "--admin"},
             {{"--admin-host", "::1"}, 78, "--admin-host needs --admin-port"},
             {{"--admin-port", "1", "--admin-uds", "/x"}, 78, "--admin-port has no use beside"},
             {{"--health=perhaps"}, 78, "--health has to be on or off"},
             {{"--admin-port", "1", "--admin-host", "192.0.2.1"}, 69, "192.0.2.1:1"}}) {
        auto command = flags;
        command.insert(command.begin(), {"serve", "--port", "0"});
        const auto run = run_orders(command, servers.env());
        EXPECT_EQ(run.status, status) << flags.front() << ' ' << run.err;
        EXPECT_TRUE(has(run.err, said)) << run.err;
    }
    const observed_service one{servers.env()};
    const auto taken = run_orders(
        {"serve", "--port", "0", "--admin-port", std::to_string(one.admin_port())}, servers.env());
    EXPECT_EQ(taken.status, 69);
    EXPECT_TRUE(has(taken.err, "choose another port with --admin-port")) << taken.err;
}

// As of a Service that is named orders-admin.
TEST_F(operators, are_not_misled_by_the_variables_of_kubernetes) {
    auto env = with("ORDERS_ADMIN_PORT", "tcp://10.96.0.7:9000");
    env["ORDERS_ADMIN_SERVICE_HOST"] = env["ORDERS_ADMIN_PORT_9000_TCP"] = "10.96.0.7";
    const service one{env};
    EXPECT_FALSE(has(one.log(), "Health and metrics") || has(one.log(), "ORDERS_ADMIN_"));
    env["ORDERS_ADMIN_PORT"] = "0";
    const service other{env};
    EXPECT_EQ(get(admin_port_in(other.log()), "/health/live").status, 200);
}

TEST_F(operators, see_all_instances_that_share_the_valkey) {
    EXPECT_EQ(run_orders({"status"}, servers.env()).status, 1) << "there is none";
    const observed_service first{servers.env(), {"--workers", "1"}};
    service second{servers.env(), {"--workers", "2"}};
    const auto line_of = [](const std::string& table, const service& of) {
        const auto at = table.find(':' + std::to_string(of.pid()) + ' ');
        return at == std::string::npos ? "" : table.substr(at, table.find('\n', at) - at);
    };
    std::string table;
    ASSERT_TRUE(eventually([&] {
        count(first.port());
        table = run_orders({"status"}, servers.env()).out;
        return has(line_of(table, first), "  ready ") && has(line_of(table, second), "  ready ") &&
               has(line_of(table, first), " % / ");
    })) << table;
    EXPECT_TRUE(has(line_of(table, first), ":" + std::to_string(first.port()) + "  ")) << table;
    EXPECT_TRUE(has(line_of(table, second), " / -  ")) << "requests are not counted: " << table;
    EXPECT_TRUE(line_of(table, first).ends_with("nobody   yes")) << table;
    const auto json = run_orders({"status", "--json"}, servers.env()).out;
    expect_compact_json(json.substr(0, json.size() - 1));
    EXPECT_TRUE(json.starts_with(R"({"instances":[{"instance":")")) << json;
    std::array<char, 256> machine{};
    ASSERT_EQ(gethostname(machine.data(), machine.size() - 1), 0);
    const auto key = "larder:instance:num_orders:" + std::string{machine.data()} + ':' +
                     std::to_string(second.pid());
    const auto left = std::stol(valkey().command({"PTTL", key}).value());
    EXPECT_TRUE(left > 0 && left <= 6'000) << left;
    child watching{{program("orders"), "status", "--watch"}, servers.env()};
    EXPECT_TRUE(eventually([&] { return times("instance  ", watching.out()) >= 2; }));
    EXPECT_FALSE(has(watching.out(), "\x1b")) << "it is no terminal";
    servers.valkey.stop();
    EXPECT_TRUE(eventually([&] { return has(watching.out(), "No connection to Valkey"); }));
    servers.valkey.start();
    const auto shown = times("instance  ", watching.out());
    EXPECT_TRUE(eventually([&] { return times("instance  ", watching.out()) > shown; }))
        << watching.out();
    watching.signal(SIGINT);
    EXPECT_EQ(watching.wait(), 0);
}

TEST_F(operators, see_instances_of_another_service_and_its_dashboard) {
    servers.store.connect().exec(std::string{drop_basket_tables} + ';' + basket_tables);
    auto env = servers.env();
    env["BASKET_ADMIN_PORT"] = "0";
    {
        const basket_instance one{servers.postgres, "dellstore", env, "one"};
        const auto port = admin_port_in(one.log());
        const auto page = get(port, "/dashboard");
        EXPECT_EQ(page.status, 200);
        EXPECT_TRUE(has(page.body, "<title>Dashboard</title>")) << page.body;
        const child looks{{"/usr/bin/curl", "-sN",
                           "http://127.0.0.1:" + std::to_string(port) + "/dashboard/events"},
                          {}};
        EXPECT_TRUE(eventually([&] { return has(looks.out(), R"("service":"basket")"); }))
            << looks.out();
        ended shown;
        EXPECT_TRUE(eventually([&] {
            shown = run_to_end({program("basket"), "status"}, env);
            return shown.status == 0 && has(shown.out, "  ready ");
        })) << shown.out
            << shown.err;
    }
    servers.store.connect().exec(drop_basket_tables);
}

// It keeps its connections, and answers nothing on them.
TEST_F(operators, see_that_postgresql_is_frozen) {
    const service one{servers.env(), {"--workers", "1"}};
    const auto shows = [&](const std::string& text) {
        return eventually([&] { return has(run_orders({"status"}, servers.env()).out, text); });
    };
    EXPECT_TRUE(shows("  ready  "));
    servers.postgres.freeze();
    EXPECT_TRUE(shows(" is not ready: PostgreSQL"));
    servers.postgres.thaw();
    EXPECT_TRUE(shows("  ready  "));
}

TEST_F(operators, see_all_instances_repainted_in_a_terminal) {
    const auto run = run_to_end(
        {"/usr/bin/bash", "-c",
         "timeout -s INT 0.7 script -qec \"$0 status --watch\" /dev/null </dev/null; true",
         program("orders")},
        servers.env());
    EXPECT_TRUE(has(run.out, "\x1b[H\x1b[2J")) << run.out << run.err;
}

}  // namespace
}  // namespace larder::test
