// Behind PgBouncer, whose connections to the server others use before and after.

#include "support/pgbouncer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "support/json_text.hpp"
#include "support/pg_worker.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using mode = pgbouncer::mode;

constexpr pg::statement sleep_long{"SELECT pg_sleep(20)::text", true};
constexpr pg::statement lock_orders{"LOCK TABLE orders IN EXCLUSIVE MODE"};

boost::asio::awaitable<void> execute(pg::pool& with, pg::statement sql) {
    co_await with.run(sql, {});
}
boost::asio::awaitable<void> execute_twice(pg::pool& with, pg::statement first,
                                           pg::statement second) {
    auto change = co_await with.begin();
    co_await change.run(first, {});
    co_await change.run(second, {});
}
boost::asio::awaitable<std::string> ask(pg::pool& with, pg::statement sql) {
    const auto rows = co_await with.run(sql, {});
    co_return std::string{rows.text(0, 0).value_or("NULL")};
}

struct behind_pgbouncer : store_test, testing::WithParamInterface<mode> {
    // In session mode each client has a connection for as long as it is there.
    const int pool_size = GetParam() == mode::session ? 30 : 2;
    pgbouncer between{servers.postgres, GetParam(), pool_size};

    std::unique_ptr<service> start(const std::string& workers = "1") {
        auto env = servers.env();
        env["PG_SERVICE_URI"] = between.uri();
        return std::make_unique<service>(env, std::vector<std::string>{"--workers", workers});
    }
    pg_client connect() const { return pg_client{between.uri(), servers.store.database()}; }
    /// What a client of the pooler gets on each of its two connections to the server.
    void expect_on_each_connection(const std::string& query, const std::string& answer) {
        auto one = connect(), other = connect();
        one.exec("BEGIN");
        other.exec("BEGIN");
        EXPECT_NE(one.scalar("SELECT pg_backend_pid()"), other.scalar("SELECT pg_backend_pid()"));
        EXPECT_EQ(one.scalar(query), answer) << query;
        EXPECT_EQ(other.scalar(query), answer) << query;
    }
    std::string failure_of(boost::asio::awaitable<void> what, pg_worker& with) {
        try {
            with.run(std::move(what));
        } catch (const pg::error& e) {
            EXPECT_EQ(e.kind(), pg::failure::unavailable);
            return e.sqlstate().empty() ? e.detail() : e.sqlstate();
        }
        return "";
    }
};

INSTANTIATE_TEST_SUITE_P(in_mode, behind_pgbouncer,
                         testing::Values(mode::transaction, mode::session), [](const auto& p) {
                             return p.param == mode::session ? "session" : "transaction";
                         });

// Statements of the same name would be others on another connection of the pooler.
TEST_P(behind_pgbouncer, two_services_get_their_own_results_and_no_error) {
    const auto one = start("2"), other = start("2");
    long orders = count(one->port());
    for (int i = 0; i < 20; ++i) {
        add_tutorial_order(i % 2 ? one->port() : other->port());
        ++orders;
        EXPECT_EQ(count(one->port()), orders);
        EXPECT_EQ(count(other->port(), "/count?customerid=9999"), i + 1);
        valkey().clear();
        EXPECT_EQ(count(other->port(), "/count?customerid=42"),
                  std::stol(sql("SELECT count(*) FROM orders WHERE customerid = 42")));
        EXPECT_EQ(count(other->port()), orders);
        expect_json(add(one->port(), R"({"orderdate":"x","customerid":1,"netamount":1,"tax":2})"),
                    422,
                    R"({"detail":[{"type":"date_parsing","loc":["body","orderdate"],)"
                    R"("msg":"invalid input syntax for type date: \"x\""}]})");
    }
    EXPECT_EQ(rows(), orders);
}

TEST_P(behind_pgbouncer, many_at_once_get_their_own_results_and_no_error) {
    const auto one = start("2"), other = start("2");
    std::vector<std::thread> clients;
    std::atomic<int> added{0};
    clients.reserve(6);
    for (int i = 0; i < 6; ++i) {
        clients.emplace_back([&, i] {
            for (int n = 0; n < 25; ++n) {
                const auto port = (n % 2 ? one : other)->port();
                const auto customer = std::to_string(1 + i * 1000 + n);
                const auto target = "/count?customerid=" + customer;
                auto truth = servers.store.connect();
                const auto query = "SELECT count(*) FROM orders WHERE customerid = " + customer;
                EXPECT_EQ(count(port, target), std::stol(truth.scalar(query)));
                if (n % 5 == 0) added += add(port, tutorial_order).status == 200;
            }
        });
    }
    for (auto& client : clients) client.join();
    EXPECT_EQ(added, 30);
    EXPECT_EQ(rows(), 12030);
    EXPECT_EQ(count(one->port()), 12030);
}

