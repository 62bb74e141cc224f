// The service as a process: its end, its ports, its workers, and what else comes over a socket.

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <thread>

#include "support/gate.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

struct service_process : store_test {};

// ---- the end ----

struct service_process_end : service_process, testing::WithParamInterface<int> {};

TEST_P(service_process_end, finishes_what_is_in_flight_and_exits_0) {
    service one{servers.env(), {"--workers", "2"}};
    EXPECT_EQ(count(one.port()), 12000);
    auto holder = servers.store.connect();
    http_connection connection{one.port()};
    send_blocked_order(holder, connection, one.port());

    one.signal(GetParam());
    EXPECT_TRUE(eventually([&] {
        try {
            http_connection late{one.port()};
            return false;
        } catch (const std::runtime_error&) {
            return true;
        }
    })) << "it still accepts connections";
    EXPECT_EQ(one.wait_for_exit(200ms), std::nullopt) << "it did not wait for the order";

    const auto since = std::chrono::steady_clock::now();
    holder.exec("COMMIT");
    expect_json(connection.receive(), 200, R"({"updated":{"customer":9999}})");
    EXPECT_EQ(one.wait_for_exit(), 0);
    EXPECT_GE(std::chrono::steady_clock::now() - since, 500ms)
        << "what had come by then would reset the connection, and the answer could be lost";
    EXPECT_EQ(rows(), 12001);
    const service next{servers.env()};
    EXPECT_EQ(count(next.port()), 12001) << "it ended before it cleared the cache";
}

TEST_P(service_process_end, does_not_wait_longer_than_it_is_told) {
    service one{servers.env(), {"--timeout-graceful-shutdown", "1"}};
    EXPECT_EQ(count(one.port()), 12000);
    auto holder = servers.store.connect();
    http_connection connection{one.port()};
    send_blocked_order(holder, connection, one.port());
    const auto since = std::chrono::steady_clock::now();
    one.signal(GetParam());
    EXPECT_EQ(one.wait_for_exit(), 1);
    EXPECT_GE(std::chrono::steady_clock::now() - since, 900ms);
    EXPECT_TRUE(one.wait_for_log("stops with requests in flight"));
    holder.exec("ROLLBACK");
}

TEST_P(service_process_end, does_not_wait_for_idle_connections) {
    for (int round = 0; round < 5; ++round) {
        service one{servers.env(), {"--workers", "2"}};
        std::deque<http_connection> idle;
        for (int i = 0; i < 4; ++i) {
            EXPECT_EQ(idle.emplace_back(one.port()).request("GET", "/count").status, 200);
        }
        // Some of these are not even accepted when the signal comes.
        for (int i = 0; i < 50; ++i) idle.emplace_back(one.port());
        one.signal(GetParam());
        ASSERT_EQ(one.wait_for_exit(2s * slack), 0);
    }
}

// As long as a request is not there as a whole, nothing is in flight.
TEST_P(service_process_end, does_not_wait_for_the_other_half_of_a_request) {
    service one{servers.env(), {"--workers", "2"}};
    http_connection head{one.port()};
    head.send("GET /count HTT");
    http_connection body{one.port()};
    body.send("POST /add/ HTTP/1.1\r\nhost: shop\r\ncontent-length: 70\r\n\r\n{\"order");
    EXPECT_EQ(count(one.port()), 12000) << "and so both are read by now";
    one.signal(GetParam());
    EXPECT_EQ(one.wait_for_exit(5s * slack), 0);
}

TEST_P(service_process_end, comes_while_both_servers_are_down_too) {
    service one{servers.env()};
    EXPECT_EQ(count(one.port()), 12000);
    servers.valkey.kill();
    servers.postgres.kill();
    EXPECT_EQ(get(one.port(), "/count").status, 503);
    one.signal(GetParam());
    EXPECT_EQ(one.wait_for_exit(5s * slack), 0);
}

// Some workers have their connection to Valkey again, some are on their way to it.
TEST_P(service_process_end, comes_while_valkey_is_being_connected_to) {
    for (int round = 0; round < 30; ++round) {
        service one{servers.env(), {"--workers", "8"}};
        const auto connected = [&one] {
            int lines = 0;
            const auto log = one.log();
            for (auto at = log.find("Connected"); at != log.npos;
                 at = log.find("Connected", at + 1))
                ++lines;
            return lines;
        };
        const auto before = connected();
        valkey().command({"CLIENT", "KILL", "TYPE", "normal"});
        eventually([&] { return connected() > before + round % 4; }, 8ms + 1ms * (round % 8));
        one.signal(GetParam());
        ASSERT_EQ(one.wait_for_exit(5s * slack), 0);
    }
}

environment with_preloaded_names(environment env) {
    env["LD_PRELOAD"] = LARDER_PRELOADED_NAMES;
    env["ASAN_OPTIONS"] = "verify_asan_link_order=0";
    return env;
}

