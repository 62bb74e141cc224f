// Writes that do not go through the service are seen: PostgreSQL's log is followed.

#include <gtest/gtest.h>

#include <thread>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* follows = "Follows PostgreSQL's log";
constexpr const char* own = "/count?customerid=9999";
constexpr const char* others = "/count?customerid=9998";
constexpr const char* insert =
    "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
    " SELECT '2024-01-01', 9999, 1, 0, 1";

struct follow_store : store_test {
    std::optional<sample> shop;

    void SetUp() override {
        store_test::SetUp();
        valkey().flush();  // nobody's
        shop.emplace(servers.postgres, "followed", 1000);
        follow("setup");
    }
    /// What `orders follow` says.
    std::string follow(const std::string& what, bool shows = false) {
        std::vector<std::string> words{"follow", what};
        if (shows) words.emplace_back("--dry-run");
        auto patient = env();
        patient["PG_DEADLINE_MS"] = "20000";
        const auto done = run_orders(words, patient);
        EXPECT_EQ(done.status, 0) << done.err;
        return done.out;
    }
    void TearDown() override {
        servers.postgres.start();
        pg_client by{servers.postgres.uri()};
        by.exec("ALTER SYSTEM RESET synchronous_standby_names");
        by.exec("SELECT pg_reload_conf()");
        by.exec("DROP DATABASE followed WITH (FORCE)");
    }
    void exec(const std::string& text) { shop->connect().exec(text); }

    environment env() {
        auto all = servers.env();
        all["PG_DATABASE"] = "followed";
        all["CACHE_FOLLOW"] = "auto";
        all["CACHE_TIMEOUT_SECONDS"] = "86400";
        all["CACHE_DEADLINE_MS"] = "5000";
        return all;
    }
    /// A service that follows.
    struct follower : service {
        explicit follower(const environment& env) : service{env, {"--workers", "2"}} {
            EXPECT_TRUE(wait_for_log(follows)) << log();
        }
    };
    static bool is_hit(const service& one, const std::string& target) {
        return get(one.port(), target).header("cache-status").find("; hit") != std::string::npos;
    }
    /// Until it is answered from a tier: nothing of what went before is under way.
    static void warm(const service& one) {
        for (const std::string target : {"/count", own, others})
            EXPECT_TRUE(eventually([&] { return is_hit(one, target); })) << one.log();
    }
    static void expect_soon(const service& one, long expected,
                            const std::string& target = "/count") {
        EXPECT_TRUE(eventually([&] { return count(one.port(), target) == expected; }, 2s * slack))
            << target << ": " << count(one.port(), target) << '\n'
            << one.log();
    }
    /// What somebody does is seen, wherever the answers were kept.
    void expect_seen(const service& by, const std::string& done, long all, long of_own) {
        warm(by);
        exec(done);
        expect_soon(by, all);
        expect_soon(by, of_own, own);
    }
};

TEST_F(follow_store, every_kind_of_change_by_others_is_seen) {
    const follower one{env()};
    expect_seen(one, insert, 1001, 1);
    expect_seen(one, "UPDATE orders SET customerid = 9998 WHERE customerid = 9999", 1001, 0);
    expect_soon(one, 1, others);
    expect_seen(one, "UPDATE orders SET customerid = 9999 WHERE customerid = 9998", 1001, 1);
    expect_seen(one, "DELETE FROM customers WHERE customerid = 9999", 1001, 0);  // SET NULL
    expect_seen(one, "INSERT INTO customers VALUES (9999, 'x')", 1001, 0);
    expect_seen(
        one,
        std::string{"BEGIN; "} + insert + "; SAVEPOINT a; " + insert + "; ROLLBACK TO a; COMMIT",
        1002, 1);
    expect_seen(one, std::string{insert} + " FROM generate_series(1, 20000)", 21002, 20001);
    expect_seen(one, "DELETE FROM orders WHERE customerid = 9999", 1001, 0);
    expect_seen(one, "CREATE TABLE copy AS SELECT * FROM orders; TRUNCATE orders", 0, 0);
    expect_seen(one, "INSERT INTO orders SELECT * FROM copy", 1001, 0);
    expect_seen(one, "SET synchronous_commit = off; " + std::string{insert}, 1002, 1);
    // A swap says nothing in the log, and the other one is not published.
    expect_seen(one,
                "ALTER TABLE orders RENAME TO older; ALTER TABLE copy RENAME TO orders;"
                " DELETE FROM orders",
                0, 0);
}

TEST_F(follow_store, an_update_of_what_nothing_depends_on_invalidates_nothing) {
    const follower one{env()};
    warm(one);
    exec("UPDATE orders SET tax = tax + 1");
    exec(
        "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
        " VALUES ('2024-01-01', 9998, 1, 0, 1)");  // behind it in the log
    expect_soon(one, 1, others);
    EXPECT_TRUE(is_hit(one, own));
}

