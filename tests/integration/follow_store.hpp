// A database whose orders somebody else changes, and services that follow it.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/gate.hpp"
#include "support/store_test.hpp"

namespace larder::test {

using namespace std::chrono_literals;

inline constexpr const char* own = "/count?customerid=9999";
inline constexpr const char* others = "/count?customerid=9998";
inline constexpr const char* insert =
    "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
    " SELECT '2024-01-01', 9999, 1, 0, 1";
inline constexpr const char* copy_one =
    "COPY orders (orderdate, customerid, netamount, tax, totalamount)"
    " FROM PROGRAM 'echo 2024-01-01,9999,1,0,1' (FORMAT csv)";

struct follow_store : store_test {
    follow_store() = default;
    /// `by` is what CACHE_FOLLOW is, `says` what a service logs that follows.
    follow_store(std::string by, std::string says) : how(std::move(by)), follows(std::move(says)) {}

    const std::string how = "auto";
    const std::string follows = "Follows PostgreSQL's log";
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
        by.exec("ALTER SYSTEM RESET max_slot_wal_keep_size");
        by.exec("SELECT pg_reload_conf()");
        // A server process that reads the log for somebody who is gone may have much to read.
        EXPECT_TRUE(eventually([&] {
            return by.scalar(
                       "SELECT count(pg_terminate_backend(active_pid)) FROM"
                       " pg_replication_slots WHERE database = 'followed' AND active") == "0";
        }));
        by.exec("DROP DATABASE followed WITH (FORCE)");
        servers.valkey.start();
        valkey().flush();  // nor is it that database's for who comes next
    }
    /// At the same place of another port.
    static std::string at_port(std::string uri, std::uint16_t port) {
        const auto from = uri.find("127.0.0.1:") + 10;
        return uri.replace(from, uri.find('/', from) - from, std::to_string(port));
    }
    static std::uint16_t port_of(const std::string& uri) {
        return static_cast<std::uint16_t>(std::stoi(uri.substr(uri.find("127.0.0.1:") + 10)));
    }
    void exec(const std::string& text) { shop->connect().exec(text); }

