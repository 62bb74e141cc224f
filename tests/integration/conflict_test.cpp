// Transactions that are in each other's way: what is wholly larder's is made once more.

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "larder/pg/session.hpp"
#include "support/json_text.hpp"
#include "support/pg_worker.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

boost::asio::awaitable<std::vector<std::string>> note(int& commits) {
    ++commits;
    co_return std::vector<std::string>{};
}
boost::asio::awaitable<void> write(pg::pool& with, pg::statement sql, int& commits) {
    pg::session one{with};
    one.before_commit([&commits] { return note(commits); });
    co_await one.run(sql, {});
}
boost::asio::awaitable<std::string> read(pg::pool& with, pg::statement sql) {
    pg::session one{with};
    const auto rows = co_await one.run(sql, {});
    co_return std::string{*rows.text(0, 0)};
}
boost::asio::awaitable<void> change(pg::pool& with, pg::statement sql) {
    auto one = co_await with.begin();
    co_await one.run(sql, {});
    co_await one.commit();
}

/// Beside the shop there are two counters, and what fails a given number of times.
struct conflict : store_test {
    void SetUp() override {
        store_test::SetUp();
        clear();
        sql("CREATE SCHEMA conflict;"
            "CREATE TABLE conflict.counters (id integer PRIMARY KEY, n integer);"
            "INSERT INTO conflict.counters VALUES (1, 0), (2, 0);"
            "CREATE SEQUENCE conflict.attempts;"
            "CREATE TABLE conflict.how (failures integer, state text);"
            "CREATE FUNCTION conflict.fail() RETURNS integer LANGUAGE plpgsql AS $$BEGIN"
            " IF nextval('conflict.attempts') <= (SELECT failures FROM conflict.how) THEN"
            "  RAISE EXCEPTION 'in the way' USING ERRCODE = (SELECT state FROM conflict.how);"
            " END IF; RETURN 7; END$$;"
            "CREATE FUNCTION conflict.fail_row() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN PERFORM conflict.fail(); RETURN NULL; END$$");
    }
    void TearDown() override { clear(); }
    void clear() {
        sql("ALTER DATABASE dellstore RESET default_transaction_isolation");
        sql("DROP SCHEMA IF EXISTS conflict CASCADE");
    }
    void fails(int times, const std::string& state) {
        sql("DELETE FROM conflict.how");
        sql("INSERT INTO conflict.how VALUES (" + std::to_string(times) + ", '" + state + "')");
        sql("SELECT setval('conflict.attempts', 1, false)");
    }
    void fails_on_orders(const std::string& when) {
        sql("CREATE CONSTRAINT TRIGGER conflict AFTER INSERT ON orders DEFERRABLE INITIALLY " +
            when + " FOR EACH ROW EXECUTE FUNCTION conflict.fail_row()");
    }
    std::string attempts() { return sql("SELECT last_value FROM conflict.attempts"); }
    pg_worker worker{servers.postgres.uri(), servers.store.database()};
};

constexpr pg::statement insert{
    "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
    " VALUES ('2023-03-10', 9999, 23, 2, 25)"};

TEST_F(conflict, of_a_deadlock_is_not_noticed) {
    // The other one waits first, and does not look for a deadlock; so this one finds it, and gives
    // way.
    auto other = servers.store.connect();
    other.exec("SET deadlock_timeout = '1min'");
    other.exec("BEGIN; UPDATE conflict.counters SET n = n + 1 WHERE id = 2");
    auto waits = std::async(std::launch::async, [&] {
        const auto has_first = [this] {
            return sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 77");
        };
        EXPECT_TRUE(eventually([&] { return has_first() == "1"; }));
        other.exec("UPDATE conflict.counters SET n = n + 1 WHERE id = 1");
        other.exec("COMMIT");
    });
    // The second attempt would meet it again if it came before the other one has what it waits for.
    sql("CREATE FUNCTION conflict.both() RETURNS void LANGUAGE plpgsql AS $$"
        "DECLARE attempt bigint := nextval('conflict.attempts'); BEGIN"
        " WHILE attempt > 1 AND EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP END LOOP;"
        " UPDATE conflict.counters SET n = n + 1 WHERE id = 1;"
        " PERFORM pg_advisory_xact_lock(77);"
        " WHILE attempt = 1 AND NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP END LOOP;"
        " UPDATE conflict.counters SET n = n + 1 WHERE id = 2; END$$");
    int commits = 0;
    worker.run(write(worker.pool, {"SELECT conflict.both()"}, commits));
    waits.get();
    EXPECT_EQ(commits, 1);
    EXPECT_EQ(attempts(), "2");
    EXPECT_EQ(sql("SELECT string_agg(n::text, ' ' ORDER BY id) FROM conflict.counters"), "2 2");
}