TEST_P(service_process_end, comes_while_no_name_server_answers) {
    auto env = with_preloaded_names(servers.env());
    env["PG_SERVICE_URI"] = "postgresql://larder@db.example";
    env["VALKEY_SERVICE_URI"] = "valkey://cache.example";
    {
        const service one{env};
        for (int i = 0; i < 3; ++i) EXPECT_EQ(get(one.port(), "/count").status, 503);
        EXPECT_TRUE(one.wait_for_log("no name server told its address in time"));
    }
    env["PG_DEADLINE_MS"] = "60000";
    child patient{{program("orders"), "serve", "--port", "0"}, env};
    ASSERT_TRUE(patient.wait_for_err("no name server told its address in time"));
    patient.signal(GetParam());
    EXPECT_EQ(patient.wait(5s * slack), 0) << patient.err();
}

INSTANTIATE_TEST_SUITE_P(rows, service_process_end, testing::Values(SIGTERM, SIGINT),
                         [](const auto& row) { return row.param == SIGTERM ? "term" : "int"; });

TEST_F(service_process, finds_the_address_of_valkey_that_serves_and_stays_there) {
    auto env = with_preloaded_names(servers.env());
    auto& uri = env["VALKEY_SERVICE_URI"];
    uri.replace(uri.find("127.0.0.1"), 9, "two.example");
    const service one{env};
    EXPECT_EQ(get(one.port(), "/count").header("cache-status"), "larder; fwd=uri-miss; stored");
    const auto workers = times("Connected to Valkey at two.example", one.log());
    EXPECT_GE(workers, 1U);
    EXPECT_EQ(times("No connection to Valkey", one.log()), workers);
    valkey().command({"CLIENT", "KILL", "TYPE", "normal"});
    EXPECT_TRUE(eventually([&] { return times("Connected to Valkey", one.log()) == 2 * workers; }));
    EXPECT_EQ(times("No connection to Valkey", one.log()), 2 * workers)
        << "only for the one that was lost";
}

TEST_F(service_process, leaves_an_address_of_valkey_that_is_silent_for_the_next) {
    gate silent{servers.valkey.port()};
    silent.admit(admission::silent);
    const auto port = std::to_string(silent.port());
    const special_valkey at_the_other{{"--bind", "127.0.0.2", "--port", port}};
    auto env = with_preloaded_names(servers.env());
    env["VALKEY_SERVICE_URI"] = "valkey://near.example:" + port;
    const auto since = std::chrono::steady_clock::now();
    const service one{env, {"--workers", "1"}};
    EXPECT_TRUE(one.wait_for_log("Connected to Valkey at near.example"));
    EXPECT_LT(std::chrono::steady_clock::now() - since, 800ms * slack);
    EXPECT_EQ(silent.accepted(), 1U);
}

TEST_F(service_process, a_client_that_hangs_up_does_not_skip_the_invalidation) {
    const service one{servers.env(), {"--workers", "2"}};
    EXPECT_EQ(count(one.port()), 12000);
    EXPECT_EQ(count(one.port(), "/count?customerid=9999"), 0);
    auto holder = servers.store.connect();
    {
        http_connection connection{one.port()};
        send_blocked_order(holder, connection, one.port());
    }
    holder.exec("COMMIT");
    EXPECT_TRUE(eventually([this] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                   " AND state <> 'idle' AND pid <> pg_backend_pid()") == "0";
    }));
    const auto added = rows() - 12000;
    EXPECT_TRUE(eventually(
        [&] {
            return count(one.port()) == 12000 + added &&
                   count(one.port(), "/count?customerid=9999") == added;
        },
        1s * slack));
}

TEST_F(service_process, waits_neither_for_a_lock_nor_for_other_requests_to_serve_hits) {
    const service one{servers.env(), {"--workers", "1"}};
    EXPECT_EQ(count(one.port()), 12000);
    auto holder = servers.store.connect();
    http_connection connection{one.port()};
    send_blocked_order(holder, connection, one.port());
    EXPECT_EQ(count(one.port()), 12000);
    holder.exec("COMMIT");
    EXPECT_EQ(connection.receive().status, 200);
    EXPECT_EQ(count(one.port()), 12001);
}

// ---- the start ----

// A client that tries again only where nobody listens must not see that the service was ever away.
// The hundred are of some services side by side, as each takes a second, which it waits.
TEST_F(service_process, ended_and_started_a_hundred_times_drops_no_request) {
    constexpr int services = 6, clients_each = 3;
    const int restarts = (other_build ? 20 : 100) / services + 1;
    std::atomic<int> lost{0};
    const auto keep_restarting = [&] {
        const auto number = free_port();
        const auto port = std::to_string(number);
        std::atomic<bool> over{false};
        std::atomic<int> answered{0};
        const auto ask = [&] {
            while (!over) {
                std::unique_ptr<http_connection> one;
                try {
                    one = std::make_unique<http_connection>(number);
                } catch (const std::runtime_error&) {
                    continue;  // refused
                }
                try {
                    one->send(request_text("GET", "/count", {{"connection", "close"}}, "", number));
                    if (one->receive().status == 200) ++answered;
                } catch (const std::runtime_error& e) {
                    std::fprintf(stderr, "%s\n", e.what());
                    ++lost;
                }
            }
        };
        // Several, as one whose connection is not let in tries again after a second.
        std::vector<std::jthread> clients;
        for (int i = 0; i < clients_each; ++i) clients.emplace_back(ask);
        for (int i = 0; i < restarts; ++i) {
            const auto before = answered.load();
            const service one{servers.env(), {"--port", port, "--log-level", "info"}};
            EXPECT_TRUE(eventually([&] { return answered > before; }));
        }
        over = true;
        clients.clear();
        EXPECT_GE(answered, restarts);
    };
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < services; ++i) all.emplace_back(keep_restarting);
    }
    EXPECT_EQ(lost, 0);
}

