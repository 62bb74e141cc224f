// The contract's "Servers that are missing, down or slow": PostgreSQL.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <ostream>
#include <thread>

#include "support/gate.hpp"
#include "support/json_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

struct contract_postgres : store_test {
    service start(environment env = {}) {
        env.merge(servers.env());
        return service{env, {"--workers", "2"}};
    }
    /// Reaches both workers, and fills their connections.
    void warm(const service& one) {
        for (int i = 0; i < 8; ++i) {
            add_tutorial_order(one.port());
            valkey().clear();
            count(one.port());
        }
    }
};

/// 503 in the contract's words, and soon.
void expect_unavailable(const std::function<http_response()>& ask,
                        std::chrono::milliseconds within = 1s * slack) {
    const auto start = std::chrono::steady_clock::now();
    const auto answer = ask();
    EXPECT_LT(std::chrono::steady_clock::now() - start, within);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.reason, "Service Unavailable");
    EXPECT_EQ(answer.header("content-type"), "application/json");
    const auto detail = detail_of(answer.body);
    EXPECT_TRUE(detail.starts_with("Error connecting to database: ")) << detail;
    EXPECT_GT(detail.size(), std::string_view{"Error connecting to database: "}.size());
    EXPECT_EQ(detail.find("passfile"), std::string::npos) << detail;
    const auto& wait = answer.header("retry-after");
    EXPECT_TRUE(!wait.empty() && wait.find_first_not_of("0123456789") == std::string::npos) << wait;
}

struct contract_postgres_down : contract_postgres, testing::WithParamInterface<const char*> {
    void end_postgres() {
        if (GetParam() == std::string_view{"stopped"}) servers.postgres.stop();
        if (GetParam() == std::string_view{"crashed"}) servers.postgres.kill();
    }
};

TEST_P(contract_postgres_down, costs_misses_a_503_and_hits_nothing) {
    const auto one = start();
    warm(one);
    const auto all = count(one.port());
    end_postgres();
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(count(one.port()), all) << "from the cache";
        expect_unavailable([&] { return get(one.port(), "/count?customerid=42"); });
        expect_unavailable([&] { return add(one.port(), tutorial_order); });
    }
    servers.postgres.start();
    EXPECT_TRUE(eventually([&] { return get(one.port(), "/count?customerid=42").status == 200; },
                           1s * slack));
    EXPECT_EQ(rows(), all) << "an order was stored that was answered with 503";
    EXPECT_TRUE(
        eventually([&] { return add(one.port(), tutorial_order).status == 200; }, 1s * slack));
    EXPECT_EQ(count(one.port()), all + 1);
}

TEST_P(contract_postgres_down, and_up_again_between_requests_is_not_noticed_by_a_miss) {
    const auto one = start();
    warm(one);
    const auto all = rows();
    end_postgres();
    servers.postgres.start();
    for (int i = 0; i < 8; ++i) {
        valkey().clear();
        EXPECT_EQ(count(one.port()), all);
    }
}

TEST_P(contract_postgres_down, and_up_again_between_requests_is_not_noticed_by_a_hit) {
    const auto one = start();
    warm(one);
    const auto all = count(one.port());
    end_postgres();
    servers.postgres.start();
    for (int i = 0; i < 8; ++i) EXPECT_EQ(count(one.port()), all);
}

TEST_P(contract_postgres_down, and_up_again_between_requests_is_not_noticed_by_an_order) {
    const auto one = start();
    warm(one);
    const auto all = rows();
    end_postgres();
    servers.postgres.start();
    for (int i = 1; i <= 8; ++i) {
        add_tutorial_order(one.port());
        EXPECT_EQ(count(one.port()), all + i);
    }
    EXPECT_EQ(rows(), all + 8) << "an order was stored twice";
}

INSTANTIATE_TEST_SUITE_P(rows, contract_postgres_down, testing::Values("stopped", "crashed"),
                         [](const auto& row) { return std::string{row.param}; });