TEST_F(follow_store, without_the_old_row_the_family_is_forgotten) {
    exec("ALTER TABLE orders REPLICA IDENTITY DEFAULT");
    const follower one{env()};
    expect_seen(one, insert, 1001, 1);
    expect_seen(one, "UPDATE orders SET customerid = 9998 WHERE customerid = 9999", 1001, 0);
    expect_soon(one, 1, others);
    expect_seen(one, "DELETE FROM orders WHERE customerid = 9998", 1000, 0);
    expect_soon(one, 0, others);
}

TEST_F(follow_store, partitions_are_seen) {
    exec("CREATE TABLE parts (LIKE orders) PARTITION BY LIST (customerid)");
    exec("CREATE TABLE part_9999 PARTITION OF parts FOR VALUES IN (9999)");
    exec("CREATE TABLE part_rest PARTITION OF parts DEFAULT");
    exec("INSERT INTO parts SELECT * FROM orders");
    exec("ALTER TABLE orders RENAME TO older; ALTER TABLE parts RENAME TO orders");
    exec(
        "ALTER TABLE part_9999 REPLICA IDENTITY FULL; ALTER TABLE part_rest REPLICA IDENTITY FULL");
    exec("ALTER PUBLICATION larder SET TABLE orders");
    const follower one{env()};
    const std::string row = "SELECT 100000, '2024-01-01', 9999, 1, 0, 1";
    expect_seen(one, "INSERT INTO orders " + row, 1001, 1);
    expect_seen(one, "TRUNCATE part_9999", 1000, 0);
    expect_seen(one, "INSERT INTO orders " + row, 1001, 1);
    expect_seen(one, "ALTER TABLE orders DETACH PARTITION part_9999", 1000, 0);
    expect_seen(one, "ALTER TABLE orders ATTACH PARTITION part_9999 FOR VALUES IN (9999)", 1001, 1);
}

