// Writes that do not go through the service are seen where PostgreSQL's log cannot be read:
// triggers tell of them.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "follow_store.hpp"

namespace larder::test {
namespace {

struct triggers : follow_store {
    triggers() : follow_store("trigger", "Follows what triggers tell") {}
};

constexpr const char* all_triggers =
    "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'larder\\_%' AND NOT tgisinternal";

TEST_F(triggers, tell_of_every_kind_of_change) {
    const follower one{env()};
    EXPECT_TRUE(one.wait_for_log(follows)) << one.log();
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
    expect_seen(one, copy_one, 21003, 20002);
    expect_seen(one, "DELETE FROM orders WHERE customerid = 9999", 1001, 0);
    expect_seen(one, "CREATE TABLE copy AS SELECT * FROM orders; TRUNCATE orders", 0, 0);
    expect_seen(one, "INSERT INTO orders SELECT * FROM copy", 1001, 0);
    expect_seen(one, std::string{"SET session_replication_role = replica; "} + insert, 1002, 1);
    expect_seen(one, "SET synchronous_commit = off; DELETE FROM orders WHERE customerid = 9999",
                1001, 0);
    expect_seen(one, std::string{"SET search_path = pg_catalog, public; "} + insert, 1002, 1);
    // A table that takes its place has none, and somebody may switch them off.
    expect_seen(one,
                "ALTER TABLE orders RENAME TO older; ALTER TABLE copy RENAME TO orders;"
                " DELETE FROM orders",
                0, 0);
    EXPECT_TRUE(one.wait_for_log("orders has no triggers that always tell of its rows"))
        << one.log();
}

TEST_F(triggers, that_are_switched_off_are_noticed) {
    const follower one{env()};
    exec("ALTER TABLE orders DISABLE TRIGGER ALL");
    EXPECT_TRUE(one.wait_for_log("orders has no triggers that always tell of its rows"))
        << one.log();
    EXPECT_NE(one.log().find("CACHE_FOLLOW=trigger orders follow setup"), std::string::npos);
    follow("setup");
    EXPECT_TRUE(eventually([&] { return times(follows, one.log()) == 2; }, 10s * slack));
    expect_seen(one, insert, 1001, 1);
}

TEST_F(triggers, whose_function_somebody_replaced_are_noticed) {
    const follower one{env()};
    EXPECT_TRUE(one.wait_for_log(follows)) << one.log();
    exec(
        "CREATE OR REPLACE FUNCTION larder.tell_of_rows() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RETURN NULL; END'");
    EXPECT_TRUE(one.wait_for_log("larder.tell_of_rows() is not the function that this version"))
        << one.log();
    EXPECT_NE(one.log().find("CACHE_FOLLOW=trigger orders follow setup"), std::string::npos);
    follow("setup");
    EXPECT_TRUE(eventually([&] { return times(follows, one.log()) == 2; }, 10s * slack));
    expect_seen(one, insert, 1001, 1);
}

TEST_F(triggers, an_update_of_what_nothing_depends_on_invalidates_nothing) {
    expect_that_other_columns_break_nothing();
}

TEST_F(triggers, tell_of_partitions) {
    partition_orders();
    follow("setup");
    const follower one{env()};
    const std::string row = "SELECT 100000, '2024-01-01', 9999, 1, 0, 1";
    expect_seen(one, "INSERT INTO orders " + row, 1001, 1);
    expect_seen(one, "TRUNCATE part_9999", 1000, 0);
    expect_seen(one, "INSERT INTO part_9999 " + row, 1001, 1);
    expect_seen(one, "UPDATE orders SET customerid = 9998 WHERE customerid = 9999", 1001, 0);
    expect_seen(one, "UPDATE orders SET customerid = 9999 WHERE customerid = 9998", 1001, 1);
    expect_a_partition_to_be_seen_that_leaves_and_comes_back(one, 1001);
}

TEST_F(triggers, what_comes_and_goes_between_two_looks_is_seen) {
    expect_what_leaves_no_row_behind_to_be_seen();
}

// PostgreSQL tells of them when readers see them.
TEST_F(triggers, a_commit_that_waits_for_a_standby_is_seen_when_it_is_visible) {
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
        EXPECT_EQ(count(one.port()), 1000 + i - 1);
        warm(one);
        shop->connect().scalar("SELECT pg_cancel_backend(" + pid + ")");
        expect_soon(one, 1000 + i);
    }
}

TEST_F(triggers, are_heard_by_another_instance_when_the_one_that_did_is_killed) {
    expect_another_to_follow_a_killed_one();
}

TEST_F(triggers, are_heard_by_another_instance_when_the_one_that_did_is_frozen) {
    expect_another_to_follow_a_frozen_one();
}

TEST_F(triggers, are_heard_by_another_instance_when_the_one_that_did_is_cut_off) {
    expect_another_to_follow_one_that_is_cut_off();
}

// Several notifications, or the whole family.
TEST_F(triggers, tell_of_many_customers_at_once) {
    const follower one{env()};
    const auto fill = [](int customers) {
        return "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
               " SELECT '2024-01-01', n, 1, 0, 1 FROM generate_series(15001 - " +
               std::to_string(customers) + ", 15000) n";
    };
    const auto expect_told = [&](int customers, long all, long of_each) {
        std::vector<std::string> some;
        for (int n = 15000; n > 15000 - customers; n -= 100)
            some.push_back("/count?customerid=" + std::to_string(n));
        for (const auto& target : some)
            EXPECT_TRUE(eventually([&] { return is_hit(one, target); })) << one.log();
        expect_seen(one, fill(customers), all, 0);
        for (const auto& target : some) expect_soon(one, of_each, target);
    };
    expect_told(900, 1900, 1);
    exec("DELETE FROM orders WHERE customerid > 13500");
    expect_soon(one, 1000);
    expect_told(1500, 2500, 1);
}

TEST_F(triggers, are_heard_again_when_postgresql_has_restarted_or_ended_the_session) {
    const follower one{env()};
    warm(one);
    const auto* end =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'";
    EXPECT_EQ(shop->connect().scalar(end), "1");
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

TEST_F(triggers, of_what_has_no_rows_are_refused) {
    exec("ALTER TABLE orders RENAME TO older; CREATE VIEW orders AS SELECT * FROM older");
    const std::string why = "orders is no table with rows of its own, as a view or a foreign table";
    const auto done = run_orders({"follow", "setup"}, env());
    EXPECT_NE(done.status, 0) << done.out;
    EXPECT_NE(done.err.find(why), std::string::npos) << done.err;
    EXPECT_NE(follow("status").find("cannot be followed: " + why), std::string::npos);
}

TEST_F(triggers, are_set_up_once_and_taken_back) {
    EXPECT_EQ(follow("setup"), "There is nothing to do\n");
    EXPECT_EQ(shop->connect().scalar(all_triggers), "4");
    EXPECT_NE(follow("status").find("triggers tell of their rows\nnobody follows now\n"),
              std::string::npos)
        << follow("status");
    {
        const follower one{env()};
        EXPECT_TRUE(eventually([&] {
            const auto all = follow("status");
            return all.find("followed from ") != std::string::npos &&
                   all.find("followed since 20") != std::string::npos &&
                   all.find(" as an instance began to follow") != std::string::npos;
        })) << follow("status");
    }
    const auto undone = follow("drop", true);
    EXPECT_EQ(times("DROP TRIGGER larder_num_orders_", undone), 4U) << undone;
    EXPECT_EQ(follow("drop"), undone);
    EXPECT_EQ(follow("drop"), "There is nothing to do\n");
    EXPECT_EQ(shop->connect().scalar(all_triggers), "0");
    const auto done = follow("setup", true);
    EXPECT_EQ(follow("setup"), done);
    EXPECT_EQ(times("CREATE TRIGGER larder_num_orders_", done), 4U) << done;
}

TEST_F(triggers, of_a_server_that_is_idle_are_followed_on) {
    const follower one{env()};
    warm_for_long(one);
    EXPECT_FALSE(eventually([&] { return times(follows, one.log()) > 1; }, 5s)) << one.log();
    EXPECT_TRUE(is_hit(one, "/count"));
    expect_seen(one, insert, 1001, 1);
}

// Whoever may connect may notify: it costs what it names, and no error.
TEST_F(triggers, strangers_may_say_what_they_like) {
    const follower one{env()};
    warm(one);
    exec(
        "SELECT pg_notify('larder_rows', t) FROM unnest(ARRAY['', E'\\n', 'x', E'x\\n1',"
        " E'num_orders\\n\\n\\n', repeat('y', 7000), E'num_orders\\n9999']) t");
    expect_seen(one, insert, 1001, 1);
    expect_seen(one, "SELECT pg_notify('larder_rows', 'num_orders')", 1001, 1);
}

}  // namespace
}  // namespace larder::test