TEST_F(contract_postgres, connections_cut_between_requests_are_not_noticed) {
    const auto one = start();
    warm(one);
    const auto all = rows();
    const auto cut = [this] {
        // Ends when they are gone, so that the service can know.
        auto client = servers.store.connect();
        client.exec(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = 'dellstore' AND pid <> pg_backend_pid()");
    };
    for (int i = 1; i <= 4; ++i) {
        cut();
        valkey().clear();
        EXPECT_EQ(count(one.port()), all + i - 1);
        cut();
        add_tutorial_order(one.port());
        EXPECT_EQ(count(one.port()), all + i);
    }
}

TEST_F(contract_postgres, a_service_may_start_before_postgresql) {
    servers.postgres.stop();
    const auto one = start();
    expect_unavailable([&] { return get(one.port(), "/count"); });
    servers.postgres.start();
    EXPECT_TRUE(eventually([&] { return get(one.port(), "/count").status == 200; }, 1s * slack));
    EXPECT_EQ(count(one.port()), 12000);
}

// Somebody who accepts and hangs up. Each request would try for itself, and a server that comes
// back would be busy with their logins.
TEST_F(contract_postgres, that_refuses_is_not_tried_by_each_request) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(bind(listener, any, size), 0);
    ASSERT_EQ(getsockname(listener, any, &size), 0);
    ASSERT_EQ(listen(listener, 100), 0);
    std::atomic<int> tried{0};
    std::thread server{[&] {
        for (int one = 0; (one = accept(listener, nullptr, nullptr)) >= 0; close(one)) ++tried;
    }};
    const auto start = std::chrono::steady_clock::now();
    {
        auto env = servers.env();
        env["PG_SERVICE_URI"] =
            "postgres://shop@127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/x";
        const service one{env, {"--workers", "4"}};
        while (std::chrono::steady_clock::now() - start < 2s)
            expect_unavailable([&] { return get(one.port(), "/count"); });
    }
    const auto took = std::chrono::steady_clock::now() - start;
    shutdown(listener, SHUT_RDWR);
    server.join();
    close(listener);
    // Five a second, whichever worker is asked. Some may begin before the first is refused, and
    // the one to hear what others write may come between.
    EXPECT_LT(tried, 10 + took / 100ms);
    EXPECT_GT(tried, 0);
}

// Nothing is ever heard of a connection that is opened meanwhile.
TEST_F(contract_postgres, that_lost_a_login_is_asked_again) {
    gate way{static_cast<std::uint16_t>(std::stoi(sql("SHOW port")))};
    auto env = servers.env();
    const auto port = ':' + sql("SHOW port");
    auto& uri = env["PG_SERVICE_URI"];
    uri.replace(uri.find(port), port.size(), ':' + std::to_string(way.port()));
    env["PG_DEADLINE_MS"] = "20000";
    const service one{env, {"--workers", "1"}};
    count(one.port());
    const auto before = way.accepted();
    way.admit(admission::silent);
    way.reset();
    std::vector<std::unique_ptr<http_connection>> requests;
    for (int customer = 1; customer <= 8; ++customer) {
        requests.push_back(std::make_unique<http_connection>(one.port()));
        const auto target = "/count?customerid=" + std::to_string(customer);
        requests.back()->send(request_text("GET", target, {}, "", one.port()));
    }
    // One to hear what others write, one for all requests, and another when nothing was heard.
    ASSERT_TRUE(eventually([&] { return way.accepted() >= before + 3; }));
    EXPECT_LE(way.accepted(), before + 4);
    way.heal();
    const auto healed = std::chrono::steady_clock::now();
    for (auto& request : requests) EXPECT_EQ(request->receive().status, 200);
    EXPECT_LT(std::chrono::steady_clock::now() - healed, 1s * slack);
}