// It is in the log, and no reader sees it: who reads then keeps the old count.
TEST_F(follow_store, a_commit_that_is_not_visible_yet_is_seen_when_it_is) {
    const follower one{env()};
    exec("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    exec("SELECT pg_reload_conf()");
    exec("SET synchronous_commit = local; CHECKPOINT");
    for (int i = 1; i <= 20; ++i) {
        warm(one);
        std::jthread writer{[&] { exec(insert); }};
        std::string pid;
        ASSERT_TRUE(eventually([&] {
            pid = shop->connect().scalar(
                "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
            return pid != "0";
        }));
        // Nothing tells how far it has read; what is later in the log is seen by then.
        EXPECT_EQ(count(one.port()), 1000 + i - 1);
        warm(one);
        shop->connect().scalar("SELECT pg_cancel_backend(" + pid + ")");
        expect_soon(one, 1000 + i);
    }
}

TEST_F(follow_store, another_instance_follows_when_the_one_that_did_is_killed) {
    follower first{env()};
    const service second{env(), {"--workers", "2"}};
    warm(second);
    first.signal(SIGKILL);
    EXPECT_TRUE(first.wait_for_exit());
    exec(insert);
    EXPECT_TRUE(second.wait_for_log(follows, 3s * slack)) << second.log();
    expect_soon(second, 1001);
    expect_seen(second, insert, 1002, 2);
}

TEST_F(follow_store, another_instance_follows_when_the_one_that_did_is_frozen) {
    follower first{env()};
    const service second{env(), {"--workers", "2"}};
    warm(second);
    first.signal(SIGSTOP);
    exec(insert);
    EXPECT_TRUE(second.wait_for_log(follows, 4s * slack)) << second.log();
    expect_soon(second, 1001);
    first.signal(SIGCONT);
    expect_seen(second, insert, 1002, 2);
    expect_soon(first, 1002);
}

TEST_F(follow_store, goes_on_when_postgresql_has_restarted_or_ended_the_session) {
    const follower one{env()};
    warm(one);
    shop->connect().scalar(
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active");
    exec(insert);
    expect_soon(one, 1001);
    warm(one);
    servers.postgres.stop();
    servers.postgres.start();
    exec(insert);
    EXPECT_TRUE(eventually([&] { return times(follows, one.log()) == 3; })) << one.log();
    expect_soon(one, 1002);
    expect_seen(one, insert, 1003, 3);
}

TEST_F(follow_store, goes_on_when_valkey_was_away) {
    const follower one{env()};
    warm(one);
    servers.valkey.kill();
    exec(insert);
    expect_soon(one, 1001);
    servers.valkey.start();
    expect_soon(one, 1001);
    EXPECT_TRUE(eventually([&] { return times(follows, one.log()) == 2; })) << one.log();
    expect_seen(one, insert, 1002, 2);
}

TEST_F(follow_store, is_told_once_what_keeps_it_from_that_and_begins_when_it_may) {
    exec("DROP PUBLICATION larder");
    const service one{env(), {"--workers", "2"}};
    EXPECT_TRUE(one.wait_for_log("orders is not published whole")) << one.log();
    EXPECT_EQ(count(one.port()), 1000);
    exec("CREATE PUBLICATION larder FOR TABLE orders");
    EXPECT_TRUE(one.wait_for_log(follows, 10s * slack)) << one.log();
    EXPECT_EQ(times("cannot be followed", one.log()), 1U) << one.log();
    EXPECT_NE(one.log().find("orders follow setup"), std::string::npos);
    expect_seen(one, insert, 1001, 1);
}

// Its entries might be untrue by now, and for a day.
TEST_F(follow_store, while_nobody_follows_an_entry_is_believed_for_seconds) {
    auto all = env();
    all["CACHE_UNFOLLOWED_SECONDS"] = "1";
    const follower one{all};
    const auto ttl = [&] { return valkey().ttl("num_orders:all"); };
    EXPECT_TRUE(eventually([&] {
        count(one.port());
        return ttl() > 1000;
    })) << ttl()
        << one.log();
    exec("ALTER TABLE orders RENAME TO older");  // so that nobody can
    exec("CREATE TABLE orders AS SELECT * FROM older WHERE customerid < 100");
    const auto left = std::stol(shop->connect().scalar("SELECT count(*) FROM orders"));
    EXPECT_TRUE(eventually([&] { return count(one.port()) == left; }, 5s * slack));
    EXPECT_TRUE(one.wait_for_log("orders is not published whole"));
    for (int i = 1; i <= 2; ++i) {
        EXPECT_TRUE(eventually([&] { return is_hit(one, "/count") && ttl() <= 1; }));
        exec("INSERT INTO orders SELECT * FROM older LIMIT 1");
        EXPECT_TRUE(eventually([&] { return count(one.port()) == left + i; }, 2s * slack));
    }
}

TEST_F(follow_store, a_publication_that_is_dropped_is_noticed) {
    const follower one{env()};
    exec("ALTER PUBLICATION larder DROP TABLE orders");
    EXPECT_TRUE(one.wait_for_log("orders is not published whole")) << one.log();
}

struct follow_command : follow_store {};

TEST_F(follow_command, sets_up_once_and_takes_it_back) {
    constexpr const char* identity = "SELECT relreplident FROM pg_class WHERE relname = 'orders'";
    EXPECT_EQ(follow("setup"), "There is nothing to do\n");
    EXPECT_EQ(shop->connect().scalar(identity), "f");
    const std::string undone =
        "DROP PUBLICATION larder\nALTER TABLE orders REPLICA IDENTITY DEFAULT\n";
    EXPECT_EQ(follow("drop", true), undone);
    EXPECT_EQ(follow("drop", true), undone) << "it only shows";
    EXPECT_EQ(follow("drop"), undone);
    EXPECT_EQ(follow("drop"), "There is nothing to do\n");
    EXPECT_EQ(shop->connect().scalar(identity), "d");
    const auto done = follow("setup", true);
    EXPECT_TRUE(
        done.starts_with("ALTER TABLE orders REPLICA IDENTITY FULL\n"
                         "CREATE PUBLICATION larder FOR TABLE orders\n"))
        << done;
    EXPECT_EQ(follow("setup", true), done) << "it only shows";
}

TEST_F(follow_command, gives_each_table_its_own_identity_back) {
    follow("drop");
    exec(
        "CREATE UNIQUE INDEX two ON orders (orderid, totalamount);"
        " ALTER TABLE orders REPLICA IDENTITY USING INDEX two");
    EXPECT_EQ(shop->connect().scalar("SELECT 1"), "1");
    follow("setup");
    exec("ALTER PUBLICATION larder SET (publish = 'insert')");
    EXPECT_EQ(follow("setup"),
              "ALTER PUBLICATION larder SET (publish = 'insert, update, delete, truncate',"
              " publish_via_partition_root = false)\n");
    follow("drop");
    EXPECT_EQ(shop->connect().scalar("SELECT relreplident FROM pg_class WHERE relname = 'orders'"),
              "i");
}

TEST_F(follow_command, waits_for_no_lock_of_others_for_long) {
    follow("drop");
    auto by = shop->connect();
    by.exec("BEGIN; LOCK orders IN ACCESS SHARE MODE");
    const auto since = std::chrono::steady_clock::now();
    const auto done = run_orders({"follow", "setup"}, env());
    EXPECT_EQ(done.status, 69);
    EXPECT_NE(done.err.find("lock"), std::string::npos) << done.err;
    EXPECT_LT(std::chrono::steady_clock::now() - since, 4s * slack);
    EXPECT_EQ(shop->connect().scalar("SELECT count(*) FROM pg_publication"), "0");
}

TEST_F(follow_command, says_who_follows) {
    EXPECT_NE(follow("status").find("PostgreSQL's log tells of them\nnobody follows now\n"),
              std::string::npos)
        << follow("status");
    const follower one{env()};
    EXPECT_NE(follow("status").find("bytes behind, slot larder_"), std::string::npos);
    exec("DROP PUBLICATION larder");
    EXPECT_NE(follow("status").find("cannot be followed: orders is not published whole"),
              std::string::npos);
}

}  // namespace
}  // namespace larder::test