    environment env() {
        auto all = servers.env();
        all["PG_DATABASE"] = "followed";
        all["CACHE_FOLLOW"] = how;
        all["CACHE_TIMEOUT_SECONDS"] = "86400";
        all["CACHE_DEADLINE_MS"] = "5000";
        return all;
    }
    /// A service that follows.
    struct follower : service {
        explicit follower(const environment& env) : service{env, {"--workers", "2"}} {
            EXPECT_TRUE(wait_for_log("writes by others are seen")) << log();
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
    /// What was stored before it was known that somebody follows has ended, too.
    void warm_for_long(const service& one) {
        EXPECT_TRUE(eventually(
            [&] {
                count(one.port());
                count(one.port(), own);
                return valkey().ttl("num_orders:all") > 1000 &&
                       valkey().ttl("num_orders:9999") > 1000;
            },
            10s * slack));
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

    /// Orders of customer 9999 are in a table of their own.
    void partition_orders() {
        exec("CREATE TABLE parts (LIKE orders) PARTITION BY LIST (customerid)");
        exec("CREATE TABLE part_9999 PARTITION OF parts FOR VALUES IN (9999)");
        exec("CREATE TABLE part_rest PARTITION OF parts DEFAULT");
        exec("INSERT INTO parts SELECT * FROM orders");
        exec("ALTER TABLE orders RENAME TO older; ALTER TABLE parts RENAME TO orders");
    }

    // What holds however they follow.

    /// Between two looks at the catalogue, too. The one order of customer 9999 is 1 of `all`.
    void expect_a_partition_to_be_seen_that_leaves_and_comes_back(const service& by, long all) {
        const std::string attach =
            "ALTER TABLE orders ATTACH PARTITION part_9999 FOR VALUES IN (9999)";
        const std::string detach = "ALTER TABLE orders DETACH PARTITION part_9999";
        expect_seen(by, detach, all - 1, 0);
        expect_seen(by, attach, all, 1);
        for (int round = 0; round < 3; ++round) {
            warm(by);
            exec(detach);
            request(by.port(), "GET", "/count", {{"cache-control", "no-cache"}});  // stores it
            exec(attach);
            expect_soon(by, all);
        }
    }
    /// What came and went in between. A child that nobody publishes keeps the tables from being
    /// followed, if it is seen, and entries are believed for seconds then.
    void expect_what_leaves_no_row_behind_to_be_seen() {
        exec(insert);
        exec("CREATE TABLE more (LIKE orders); INSERT INTO more SELECT * FROM orders LIMIT 7");
        const follower one{env()};
        const auto between = [&](const std::string& done, const std::string& undone,
                                 const std::string& target, long expected) {
            warm(one);
            exec(done);
            request(one.port(), "GET", target, {{"cache-control", "no-cache"}});  // stores it
            exec(undone);
            EXPECT_TRUE(
                eventually([&] { return count(one.port(), target) == expected; }, 9s * slack))
                << done << ": " << count(one.port(), target);
        };
        const std::string swap =
            "ALTER TABLE orders RENAME customerid TO c; ALTER TABLE orders RENAME orderid TO"
            " customerid; ALTER TABLE orders RENAME c TO orderid";
        for (int round = 0; round < 3; ++round) {
            between("ALTER TABLE more INHERIT orders", "ALTER TABLE more NO INHERIT orders",
                    "/count", 1001);
            between(swap, swap, own, 1);
        }
    }

    void expect_that_other_columns_break_nothing() {
        const follower one{env()};
        warm(one);
        exec("UPDATE orders SET tax = tax + 1");
        exec(
            "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
            " VALUES ('2024-01-01', 9998, 1, 0, 1)");  // behind it in the log
        expect_soon(one, 1, others);
        EXPECT_TRUE(is_hit(one, own));
    }
    /// Entries of the time when nobody followed yet end soon.
    environment soon_disbelieved() {
        auto all = env();
        all["CACHE_UNFOLLOWED_SECONDS"] = "1";
        return all;
    }
    static void expect_within(std::chrono::milliseconds bound, const service& one, long expected) {
        EXPECT_TRUE(eventually([&] { return count(one.port()) == expected; }, bound * slack))
            << bound.count() << " ms: " << count(one.port()) << '\n'
            << one.log();
    }
    // How soon another one has done so is in docs/reference.md.
    void expect_another_to_follow_a_killed_one() {
        follower first{soon_disbelieved()};
        const service second{soon_disbelieved(), {"--workers", "2"}};
        warm_for_long(second);
        first.signal(SIGKILL);
        exec(insert);
        expect_within(500ms, second, 1001);
        EXPECT_TRUE(first.wait_for_exit());
        EXPECT_TRUE(second.wait_for_log(follows, 3s * slack)) << second.log();
        expect_soon(second, 1, own);  // which nobody has asked for meanwhile
        expect_seen(second, insert, 1002, 2);
    }
    void expect_another_to_follow_a_frozen_one() {
        follower first{soon_disbelieved()};
        const service second{soon_disbelieved(), {"--workers", "2"}};
        warm_for_long(second);
        first.signal(SIGSTOP);
        exec(insert);
        expect_within(3s, second, 1001);
        EXPECT_TRUE(second.wait_for_log(follows, 4s * slack)) << second.log();
        expect_soon(second, 1, own);
        first.signal(SIGCONT);
        expect_seen(second, insert, 1002, 2);
        expect_soon(first, 1002);
    }
    void expect_another_to_follow_one_that_is_cut_off() {
        gate way{port_of(servers.postgres.uri())};
        auto all = soon_disbelieved();
        all["PG_SERVICE_URI"] = at_port(servers.postgres.uri(), way.port());
        const follower first{all};
        const service second{soon_disbelieved(), {"--workers", "2"}};
        warm_for_long(second);
        way.both_ways({.what = flow::kind::hold});
        exec(insert);
        expect_within(3s, second, 1001);
        EXPECT_TRUE(second.wait_for_log(follows, 4s * slack)) << second.log();
        expect_soon(second, 1, own);
        way.heal();
        expect_seen(second, insert, 1002, 2);
        expect_soon(first, 1002);
    }
};

}  // namespace larder::test
