// Writes by others are seen whatever happens to whoever follows, and to the servers.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <string>

#include "follow_store.hpp"
#include "support/gate.hpp"

namespace larder::test {
namespace {

struct follow_faults : follow_store {
    void TearDown() override {
        servers.postgres.start();
        pg_client by{servers.postgres.uri()};
        by.exec("ALTER SYSTEM RESET wal_writer_delay");
        by.scalar(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
            " WHERE NOT temporary");
        follow_store::TearDown();
    }
    std::string orders() { return shop->connect().scalar("SELECT count(*) FROM orders"); }
    /// It may refuse to answer meanwhile.
    static bool answers(const service& one, long expected) {
        return get(one.port(), "/count").body == count_body(expected);
    }
    /// What 50 others write before who follows is killed and 50 after, while Valkey is away.
    void expect_all_to_be_seen(const environment& all, const std::function<void()>& go_away,
                               const std::function<void()>& come_back) {
        follower first{all};
        const service second{all, {"--workers", "2"}};
        warm_for_long(second);
        go_away();
        for (int i = 0; i < 50; ++i) exec(insert);
        first.signal(SIGKILL);
        EXPECT_TRUE(first.wait_for_exit());
        for (int i = 0; i < 50; ++i) exec(insert);
        come_back();
        expect_soon(second, 1100);
        EXPECT_TRUE(second.wait_for_log(follows)) << second.log();
        expect_soon(second, 100, own);  // which nobody has asked for meanwhile
        expect_seen(second, insert, 1101, 101);
    }
};

// It would be taken for another instance's, which ends some day.
TEST_F(follow_faults, a_slot_that_is_no_instances_is_named_and_when_it_is_dropped_one_follows) {
    auto by = shop->connect();
    std::string slot;
    {
        const follower first{env()};
        slot = by.scalar("SELECT slot_name FROM pg_replication_slots");
    }
    ASSERT_TRUE(
        eventually([&] { return by.scalar("SELECT count(*) FROM pg_replication_slots") == "0"; }));
    by.exec("SELECT pg_create_logical_replication_slot('" + slot + "', 'pgoutput')");
    const service one{soon_disbelieved(), {"--workers", "2"}};
    const auto remedy = "SELECT pg_drop_replication_slot('" + slot + "')";
    EXPECT_TRUE(one.wait_for_log(remedy)) << one.log();
    const auto status = follow("status");
    EXPECT_NE(status.find("cannot be followed: the slot " + slot), std::string::npos) << status;
    EXPECT_NE(status.find(remedy), std::string::npos) << status;
    EXPECT_NE(status.find("nobody follows now"), std::string::npos) << status;
    warm(one);
    exec(insert);
    expect_soon(one, 1001);
    by.exec(remedy);
    EXPECT_TRUE(one.wait_for_log(follows)) << one.log();
    EXPECT_EQ(times(remedy, one.log()), 1U) << one.log();
    expect_seen(one, insert, 1002, 2);
}

// A server that did not shut down cleanly has less than was seen.
TEST_F(follow_faults, rows_that_a_crash_took_back_are_not_counted) {
    exec("ALTER SYSTEM SET wal_writer_delay = '10s'");
    exec("SELECT pg_reload_conf()");
    const follower one{soon_disbelieved()};
    warm_for_long(one);
    bool were_lost = false;
    for (int round = 0; round < 3 && !were_lost; ++round) {  // others may flush the log
        const auto before = std::stol(orders());
        expect_soon(one, before);
        exec(std::string{"SET synchronous_commit = off; "} + insert);
        for (const auto* target : {"/count", own})  // stores it
            request(one.port(), "GET", target, {{"cache-control", "no-cache"}});
        EXPECT_TRUE(eventually([&] { return is_hit(one, "/count") && is_hit(one, own); }));
        EXPECT_EQ(count(one.port()), before + 1);
        const auto sessions = times(follows, one.log());
        servers.postgres.kill();
        servers.postgres.start();
        const auto now = std::stol(orders());
        were_lost = now == before;
        EXPECT_TRUE(eventually([&] { return answers(one, now); }, 3s * slack))
            << now << ": " << get(one.port(), "/count").body << '\n'
            << one.log();
        EXPECT_TRUE(eventually([&] { return times(follows, one.log()) > sessions; })) << one.log();
        expect_soon(one, now - 1000, own);  // which nobody has asked for meanwhile
    }
    EXPECT_TRUE(were_lost);
}

TEST_F(follow_faults, nothing_is_missed_when_valkey_and_who_follows_are_killed) {
    expect_all_to_be_seen(
        soon_disbelieved(), [&] { servers.valkey.kill(); }, [&] { servers.valkey.start(); });
}

// It has all entries of before.
TEST_F(follow_faults, nothing_is_missed_when_valkey_is_out_of_reach_and_who_follows_is_killed) {
    gate way{servers.valkey.port()};
    auto all = soon_disbelieved();
    all["VALKEY_SERVICE_URI"] = at_port(servers.valkey.uri(), way.port());
    expect_all_to_be_seen(
        all,
        [&] {
            way.admit(admission::refuse);
            way.reset();
        },
        [&] { way.heal(); });
}

TEST_F(follow_faults, a_commit_that_waits_for_no_disk_is_seen_within_a_second) {
    const follower one{soon_disbelieved()};
    for (int i = 1; i <= 3; ++i) {
        warm_for_long(one);
        exec(std::string{"SET synchronous_commit = off; "} + insert);
        expect_within(1s, one, 1000 + i);
    }
}

TEST_F(follow_faults, a_row_whose_old_values_are_not_told_any_more_is_seen) {
    exec(insert);
    const follower one{soon_disbelieved()};
    warm_for_long(one);
    exec("ALTER TABLE orders REPLICA IDENTITY DEFAULT");
    EXPECT_TRUE(eventually([&] { return !valkey().get("num_orders:all"); }));
    expect_seen(one, "DELETE FROM orders WHERE customerid = 9999", 1000, 0);
    expect_seen(one, insert, 1001, 1);
    expect_seen(one, "UPDATE orders SET customerid = 9998 WHERE customerid = 9999", 1001, 0);
    expect_soon(one, 1, others);
}

TEST_F(follow_faults, what_is_written_after_the_publication_was_dropped_is_seen) {
    const follower one{soon_disbelieved()};
    warm_for_long(one);
    exec("DROP PUBLICATION larder");
    exec(insert);
    expect_within(3s, one, 1001);
    EXPECT_TRUE(one.wait_for_log("cannot be followed: ")) << one.log();
    warm(one);
    exec(insert);
    expect_soon(one, 1002);
    expect_soon(one, 2, own);
}

// Each follows the same log for its own cache.
TEST_F(follow_faults, two_valkeys_of_one_database_are_both_told) {
    const valkey_server another;
    auto elsewhere = env();
    elsewhere["VALKEY_SERVICE_URI"] = another.uri();
    const follower one{env()}, other{elsewhere};
    EXPECT_EQ(shop->connect().scalar("SELECT count(*) FROM pg_replication_slots WHERE active"),
              "2");
    long all = 1000;
    const auto expect_both = [&] {
        for (const auto* each : {&one, &other}) {
            expect_soon(*each, all);
            expect_soon(*each, all - 1000, own);
        }
    };
    for (int round = 0; round < 5; ++round) {
        for (const auto* each : {&one, &other}) warm(*each);
        exec(insert);
        ++all;
        expect_both();
        for (const auto* each : {&one, &other}) {
            warm(*each);
            EXPECT_EQ(add(each->port(), tutorial_order).status, 200);
            ++all;
            EXPECT_EQ(count(each->port()), all);
            expect_both();
        }
    }
    for (const auto* each : {&one, &other}) EXPECT_EQ(times(follows, each->log()), 1U);
}

TEST_F(follow_faults, a_row_of_100_mb_ends_no_session) {
    exec("ALTER TABLE orders ADD COLUMN note text");
    const follower one{env()};
    warm(one);
    exec(
        "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount, note)"
        " SELECT '2024-01-01', 9999, 1, 0, 1, repeat('x', 100000000)");
    EXPECT_TRUE(eventually([&] { return count(one.port()) == 1001; }));
    expect_soon(one, 1, own);
    expect_seen(one, insert, 1002, 2);
    EXPECT_EQ(times(follows, one.log()), 1U) << one.log();
    std::ifstream status{"/proc/" + std::to_string(one.pid()) + "/status"};
    std::string word;
    while (status >> word && word != "VmHWM:") continue;
    long kib = 0;
    EXPECT_TRUE(status >> kib);
    EXPECT_LT(kib, 600'000 * std::min(slack, 2));
}

// It is on its way for longer than a server may be silent.
TEST_F(follow_faults, a_row_that_comes_slowly_ends_no_session) {
    gate way{port_of(servers.postgres.uri())};
    auto all = env();
    all["PG_FOLLOW_URI"] = at_port(servers.postgres.uri(), way.port());
    exec("ALTER TABLE orders ADD COLUMN note text");
    const follower one{all};
    warm(one);
    way.to_client({.what = flow::kind::slices});
    exec(
        "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount, note)"
        " SELECT '2024-01-01', 9999, 1, 0, 1, repeat('x', 65000)");
    EXPECT_TRUE(eventually([&] { return count(one.port()) == 1001; }));
    way.heal();
    expect_soon(one, 1, own);
    expect_seen(one, insert, 1002, 2);
    EXPECT_EQ(times(follows, one.log()), 1U) << one.log();
}

TEST_F(follow_faults, who_stands_by_keeps_no_row_from_vacuum_and_waits_for_no_lock) {
    const follower first{env()};
    const service second{env(), {"--workers", "1"}}, third{env(), {"--workers", "1"}};
    warm(second);
    warm(third);
    auto by = shop->connect();
    EXPECT_EQ(by.scalar("SELECT count(*) FROM pg_replication_slots"), "1");
    for (int i = 0; i < 20; ++i) {
        const auto newest = by.scalar(std::string{insert} + " RETURNING xmin");
        const auto behind =
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND"
            " greatest(age(backend_xmin), age(backend_xid)) > age('" +
            newest + "'::xid)";
        EXPECT_TRUE(eventually([&] { return by.scalar(behind) == "0"; }, 500ms * slack));
        EXPECT_EQ(by.scalar("SELECT count(*) FROM pg_locks WHERE NOT granted"), "0");
    }
}

TEST_F(follow_faults, an_entry_lives_no_longer_than_its_time_where_that_is_shorter) {
    auto all = env();
    all["CACHE_TIMEOUT_SECONDS"] = "2";
    all["CACHE_UNFOLLOWED_SECONDS"] = "5";
    const auto is_brief = [&] {
        const auto left = valkey().ttl("num_orders:all");
        return left > 0 && left <= 2;
    };
    {
        const follower one{all};
        warm(one);
        EXPECT_TRUE(eventually(is_brief));
        expect_seen(one, insert, 1001, 1);
    }
    exec("DROP PUBLICATION larder");
    const service one{all, {"--workers", "2"}};
    EXPECT_TRUE(one.wait_for_log("orders is not published whole")) << one.log();
    warm(one);
    exec(insert);
    expect_within(2'500ms, one, 1002);
}

}  // namespace
}  // namespace larder::test