// One connection is for hearing of what others write, so one is left for requests.
TEST_F(contract_postgres, that_lets_few_in_serves_all_with_those) {
    auto admin = servers.store.connect();
    admin.exec("DROP ROLE IF EXISTS few");
    admin.exec("CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT 2");
    admin.exec("GRANT " + admin.scalar("SELECT quote_ident(current_user)") + " TO few");
    auto env = servers.env();
    env["PG_SERVICE_URI"] = "postgres://few:few@127.0.0.1:" + sql("SHOW port");
    {
        const service one{env, {"--workers", "1"}};
        ASSERT_TRUE(eventually([&] { return get(one.port(), "/count").status == 200; }));
        for (int customer = 1; customer < 200;) {
            std::vector<std::thread> clients;
            for (int i = 0; i < 8; ++i)
                clients.emplace_back(
                    [&one, target = "/count?customerid=" + std::to_string(customer++)] {
                        const auto answer = get(one.port(), target);
                        EXPECT_EQ(answer.status, 200) << answer.body;
                    });
            for (auto& client : clients) client.join();
        }
    }
    admin.exec("DROP OWNED BY few");  // it may have made larder's tables
    admin.exec("DROP ROLE few");
}

TEST_F(contract_postgres, that_refuses_the_password_is_a_503_without_it) {
    const auto port = sql("SHOW port");
    const auto one =
        start({{"PG_SERVICE_URI", "postgres://larder:wr0ng-sekrit@127.0.0.1:" + port + "/x"}});
    expect_unavailable([&] { return get(one.port(), "/count"); });
    const auto answer = add(one.port(), tutorial_order);
    EXPECT_EQ(answer.body.find("sekrit"), std::string::npos) << answer.body;
    EXPECT_EQ(one.log().find("sekrit"), std::string::npos) << one.log();
}

// ---- a commit of unknown outcome ----

// With a standby that does not exist, a commit is stored, waits, and is not visible yet.
struct contract_unknown_outcome : contract_postgres {
    void SetUp() override {
        contract_postgres::SetUp();
        wait_for("nobody");
    }
    void TearDown() override { wait_for(""); }
    void wait_for(const std::string& standby) {
        sql("ALTER SYSTEM SET synchronous_standby_names = '" + standby + "'");
        sql("SELECT pg_reload_conf()");
        ASSERT_TRUE(eventually([&] { return sql("SHOW synchronous_standby_names") == standby; }));
        sql("CHECKPOINT");  // commits wait when the checkpointer knows of it, too
    }
    std::string waiting_commits() {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    }
};

TEST_F(contract_unknown_outcome, is_a_503_that_says_so_and_the_order_is_seen) {
    const auto one = start();
    EXPECT_EQ(count(one.port()), 12000);
    http_connection client{one.port()};
    client.send(request_text("POST", "/add/", {{"content-type", "application/json"}},
                             tutorial_order, one.port()));
    ASSERT_TRUE(eventually([this] { return waiting_commits() == "1"; }));
    EXPECT_EQ(count(one.port()), 12000) << "it is not visible yet";
    EXPECT_EQ(valkey().get("num_orders:all"), std::nullopt) << "it was kept while a write is on";

    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    const auto answer = client.receive();
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(detail_of(answer.body).find("not known whether"), std::string::npos) << answer.body;
    EXPECT_TRUE(answer.has("retry-after"));
    EXPECT_TRUE(eventually([&] { return count(one.port()) == 12001; }, 1s * slack));
    EXPECT_TRUE(eventually(
        [&] {
            count(one.port());
            return valkey().get("num_orders:all") == "12001";
        },
        1s * slack))
        << "the holds end when PostgreSQL says that the write is over";
}