TEST_P(behind_pgbouncer, no_setting_and_no_statement_is_left_behind) {
    {
        const auto one = start("2");
        for (int i = 0; i < 8; ++i) {
            add_tutorial_order(one->port());
            valkey().clear();
            count(one->port());
        }
    }
    for (const auto* query : {"SHOW statement_timeout", "SHOW lock_timeout"})
        expect_on_each_connection(query, "0");
    expect_on_each_connection("SELECT count(*) FROM pg_prepared_statements", "0");
    expect_on_each_connection("SELECT count(*) FROM pg_listening_channels()", "0");
}

TEST_P(behind_pgbouncer, limits_are_in_force_all_the_same) {
    pg_worker worker{between.uri(), servers.store.database(), {.statement_timeout = 300ms}};
    auto& pool = worker.pool;
    // The server's own limits, none and longer ones, are no obstacle.
    for (const auto* own : {"0", "30s"}) {
        sql("ALTER DATABASE dellstore SET statement_timeout = '" + std::string{own} + "'");
        sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = 'dellstore' AND pid <> pg_backend_pid()");
        const auto is_back = [&] {
            return failure_of(execute(pool, {"SELECT 1", true}), worker).empty();
        };
        EXPECT_TRUE(eventually(is_back));
        EXPECT_EQ(failure_of(execute(pool, sleep_long), worker), "57014");
        EXPECT_EQ(failure_of(execute_twice(pool, sleep_long, sleep_long), worker), "57014");
        EXPECT_EQ(failure_of(execute_twice(pool, {"SELECT 1"}, sleep_long), worker), "57014");
    }
    sql("ALTER DATABASE dellstore RESET statement_timeout");
}

TEST_P(behind_pgbouncer, a_lock_of_somebody_else_is_not_waited_for_longer) {
    pg_worker worker{between.uri(), servers.store.database(), {.lock_timeout = 100ms}};
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE orders");
    EXPECT_EQ(failure_of(execute(worker.pool, {"SELECT count(*) FROM orders"}), worker), "55P03");
    EXPECT_EQ(failure_of(execute_twice(worker.pool, lock_orders, lock_orders), worker), "55P03");
}

// What makes a snapshot may not come before it.
TEST_P(behind_pgbouncer, a_transaction_may_choose_its_isolation) {
    pg_worker worker{between.uri(), servers.store.database()};
    worker.run(execute_twice(worker.pool, {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
                             {"SELECT count(*) FROM orders"}));
}

// Without a pooler a connection is the client's own, and each statement is prepared once.
TEST_F(store_test, without_pgbouncer_the_limits_are_the_session_s) {
    pg_worker worker{servers.postgres.uri(),
                     servers.store.database(),
                     {.statement_timeout = 4321ms, .lock_timeout = 1234ms}};
    const pg::statement limits{
        "SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')"};
    EXPECT_EQ(worker.run(ask(worker.pool, limits)), "4321ms 1234ms");
    const pg::statement kept{
        "SELECT count(*) || min(name) FROM pg_prepared_statements"
        " WHERE statement LIKE '%min(name)%'"};
    const auto name = worker.run(ask(worker.pool, kept));
    EXPECT_TRUE(name.starts_with("1larder_")) << name;
    EXPECT_EQ(worker.run(ask(worker.pool, kept)), name);
    pg_worker another{servers.postgres.uri(), servers.store.database()};
    EXPECT_EQ(another.run(ask(another.pool, {"SELECT 1"})), "1");
    EXPECT_EQ(another.run(ask(another.pool, kept)), name) << "the same SQL has the same name";
}

// As where somebody between hands on sessions, and the server's own keys to cancel by.
TEST_F(store_test, a_statement_that_somebody_prepared_before_is_used) {
    pg_worker worker{servers.postgres.uri(), servers.store.database(), {.max_connections = 1}};
    const pg::statement names{"SELECT string_agg(name, ',') FROM pg_prepared_statements"};
    const auto name = worker.run(ask(worker.pool, names));
    pg_worker another{servers.postgres.uri(), servers.store.database(), {.max_connections = 1}};
    const auto text = "PREPARE " + name + " AS " + std::string{names.sql};
    another.run(execute(another.pool, {text}));
    EXPECT_NE(another.run(ask(another.pool, names)).find(name), std::string::npos);
}

}  // namespace
}  // namespace larder::test
