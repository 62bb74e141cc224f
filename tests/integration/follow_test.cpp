// Writes that do not go through the service are seen: PostgreSQL's log is followed.

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "follow_store.hpp"

namespace larder::test {
namespace {

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
    expect_seen(one, copy_one, 21003, 20002);
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

TEST_F(follow_store, a_prepared_transaction_is_seen_when_it_is_committed) {
    const follower one{env()};
    expect_seen(one, std::string{"BEGIN; "} + insert + "; PREPARE TRANSACTION 'a'", 1000, 0);
    warm(one);
    expect_seen(one, "COMMIT PREPARED 'a'", 1001, 1);
    exec(std::string{"BEGIN; "} + insert + "; PREPARE TRANSACTION 'b'");
    exec("ROLLBACK PREPARED 'b'");
    expect_seen(one, insert, 1002, 2);
}

// A slot waits for all that runs. Nothing else does.
TEST_F(follow_store, who_is_in_the_way_is_named_and_waited_for) {
    auto idle = shop->connect();
    idle.exec("BEGIN; CREATE TEMPORARY TABLE mine ()");
    exec(std::string{"BEGIN; "} + insert + "; PREPARE TRANSACTION 'left over'");
    const service one{env(), {"--workers", "2"}};
    EXPECT_EQ(count(one.port()), 1000);
    const auto pid = idle.scalar("SELECT pg_backend_pid()");
    EXPECT_TRUE(one.wait_for_log("of process " + pid + " (idle in transaction), open since "))
        << one.log();
    const auto id = shop->connect().scalar("SELECT transaction FROM pg_prepared_xacts");
    EXPECT_TRUE(one.wait_for_log("the prepared transaction 'left over' (" + id + " in followed)"))
        << one.log();
    EXPECT_EQ(shop->connect().scalar("SELECT count(*) FROM pg_replication_slots"), "0")
        << "it leaves an orphan";
    EXPECT_EQ(count(one.port()), 1000);
    idle.exec("COMMIT");
    exec("COMMIT PREPARED 'left over'");
    EXPECT_TRUE(one.wait_for_log(follows, 10s * slack)) << one.log();
    expect_soon(one, 1001);
    expect_seen(one, insert, 1002, 2);
}

TEST_F(follow_store, an_update_of_what_nothing_depends_on_invalidates_nothing) {
    expect_that_other_columns_break_nothing();
}

// The log tells of them as of others'. What was loaded since need not be loaded again.
TEST_F(follow_store, the_services_own_orders_are_known_again) {
    follower first{env()};
    const service second{env(), {"--workers", "2"}};
    warm(second);
    long own_orders = 0, of_others = 0;
    const auto count_stays = [&] {
        first.signal(SIGSTOP);  // so that it hears of the order when the count has been loaded
        EXPECT_EQ(add(second.port(), tutorial_order).status, 200);
        EXPECT_EQ(count(second.port(), own), ++own_orders);
        first.signal(SIGCONT);
        exec(
            "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
            " VALUES ('2024-01-01', 9998, 1, 0, 1)");  // behind it in the log
        expect_soon(second, ++of_others, others);
        return is_hit(second, own);
    };
    // Not when it has just begun, nor when it hears of it more than a second later. Five times in a
    // row, as it may be told before it is stopped.
    const auto always_stays = [&] {
        for (int i = 0; i < 5; ++i)
            if (!count_stays()) return false;
        return true;
    };
    EXPECT_TRUE(eventually(always_stays)) << second.log();
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(add(second.port(), tutorial_order).status, 200);
        exec(insert);
        expect_soon(second, own_orders += 2, own);
    }
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
    partition_orders();
    exec(
        "ALTER TABLE part_9999 REPLICA IDENTITY FULL; ALTER TABLE part_rest REPLICA IDENTITY FULL");
    exec("ALTER PUBLICATION larder SET TABLE orders");
    const follower one{env()};
    const std::string row = "SELECT 100000, '2024-01-01', 9999, 1, 0, 1";
    expect_seen(one, "INSERT INTO orders " + row, 1001, 1);
    expect_seen(one, "TRUNCATE part_9999", 1000, 0);
    expect_seen(one, "INSERT INTO orders " + row, 1001, 1);
    expect_a_partition_to_be_seen_that_leaves_and_comes_back(one, 1001);
}

TEST_F(follow_store, what_comes_and_goes_between_two_looks_is_seen) {
    expect_what_leaves_no_row_behind_to_be_seen();
}

// They are in the log, and no reader sees them: who reads then keeps the old counts. A thousand.
TEST_F(follow_store, commits_that_are_not_visible_yet_are_seen_when_they_are) {
    constexpr int rounds = 20, at_a_time = 50;
    const follower one{env()};
    exec("INSERT INTO customers SELECT n, 'x' FROM generate_series(20001, 20050) n");
    exec("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    exec("SELECT pg_reload_conf()");
    exec("SET synchronous_commit = local; CHECKPOINT");
    std::vector<std::string> customers;
    for (int i = 1; i <= at_a_time; ++i) customers.push_back(std::to_string(20000 + i));
    const auto path = [](const std::string& customer) { return "/count?customerid=" + customer; };
    for (int round = 1; round <= rounds; ++round) {
        std::vector<std::jthread> writers;
        for (const auto& each : customers)
            writers.emplace_back([&] {
                exec(
                    "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
                    " SELECT '2024-01-01', " +
                    each + ", 1, 0, 1");
            });
        auto by = shop->connect();
        ASSERT_TRUE(eventually([&] {
            return by.scalar(
                       "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") ==
                   std::to_string(at_a_time);
        }));
        // Nothing tells how far it has read; what is later in the log is seen by then.
        for (const auto& each : customers) {
            EXPECT_EQ(count(one.port(), path(each)), round - 1);
            EXPECT_TRUE(eventually([&] { return is_hit(one, path(each)); }));
        }
        by.scalar(
            "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity"
            " WHERE wait_event = 'SyncRep'");
        writers.clear();
        for (const auto& each : customers) expect_soon(one, round, path(each));
    }
}

TEST_F(follow_store, another_instance_follows_when_the_one_that_did_is_killed) {
    expect_another_to_follow_a_killed_one();
}

// What it left behind in Valkey is in nobody's way for long.
TEST_F(follow_store, who_is_killed_while_it_deletes_all_entries_leaves_it_to_others) {
    follower first{env()};
    const service second{env(), {"--workers", "2"}}, third{env(), {"--workers", "2"}};
    const std::string purging = "{larder:trusted:num_orders}:lock";
    valkey().command({"EVAL",
                      "for i = 1, 300000 do redis.call('SET', 'somebody:' .. i, 1, 'EX', 100) end",
                      "0"});  // walks take longer than to see one
    for (const auto* one : {&second, &third}) warm(*one);
    exec("TRUNCATE orders CASCADE");
    ASSERT_TRUE(eventually([&] { return valkey().get(purging).has_value(); }, 3s * slack));
    first.signal(SIGKILL);
    const auto killed = std::chrono::steady_clock::now();
    ASSERT_TRUE(valkey().get(purging).has_value()) << "it was too late";
    // Who follows next knows, and the other one is told.
    for (const auto* one : {&second, &third})
        EXPECT_TRUE(eventually([&] { return count(one->port()) == 0; })) << one->log();
    EXPECT_LT(std::chrono::steady_clock::now() - killed, 1'500ms * slack);
    EXPECT_TRUE(first.wait_for_exit());
}

// Nobody can follow before the commit is over, as a slot waits for it; and then nobody was told.
TEST_F(follow_store, a_commit_that_outlives_who_followed_is_seen) {
    auto all = env();
    all["CACHE_UNFOLLOWED_SECONDS"] = "1";
    follower first{all};
    const service second{all, {"--workers", "2"}};
    exec("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    exec("SELECT pg_reload_conf()");
    exec("SET synchronous_commit = local; CHECKPOINT");
    warm(second);
    std::jthread writer{[&] { exec(insert); }};
    auto by = shop->connect();
    ASSERT_TRUE(eventually([&] {
        return by.scalar("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") ==
               "1";
    }));
    first.signal(SIGKILL);
    EXPECT_TRUE(first.wait_for_exit());
    warm(second);
    EXPECT_EQ(count(second.port()), 1000);
    by.scalar(
        "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    writer.join();
    EXPECT_TRUE(eventually([&] { return count(second.port()) == 1001; }, 4s * slack))
        << second.log();
    EXPECT_TRUE(second.wait_for_log(follows, 10s * slack)) << second.log();
    exec("ALTER SYSTEM RESET synchronous_standby_names");
    exec("SELECT pg_reload_conf()");
    expect_seen(second, insert, 1002, 2);
}

TEST_F(follow_store, another_instance_follows_when_the_one_that_did_is_frozen) {
    expect_another_to_follow_a_frozen_one();
}

TEST_F(follow_store, another_instance_follows_when_the_one_that_did_is_cut_off) {
    expect_another_to_follow_one_that_is_cut_off();
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
    EXPECT_TRUE(eventually([&] {
        return get(one.port(), "/count")
            .header("cache-status")
            .ends_with("stored; detail=unfollowed");
    })) << "nor does it say so";
    // Who follows other columns, of another version of the service, does not tell of these entries.
    for (const auto* other : {"larder:followed:num_orders:5a0c", "larder:followed:num_orders"})
        valkey().command({"SET", other, R"({"by":"x","since_ms":1,"late_ms":1})", "PX", "60000"});
    // Nor is an entry that is nearly at its end, and was stored while somebody followed.
    // A worker may have seen a sign of him up to 2 s ago.
    EXPECT_TRUE(eventually([&] {
        for (int i = 0; i < 5; ++i) {
            valkey().command({"DEL", "{num_orders:all}:brief"});
            valkey().command({"SET", "num_orders:all", "777", "PX", "900"});
            if (count(one.port()) != left) return false;
        }
        return true;
    }));
    for (int i = 1; i <= 2; ++i) {
        EXPECT_TRUE(eventually([&] { return is_hit(one, "/count") && ttl() <= 1; }));
        exec("INSERT INTO orders SELECT * FROM older LIMIT 1");
        EXPECT_TRUE(eventually([&] { return count(one.port()) == left + i; }, 2s * slack));
    }
}

// Nor is one that has nothing to say taken for one that has gone: each time all would be forgotten.
TEST_F(follow_store, a_server_that_is_idle_is_followed_on) {
    const follower one{env()};
    warm_for_long(one);
    EXPECT_FALSE(eventually([&] { return times(follows, one.log()) > 1; }, 8s)) << one.log();
    EXPECT_TRUE(is_hit(one, "/count"));
    expect_seen(one, insert, 1001, 1);
}

TEST_F(follow_store, a_million_rows_in_one_transaction_are_seen) {
    const follower one{env()};
    warm(one);
    exec(std::string{"SET session_replication_role = replica; "} + insert +
         " FROM generate_series(1, 1000000)");
    EXPECT_TRUE(eventually([&] { return count(one.port()) == 1'001'000; }, 20s * slack))
        << one.log();
    expect_soon(one, 1'000'000, own);
}

// What others have in the same log is read, and not kept by the server for anybody.
TEST_F(follow_store, a_busy_neighbour_pins_no_log) {
    const follower one{env()};
    pg_client by{servers.postgres.uri()};
    by.exec("CREATE DATABASE neighbour");
    pg_client{servers.postgres.uri(), "neighbour"}.exec(
        "CREATE TABLE much AS SELECT repeat(md5(n::text), 32) FROM generate_series(1, 300000) n");
    const auto lag_in_mb = [&](const std::string& since) {
        return std::stol(by.scalar("SELECT (pg_wal_lsn_diff(pg_current_wal_lsn(), " + since +
                                   ") / 1048576)::bigint FROM pg_replication_slots WHERE active"));
    };
    EXPECT_GT(std::stol(by.scalar("SELECT pg_database_size('neighbour') / 1048576")), 300);
    EXPECT_TRUE(eventually([&] { return lag_in_mb("confirmed_flush_lsn") < 32; }, 10s * slack));
    EXPECT_TRUE(eventually(
        [&] {
            by.exec("CHECKPOINT");  // what it may let go of, it finds out by this
            return lag_in_mb("restart_lsn") < 32;
        },
        10s * slack));
    expect_seen(one, insert, 1001, 1);
    by.exec("DROP DATABASE neighbour WITH (FORCE)");
}

// A neighbour's transaction is in the way as well: all databases share one log.
TEST_F(follow_store, who_is_in_the_way_in_another_database_is_named) {
    pg_client neighbour{servers.postgres.uri()};
    neighbour.exec("BEGIN; CREATE TEMPORARY TABLE mine ()");
    const auto pid = neighbour.scalar("SELECT pg_backend_pid()");
    const service one{env(), {"--workers", "2"}};
    EXPECT_EQ(count(one.port()), 1000);
    EXPECT_TRUE(one.wait_for_log("of process " + pid + " (idle in transaction)")) << one.log();
    EXPECT_EQ(count(one.port()), 1000);
    neighbour.exec("ROLLBACK");
    EXPECT_TRUE(one.wait_for_log(follows, 10s * slack)) << one.log();
}

// PostgreSQL ends who keeps it from removing log, and takes its slot away.
TEST_F(follow_store, a_slot_that_is_lost_to_too_much_log_costs_no_answer) {
    pg_client by{servers.postgres.uri()};
    by.exec("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'");
    by.exec("SELECT pg_reload_conf()");
    follower first{env()};
    const service second{env(), {"--workers", "2"}};
    warm(first);
    warm(second);
    const auto slots = [&](const std::string& which) {
        return by.scalar("SELECT count(*) FROM pg_replication_slots WHERE " + which);
    };
    const auto walsender = by.scalar("SELECT active_pid FROM pg_replication_slots");
    first.signal(SIGSTOP);
    exec(insert);
    const auto written = std::chrono::steady_clock::now();
    for (int i = 0; i < 4; ++i) {
        by.scalar(
            "SELECT count(pg_logical_emit_message(false, 'much', repeat('x', 1000000)))"
            " FROM generate_series(1, 32)");
        by.scalar("SELECT pg_switch_wal()");
        by.exec("CHECKPOINT");
    }
    EXPECT_TRUE(eventually([&] { return slots("active_pid = " + walsender) == "0"; }, 4s * slack));
    EXPECT_TRUE(eventually([&] { return count(second.port()) == 1001; },
                           std::chrono::duration_cast<std::chrono::milliseconds>(
                               written + 3s * slack - std::chrono::steady_clock::now())))
        << second.log();
    EXPECT_TRUE(second.wait_for_log(follows, 4s * slack)) << second.log();
    first.signal(SIGCONT);
    EXPECT_TRUE(eventually([&] { return count(first.port()) == 1001; }, 3s * slack)) << first.log();
    expect_seen(second, insert, 1002, 2);
    expect_soon(first, 1002);
    expect_soon(first, 2, own);
    EXPECT_EQ(slots("true"), "1");
    EXPECT_EQ(slots("active AND temporary AND wal_status = 'reserved'"), "1");
    EXPECT_TRUE(eventually(
        [&] {
            by.exec("CHECKPOINT");
            return slots("pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) < 32000000") == "1";
        },
        10s * slack));
}

TEST_F(follow_store, postgresql_stops_at_once_while_valkey_is_frozen) {
    const follower one{env()};
    warm(one);
    servers.valkey.freeze();
    exec(insert);
    const auto since = std::chrono::steady_clock::now();
    servers.postgres.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - since, 5s * slack);
    servers.valkey.thaw();
    servers.postgres.start();
    expect_soon(one, 1001);
}

TEST_F(follow_store, a_publication_that_is_dropped_is_noticed) {
    const follower one{env()};
    exec("ALTER PUBLICATION larder DROP TABLE orders");
    EXPECT_TRUE(one.wait_for_log("orders is not published whole")) << one.log();
}

// Nobody is served what may be untrue for long.
TEST_F(follow_store, where_it_is_required_nothing_is_served_before) {
    exec("DROP PUBLICATION larder");
    auto all = env();
    all["CACHE_FOLLOW"] = "on";
    const auto port = std::to_string(free_port());
    child one{{program("orders"), "serve", "--port", port, "--workers", "2"}, all};
    EXPECT_TRUE(one.wait_for_err("orders is not published whole")) << one.err();
    EXPECT_EQ(one.err().find("listening on"), std::string::npos);
    exec("CREATE PUBLICATION larder FOR TABLE orders");
    EXPECT_TRUE(one.wait_for_err("listening on", 10s * slack)) << one.err();
    EXPECT_EQ(count(static_cast<std::uint16_t>(std::stoi(port))), 1000);
    const service second{all};  // it is the first that follows
    EXPECT_EQ(count(second.port()), 1000);
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0);
}

TEST_F(follow_store, who_waits_for_a_follower_can_be_ended) {
    exec("DROP PUBLICATION larder");
    auto all = env();
    all["CACHE_FOLLOW"] = "on";
    child one{{program("orders"), "serve", "--port", std::to_string(free_port())}, all};
    EXPECT_TRUE(one.wait_for_err("orders is not published whole")) << one.err();
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0);
}

struct follow_command : follow_store {
    testing::AssertionResult status_says(const std::string& what) {
        std::string all;
        const bool said = eventually([&] {
            all = follow("status");
            return all.find(what) != std::string::npos;
        });
        return (said ? testing::AssertionSuccess() : testing::AssertionFailure()) << all;
    }
};

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

// PostgreSQL itself would refuse some of it, in words that help nobody.
TEST_F(follow_command, refuses_what_has_no_rows_in_the_log_and_says_why) {
    exec(
        "ALTER TABLE orders RENAME TO older; CREATE FOREIGN DATA WRAPPER nothing;"
        " CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing");
    const std::string no_table = "orders is no table with rows of its own, as a view or a foreign";
    for (const auto& [made, kind, why] :
         {std::array{std::string{"CREATE VIEW orders AS SELECT * FROM older"}, std::string{"VIEW"},
                     no_table},
          std::array{std::string{"CREATE UNLOGGED TABLE orders (LIKE older)"}, std::string{"TABLE"},
                     std::string{"orders is unlogged, or temporary, so its rows are in no log"}},
          std::array{std::string{"CREATE FOREIGN TABLE orders (customerid int) SERVER nowhere"},
                     std::string{"FOREIGN TABLE"}, no_table}}) {
        exec(made);
        const auto done = run_orders({"follow", "setup"}, env());
        EXPECT_NE(done.status, 0) << made << done.out;
        EXPECT_NE(done.err.find(why), std::string::npos) << made << '\n' << done.err;
        EXPECT_EQ(times("\n", done.err), 1U) << done.err;
        EXPECT_NE(follow("status").find("cannot be followed: " + why), std::string::npos) << made;
        exec("DROP " + kind + " orders");
    }
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

// It waits several times for a short while, so that others are not kept waiting behind it.
TEST_F(follow_command, waits_again_for_a_lock_that_was_in_its_way) {
    follow("drop");
    auto by = shop->connect();
    by.exec("BEGIN; LOCK orders IN ACCESS SHARE MODE");
    const auto waits = [&] {
        return shop->connect().scalar(
                   "SELECT count(*) FROM pg_locks WHERE NOT granted"
                   " AND relation = 'orders'::regclass") == "1";
    };
    child setting_up{{program("orders"), "follow", "setup"}, env()};
    EXPECT_TRUE(eventually([&] { return waits(); }));
    EXPECT_TRUE(eventually([&] { return !waits(); })) << "it waits for long";
    by.exec("COMMIT");
    EXPECT_EQ(setting_up.wait(), 0) << setting_up.err();
    EXPECT_EQ(shop->connect().scalar("SELECT count(*) FROM pg_publication"), "1");
}

TEST_F(follow_command, says_who_follows) {
    EXPECT_NE(follow("status").find("PostgreSQL's log tells of them\nnobody follows now\n"),
              std::string::npos)
        << follow("status");
    const follower one{env()};
    const auto all = follow("status");
    EXPECT_NE(all.find(" bytes behind, slot larder_"), std::string::npos) << all;
    EXPECT_NE(all.find(" (reserved, however much log there is)"), std::string::npos) << all;
    exec("DROP PUBLICATION larder");
    EXPECT_NE(follow("status").find("cannot be followed: orders is not published whole"),
              std::string::npos);
}

TEST_F(follow_command, says_since_when_and_why_all_was_deleted_last) {
    EXPECT_TRUE(status_says("Valkey knows of nobody who follows, so entries are believed for 5 s"));
    EXPECT_TRUE(status_says("Valkey knows of no purge of num_orders"));
    const follower one{env()};
    EXPECT_TRUE(status_says("followed since 20"));
    EXPECT_TRUE(status_says(':' + std::to_string(one.pid()) + ", writes are told at most "));
    EXPECT_TRUE(status_says(" as an instance began to follow"));
    exec("VACUUM FULL orders");
    EXPECT_TRUE(status_says(" as the catalogue says something else of the table orders"));
    const auto purged = run_orders({"cache", "purge"}, env());
    EXPECT_EQ(purged.status, 0) << purged.err;
    EXPECT_TRUE(status_says(" as cache purge"));
    valkey().flush();
    EXPECT_TRUE(status_says(" as Valkey was empty"));
    EXPECT_TRUE(status_says("followed since 20"));
    servers.postgres.stop();
    servers.postgres.start();
    EXPECT_TRUE(status_says(" as an instance began to follow"));
}

TEST_F(follow_command, says_in_one_line_that_valkey_does_not_answer) {
    auto all = env();
    all["VALKEY_SERVICE_URI"] = "valkey://me:sekrit@127.0.0.1:1";
    const auto done = run_orders({"follow", "status"}, all);
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_NE(done.out.find("PostgreSQL's log tells of them\nnobody follows now\n"
                            "Valkey at 127.0.0.1:1 does not answer, so since when it is followed"),
              std::string::npos)
        << done.out;
    EXPECT_EQ(times("\n", done.out), 4U) << done.out;
    EXPECT_EQ(times("\n", done.err), 1U) << done.err;
    EXPECT_EQ((done.out + done.err).find("sekrit"), std::string::npos);
    all["PG_PASSWORD"] = "sekrit";
    all.erase("VALKEY_SERVICE_URI");
    const auto without = run_orders({"follow", "status"}, all);
    EXPECT_EQ(without.status, 0) << without.err;
    EXPECT_NE(without.out.find("no Valkey is given"), std::string::npos) << without.out;
}

// Instances that begin together.
TEST_F(follow_store, set_up_by_several_at_once_is_set_up) {
    for (int round = 0; round < 5; ++round) {
        follow("drop");
        std::vector<std::thread> all;
        for (int i = 0; i < 4; ++i) all.emplace_back([this] { follow("setup"); });
        for (auto& one : all) one.join();
        EXPECT_EQ(shop->connect().scalar("SELECT count(*) FROM pg_publication"), "1");
    }
}

}  // namespace
}  // namespace larder::test