// The statement failed before its commit was sent, so it is known that nothing was stored.
TEST_F(contract_postgres, interrupted_before_the_commit_stored_nothing) {
    const auto one = start();
    // Its connection is a new one: on one that was used before, the statement would be repeated.
    valkey().set("num_orders:all", "12000");
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE");
    http_connection client{one.port()};
    client.send(request_text("POST", "/add/", {{"content-type", "application/json"}},
                             tutorial_order, one.port()));
    const std::string waiting = " FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    ASSERT_TRUE(eventually([&] { return sql("SELECT count(*)" + waiting) == "1"; }));
    EXPECT_EQ(valkey().get("num_orders:all"), "12000") << "nothing is held before the commit";
    sql("SELECT pg_terminate_backend(pid)" + waiting);
    const auto answer = client.receive();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(detail_of(answer.body).find("not known"), std::string::npos) << answer.body;
    holder.exec("COMMIT");
    EXPECT_EQ(rows(), 12000);
    EXPECT_EQ(count(one.port()), 12000);
}

// ---- a lock of somebody else ----

TEST_F(contract_postgres, table_that_is_locked_costs_misses_a_prompt_503_and_hits_nothing) {
    const auto one = start();
    warm(one);
    const auto all = count(one.port());
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    // Those who come while a load waits get the next one.
    const auto twice_the_lock_timeout = 4s + 1s * slack;
    std::vector<std::unique_ptr<http_connection>> misses;
    for (int i = 0; i < 20; ++i) {
        misses.push_back(std::make_unique<http_connection>(one.port()));
        misses.back()->send(request_text("GET", "/count?customerid=42", {}, "", one.port()));
    }
    EXPECT_EQ(count(one.port()), all);
    expect_unavailable([&] { return add(one.port(), tutorial_order); }, twice_the_lock_timeout);
    for (auto& miss : misses)
        expect_unavailable([&] { return miss->receive(); }, twice_the_lock_timeout);
    holder.exec("COMMIT");
    EXPECT_EQ(rows(), all) << "an order was stored that was answered with 503";
    EXPECT_EQ(get(one.port(), "/count?customerid=42").status, 200);
}

TEST_F(contract_postgres, who_waits_for_a_connection_loses_no_time_while_the_process_is_stopped) {
    service one{servers.env(), {"--workers", "1"}};
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE");
    std::vector<std::unique_ptr<http_connection>> orders;
    for (int i = 0; i < 8; ++i) {
        orders.push_back(std::make_unique<http_connection>(one.port()));
        orders.back()->send(request_text("POST", "/add/", {}, tutorial_order, one.port()));
    }
    ASSERT_TRUE(eventually([this] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "4";
    }));
    one.signal(SIGSTOP);
    holder.exec("COMMIT");
    const auto until = std::chrono::steady_clock::now() + 1s;
    eventually([&] { return std::chrono::steady_clock::now() > until; });
    one.signal(SIGCONT);
    for (auto& order : orders)
        expect_json(order->receive(), 200, R"({"updated":{"customer":9999}})");
}

TEST_F(contract_postgres, whose_connections_are_all_busy_costs_a_miss_its_deadline) {
    auto env = servers.env();
    env["PG_DEADLINE_MS"] = other_build ? "700" : "300";
    const service one{env, {"--workers", "1"}};
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    std::vector<std::unique_ptr<http_connection>> orders;
    for (int i = 0; i < 4; ++i) {
        orders.push_back(std::make_unique<http_connection>(one.port()));
        orders.back()->send(request_text("POST", "/add/", {}, tutorial_order, one.port()));
    }
    ASSERT_TRUE(eventually([this] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "4";
    }));
    expect_unavailable([&] { return get(one.port(), "/count"); }, 700ms * slack);
    holder.exec("COMMIT");
    for (auto& order : orders) EXPECT_EQ(order->receive().status, 200);
}

// ---- a query that fails ----

/// 500 in the contract's words: one sentence with the SQLSTATE and no SQL text.
void expect_query_error(const http_response& answer, const std::string& start,
                        const std::string& sqlstate) {
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.header("content-type"), "application/json");
    const auto detail = detail_of(answer.body);
    EXPECT_TRUE(detail.starts_with(start)) << detail;
    EXPECT_NE(detail.find(sqlstate), std::string::npos) << detail;
    EXPECT_EQ(detail.find('\n'), std::string::npos) << detail;
    auto upper = detail;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    for (const auto* word : {"SELECT", "INSERT", "COUNT(", "VALUES", "$1", "PASSFILE", "LINE 1"}) {
        EXPECT_EQ(upper.find(word), std::string::npos) << detail;
    }
}

