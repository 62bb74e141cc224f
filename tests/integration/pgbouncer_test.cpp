// Behind PgBouncer, whose connections to the server others use before and after.

#include "support/pgbouncer.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "larder/pg/session.hpp"
#include "larder/spelling.hpp"
#include "support/json_text.hpp"
#include "support/pg_worker.hpp"
#include "support/store_test.hpp"

namespace larder::moods {

enum class mood { happy, sad };
BOOST_DESCRIBE_ENUM(mood, happy, sad)

struct entry {
    uuid id;
    timestamp at;
    std::optional<timestamp> noon;
    date day;
    bool is_done = false;
    mood felt{};
    bool operator==(const entry&) const = default;
};
BOOST_DESCRIBE_STRUCT(entry, (), (id, at, noon, day, is_done, felt))

}  // namespace larder::moods

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
constexpr pg::statement find_mood{
    "SELECT * FROM moods WHERE id = $1 AND at = $2 AND day = $3 AND is_done = $4 AND felt = $5",
    true};

using moods::entry;
boost::asio::awaitable<std::optional<entry>> find(pg::pool& with, entry e) {
    pg::session one{with};
    auto found = co_await one.maybe<entry>(find_mood, e.id, e.at, e.day, e.is_done, e.felt);
    co_return found;
}
boost::asio::awaitable<std::optional<entry>> find_in_transaction(pg::pool& with, entry e) {
    auto one = co_await with.begin();
    auto found = co_await one.maybe<entry>(find_mood, e.id, e.at, e.day, e.is_done, e.felt);
    co_await one.commit();
    co_return found;
}

/// What a German has set for the database, and a table with a day in summer and one of a time when
/// Berlin was 53 minutes and 28 seconds ahead of Greenwich.
struct german_settings {
    explicit german_settings(backends& of) : servers{of} {
        servers.store.ask("ALTER DATABASE dellstore SET datestyle = 'German'");
        servers.store.ask("ALTER DATABASE dellstore SET timezone = 'Europe/Berlin'");
        servers.store.ask(
            "CREATE TYPE mood AS ENUM ('happy', 'sad');"
            " CREATE TABLE moods (id uuid, at timestamptz, noon timestamp, day date,"
            "  is_done boolean, felt mood);"
            " INSERT INTO moods VALUES ('67E55044-10b1-426f-9247-bb680e5fe0c8',"
            "  '2026-07-01T12:00:00.25Z', '2026-07-01 12:00:00', '2026-03-10', true,"
            "  'sad'), ('67E55044-10b1-426f-9247-bb680e5fe0c9',"
            "  '1890-01-01T00:00:00Z', NULL, '1890-12-31', false, 'happy');"
            " SELECT 1");
    }
    ~german_settings() {
        servers.store.ask("DROP TABLE moods; DROP TYPE mood; ALTER DATABASE dellstore RESET ALL");
    }
    german_settings(const german_settings&) = delete;
    german_settings& operator=(const german_settings&) = delete;

    static void expect_read(pg_worker& by) {
        using namespace std::chrono;
        entry summer{.at = sys_days{2026y / 7 / 1} + 12h + 250ms,
                     .noon = sys_days{2026y / 7 / 1} + 12h,
                     .day = 2026y / 3 / 10,
                     .is_done = true,
                     .felt = moods::mood::sad};
        ASSERT_TRUE(read_spelling("67e55044-10b1-426f-9247-bb680e5fe0c8", summer.id));
        entry old{.at = sys_days{1890y / 1 / 1}, .day = 1890y / 12 / 31};
        ASSERT_TRUE(read_spelling("67e55044-10b1-426f-9247-bb680e5fe0c9", old.id));
        for (const auto& one : {summer, old}) {
            EXPECT_EQ(by.run(find(by.pool, one)), one);
            EXPECT_EQ(by.run(find_in_transaction(by.pool, one)), one);
        }
    }

    backends& servers;
};

TEST_P(behind_pgbouncer, days_and_times_are_read_whatever_is_set_for_the_database) {
    const german_settings all{servers};
    expect_on_each_connection("SELECT date '2026-03-10'", "10.03.2026");
    pg_worker worker{between.uri(), servers.store.database()};
    german_settings::expect_read(worker);
    expect_on_each_connection("SELECT date '2026-03-10'", "10.03.2026");
}

TEST_F(store_test, days_and_times_are_read_whatever_is_set_for_the_database) {
    const german_settings all{servers};
    pg_worker worker{servers.postgres.uri(), servers.store.database()};
    EXPECT_EQ(worker.run(ask(worker.pool, {"SELECT current_setting('timezone')"})),
              "Europe/Berlin");
    german_settings::expect_read(worker);
    EXPECT_EQ(worker.run(ask(worker.pool, {"SELECT date '03/10/2026'"})), "2026-10-03")
        << "which comes first, the day or the month, is as it was set";
}

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