// As systemd's Type=notify has it: sd_notify(3).
TEST_F(service_process, tells_its_supervisor_when_it_serves) {
    const scratch_folder folder{"notify"};
    const auto path = folder.path + "/socket";
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int supervisor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(bind(supervisor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    auto env = servers.env();
    env["NOTIFY_SOCKET"] = path;
    const service one{env};
    pollfd said{supervisor, POLLIN, 0};
    EXPECT_EQ(poll(&said, 1, static_cast<int>(patience.count())), 1);
    char text[32] = {};
    EXPECT_EQ(recv(supervisor, text, sizeof text - 1, MSG_DONTWAIT), 7);
    EXPECT_STREQ(text, "READY=1");
    close(supervisor);
}

TEST_F(service_process, on_a_port_in_use_ends_with_69_and_one_sentence) {
    const service one{servers.env()};
    const auto port = std::to_string(one.port());
    const auto result =
        run_orders({"serve", "--port", port, "--log-level", "error"}, servers.env());
    EXPECT_EQ(result.status, 69);
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_NE(result.err.find(port), std::string::npos) << result.err;
    EXPECT_EQ(count(one.port()), 12000) << "the first one goes on";
}

TEST_F(service_process, ended_and_started_again_gets_its_port_back_at_once) {
    std::uint16_t port = 0;
    {
        const service one{servers.env()};
        port = one.port();
        http_connection kept{port};
        EXPECT_EQ(kept.request("GET", "/count").status, 200);
    }
    const service again{servers.env(), {"--port", std::to_string(port)}};
    EXPECT_EQ(again.port(), port);
    EXPECT_EQ(count(port), 12000);
}

struct service_usage : service_process,
                       testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(service_usage, ends_with_64_and_says_why) {
    std::vector<std::string> args;
    std::istringstream words{GetParam().second};
    for (std::string word; words >> word;) args.push_back(word);
    const auto result = run_orders(args, servers.env());
    EXPECT_EQ(result.status, 64);
    EXPECT_FALSE(result.err.empty());
}

INSTANTIATE_TEST_SUITE_P(
    rows, service_usage,
    testing::Values(std::pair{"no_command", ""}, std::pair{"unknown_command", "surf"},
                    std::pair{"unknown_flag", "serve --prot 8000"},
                    std::pair{"port_no_number", "serve --port web"},
                    std::pair{"port_too_great", "serve --port 65536"},
                    std::pair{"no_workers", "serve --port 0 --workers 0"},
                    std::pair{"unknown_level", "serve --port 0 --log-level loud"},
                    std::pair{"more_words", "serve --port 0 now"}),
    [](const auto& row) { return std::string{row.param.first}; });

TEST_F(service_process, tells_its_usage) {
    const auto result = run_orders({"--help"}, {});
    EXPECT_EQ(result.status, 0);
    EXPECT_NE(result.out.find("serve"), std::string::npos);
    EXPECT_NE(result.out.find("load-sample"), std::string::npos);
    const auto serve = run_orders({"serve", "--help"}, {});
    EXPECT_EQ(serve.status, 0);
    for (const auto* flag : {"--host", "--port", "--workers", "--log-level"}) {
        EXPECT_NE(serve.out.find(flag), std::string::npos) << serve.out;
    }
}

// ---- workers ----

TEST_F(service_process, with_two_workers_an_acknowledged_order_is_always_counted) {
    const service one{servers.env(), {"--workers", "2"}};
    for (int i = 1; i <= 200; ++i) {
        add_tutorial_order(one.port());
        ASSERT_EQ(count(one.port()), 12000 + i);
        ASSERT_EQ(count(one.port(), "/count?customerid=9999"), i);
        ASSERT_EQ(count(one.port()), 12000 + i) << "from the cache";
    }
}

TEST_F(service_process, with_two_workers_many_clients_are_answered_at_once) {
    const service one{servers.env(), {"--workers", "2"}};
    const auto converse = [&one] {
        http_connection connection{one.port()};
        for (int i = 0; i < 25; ++i) {
            const auto added = connection.request("POST", "/add/", {}, tutorial_order);
            EXPECT_EQ(added.status, 200) << added.body;
            const auto counted = connection.request("GET", "/count");
            EXPECT_EQ(counted.status, 200) << counted.body;
        }
    };
    std::vector<std::thread> clients;
    clients.reserve(8);
    for (int i = 0; i < 8; ++i) {
        clients.emplace_back([&] { EXPECT_NO_THROW(converse()); });
    }
    for (auto& client : clients) client.join();
    EXPECT_EQ(rows(), 12200);
}

}  // namespace
}  // namespace larder::test