struct contract_query_error : contract_postgres {
    void expect_both_errors(const service& one) {
        for (int i = 0; i < 3; ++i) {
            expect_query_error(get(one.port(), "/count"), "Error querying database: ", "42P01");
            expect_query_error(get(one.port(), "/count?customerid=42"),
                               "Error querying database: ", "42P01");
            expect_query_error(add(one.port(), tutorial_order),
                               "Error updating database: ", "42P01");
        }
    }
};

TEST_F(contract_query_error, is_a_500_with_its_sqlstate_and_passes_with_its_cause) {
    const auto one = start();
    sql("ALTER TABLE orders RENAME TO orders_renamed");
    expect_both_errors(one);
    EXPECT_EQ(valkey().get("num_orders:all"), std::nullopt);
    sql("ALTER TABLE orders_renamed RENAME TO orders");
    EXPECT_EQ(count(one.port()), 12000);
    add_tutorial_order(one.port());
    EXPECT_EQ(count(one.port()), 12001);
}

TEST_F(contract_query_error, of_a_statement_prepared_long_ago_is_the_same) {
    const auto one = start();
    warm(one);
    valkey().clear();
    sql("ALTER TABLE orders RENAME TO orders_renamed");
    expect_both_errors(one);
    sql("ALTER TABLE orders_renamed RENAME TO orders");
    EXPECT_EQ(count(one.port()), 12008);
}

// As behind a pooler, where another server connection serves the next statement.
TEST_F(contract_query_error, of_a_statement_that_the_server_forgot_loses_no_order) {
    const auto one = service{servers.env(), {"--workers", "1"}};
    sql("CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN EXECUTE 'DEALLOCATE ALL'; RETURN NEW; END$$");
    sql("CREATE TRIGGER forget AFTER INSERT ON orders EXECUTE FUNCTION forget()");
    for (int i = 1; i <= 4; ++i) {
        add_tutorial_order(one.port());
        EXPECT_EQ(rows(), 12000 + i) << "an order was acknowledged and is not there";
        EXPECT_EQ(count(one.port()), 12000 + i);
    }
    sql("DROP TRIGGER forget ON orders; DROP FUNCTION forget()");
}

TEST_F(contract_query_error, leaves_no_statement_behind_each_time) {
    const auto one = service{servers.env(), {"--workers", "1"}};
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(
            add(one.port(), R"({"orderdate":"x","customerid":1,"netamount":1,"tax":2})").status,
            422);
    sql("CREATE TABLE kept (n bigint)");
    sql("CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO kept"
        " SELECT count(*) FROM pg_prepared_statements; RETURN NEW; END$$");
    sql("CREATE TRIGGER tell AFTER INSERT ON orders EXECUTE FUNCTION tell()");
    add_tutorial_order(one.port());
    EXPECT_LE(std::stoi(sql("SELECT max(n) FROM kept")), 5);
    sql("DROP TRIGGER tell ON orders; DROP FUNCTION tell(); DROP TABLE kept");
}

TEST_F(contract_query_error, by_a_constraint_of_the_shops_own_names_its_sqlstate) {
    const auto one = start();
    sql("ALTER TABLE orders ADD CONSTRAINT small_tax CHECK (tax < 1000000) NOT VALID");
    const auto answer = add(one.port(), R"({"orderdate":"2023-03-10","customerid":9999,)"
                                        R"("netamount":1,"tax":2000000})");
    sql("ALTER TABLE orders DROP CONSTRAINT small_tax");
    expect_query_error(answer, "Error updating database: ", "23514");
    EXPECT_EQ(rows(), 12000);
    add_tutorial_order(one.port());
}

}  // namespace
}  // namespace larder::test