TEST_F(conflict, of_serializable_transactions_is_not_noticed) {
    sql("ALTER DATABASE dellstore SET default_transaction_isolation = 'serializable'");
    const service one{servers.env(), {"--workers", "1"}};
    sql("CREATE FUNCTION conflict.count() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
        " UPDATE conflict.counters SET n = n + 1 WHERE id = 1; RETURN NULL; END$$");
    sql("CREATE TRIGGER conflict AFTER INSERT ON orders EXECUTE FUNCTION conflict.count()");
    auto other = servers.store.connect();
    other.exec("BEGIN; UPDATE conflict.counters SET n = n + 1 WHERE id = 1");
    auto order = std::async(std::launch::async, [&] { return add(one.port(), tutorial_order); });
    ASSERT_TRUE(eventually([this] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1";
    }));
    other.exec("COMMIT");  // what the order waited for has changed since it began
    EXPECT_EQ(order.get().status, 200);
    EXPECT_EQ(sql("SELECT n FROM conflict.counters WHERE id = 1"), "2");
    EXPECT_EQ(count(one.port()), 12001);
}

TEST_F(conflict, at_the_commit_is_not_noticed_and_the_commit_is_prepared_for_again) {
    for (const auto* state : {"40001", "40P01"}) {
        fails(3, state);
        fails_on_orders("DEFERRED");
        int commits = 0;
        worker.run(write(worker.pool, insert, commits));
        EXPECT_EQ(attempts(), "4");
        EXPECT_EQ(commits, 4);
        sql("DROP TRIGGER conflict ON orders");
    }
    EXPECT_EQ(rows(), 12002);
}

TEST_F(conflict, of_a_read_is_not_noticed) {
    fails(3, "40001");
    EXPECT_EQ(worker.run(read(worker.pool, {"SELECT conflict.fail()", true})), "7");
    EXPECT_EQ(attempts(), "4");
}

// A session that the server ends may have stored what it was told; of a read nothing is.
TEST_F(conflict, of_a_read_whose_session_is_ended_is_not_noticed) {
    sql("CREATE FUNCTION conflict.end_session() RETURNS integer LANGUAGE plpgsql AS $$BEGIN"
        " IF nextval('conflict.attempts') <= 3 THEN"
        "  PERFORM pg_terminate_backend(pg_backend_pid());"
        " END IF; RETURN 7; END$$");
    EXPECT_EQ(worker.run(read(worker.pool, {"SELECT conflict.end_session()", true})), "7");
    EXPECT_EQ(attempts(), "4");
}

// What ends soon is a 503; what does not end is none of larder's to repeat for ever.
TEST_F(conflict, that_does_not_end_is_a_503) {
    const service one{servers.env(), {"--workers", "1"}};
    for (const auto* when : {"IMMEDIATE", "DEFERRED"}) {
        fails(1000, "40P01");
        fails_on_orders(when);
        const auto answer = add(one.port(), tutorial_order);
        EXPECT_EQ(answer.status, 503) << answer.body;
        EXPECT_TRUE(answer.has("retry-after"));
        EXPECT_TRUE(detail_of(answer.body).starts_with("Error connecting to database: "))
            << answer.body;
        EXPECT_EQ(detail_of(answer.body).find("not known"), std::string::npos) << answer.body;
        EXPECT_EQ(attempts(), "4");
        EXPECT_EQ(count(one.port()), 12000);
        sql("DROP TRIGGER conflict ON orders");
    }
    EXPECT_EQ(rows(), 12000);
    add_tutorial_order(one.port());
    EXPECT_EQ(count(one.port()), 12001);
}

// Its statements may depend on each other and on what the program has seen.
TEST_F(conflict, of_a_transaction_is_left_to_who_made_it) {
    for (const auto* when : {"IMMEDIATE", "DEFERRED"}) {
        fails(1, "40001");
        fails_on_orders(when);
        try {
            worker.run(change(worker.pool, insert));
            ADD_FAILURE() << "it was made once more";
        } catch (const pg::error& e) {
            EXPECT_EQ(e.kind(), pg::failure::unavailable);
            EXPECT_TRUE(e.is_retryable());
        }
        EXPECT_EQ(attempts(), "1");
        sql("DROP TRIGGER conflict ON orders");
    }
    EXPECT_EQ(rows(), 12000);
}

TEST_F(conflict, or_a_lack_of_room_that_passes_is_not_noticed) {
    for (const auto* state : {"53100", "53200", "53300", "53400", "55P03", "57P03"}) {
        fails(3, state);
        fails_on_orders("DEFERRED");
        int commits = 0;
        worker.run(write(worker.pool, insert, commits));
        EXPECT_EQ(attempts(), "4") << state;
        fails(3, state);
        EXPECT_EQ(worker.run(read(worker.pool, {"SELECT conflict.fail()", true})), "7");
        EXPECT_EQ(attempts(), "4") << state;
        sql("DROP TRIGGER conflict ON orders");
    }
    EXPECT_EQ(rows(), 12006);
}

TEST_F(conflict, or_a_lack_of_room_that_does_not_pass_is_a_503) {
    const service one{servers.env(), {"--workers", "1"}};
    for (const auto* state : {"53100", "53200", "53300", "53400", "55P03", "57P03"}) {
        fails(1000, state);
        fails_on_orders("IMMEDIATE");
        const auto answer = add(one.port(), tutorial_order);
        EXPECT_EQ(answer.status, 503) << answer.body;
        EXPECT_TRUE(answer.has("retry-after"));
        EXPECT_NE(answer.body.find(state), std::string::npos) << answer.body;
        EXPECT_EQ(attempts(), "4") << state;
        sql("DROP TRIGGER conflict ON orders");
    }
    EXPECT_EQ(rows(), 12000);
}

}  // namespace
}  // namespace larder::test
