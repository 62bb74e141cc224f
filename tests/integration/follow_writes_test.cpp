// The service's own writes while PostgreSQL's log is followed: nothing is held for them.

#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "follow_store.hpp"
#include "support/gate.hpp"
#include "support/observed_service.hpp"
#include "support/order_text.hpp"

namespace larder::test {
namespace {

constexpr const char* holds = "larder_cache_holds_total";

struct follow_writes : follow_store {
    using follow_store::follow_store;

    /// Its worker knows that somebody follows.
    static void expect_followed(const observed_service& one) {
        EXPECT_TRUE(one.metric_becomes("larder_follower_followed", 1)) << one.metrics();
    }
    environment through(const gate& way) {
        auto all = env();
        auto uri = servers.valkey.uri();
        const auto from = uri.find("127.0.0.1:") + 10;
        all["VALKEY_SERVICE_URI"] =
            uri.replace(from, uri.find('/', from) - from, std::to_string(way.port()));
        return all;
    }
    bool is_stored(long all) {
        return shop->connect().scalar("SELECT count(*) FROM orders") == std::to_string(all);
    }

    bool is_true(const std::string& what) {
        return shop->connect().scalar("SELECT " + what) == "t";
    }

    gate to_valkey{servers.valkey.port()};
};

TEST_F(follow_writes, hold_nothing_and_are_seen_at_once) {
    const observed_service one{env(), {"--workers", "1"}};
    const service other{env(), {"--workers", "2"}};
    expect_followed(one);
    for (long added = 1; added <= 200; ++added) {
        EXPECT_EQ(add(one.port(), tutorial_order).status, 200);
        EXPECT_EQ(count(other.port()), 1000 + added);
        EXPECT_EQ(count(one.port(), own), added);
    }
    EXPECT_EQ(one.metric(holds), 0);
}

// Over a connection that was idle, too: nobody begins to follow before all transactions that are
// open have ended.
TEST_F(follow_writes, leave_no_transaction_open_where_a_process_stops) {
    observed_service writer{env(), {"--workers", "1"}};
    expect_followed(writer);
    EXPECT_EQ(add(writer.port(), tutorial_order).status, 200);
    exec(
        "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END'");
    exec("CREATE TRIGGER slowly BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION slowly()");
    let_them_be_idle();
    std::jthread client([&] {
        try {
            EXPECT_EQ(add(writer.port(), tutorial_order).status, 200);
        } catch (const std::exception& e) {
            ADD_FAILURE() << e.what();
        }
    });
    EXPECT_TRUE(eventually([&] {
        return is_true("count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    }));
    writer.signal(SIGSTOP);
    EXPECT_TRUE(eventually([&] { return is_stored(1002); })) << "it waits for the process";
    writer.signal(SIGCONT);
}

TEST_F(follow_writes, are_stored_once_where_the_connection_is_dead_without_a_sign) {
    const service other{env(), {"--workers", "2"}};
    EXPECT_TRUE(other.wait_for_log(follows)) << other.log();
    gate to_postgres{port_of(servers.postgres.uri())};
    auto all = env();
    all["PG_SERVICE_URI"] = at_port(servers.postgres.uri(), to_postgres.port());
    const observed_service writer{all, {"--workers", "1"}};
    expect_followed(writer);
    EXPECT_EQ(add(writer.port(), tutorial_order).status, 200);
    let_them_be_idle();
    to_postgres.both_ways({.what = flow::kind::hold}, connections::present);
    EXPECT_EQ(add(writer.port(), tutorial_order).status, 200);
    to_postgres.heal();
    EXPECT_TRUE(is_stored(1002));
    EXPECT_EQ(writer.metric(holds), 0);
    expect_soon(other, 1002);
}

// One with several threads may tell others after it has answered what came later.
TEST_F(follow_writes, are_held_where_valkey_does_not_say_that_it_has_one_thread) {
    valkey().command({"ACL", "SETUSER", "larder", "on", "nopass", "~*", "+@all", "-config"});
    auto all = env();
    all["VALKEY_SERVICE_URI"].insert(std::string_view{"valkey://"}.size(), "larder@");
    {
        const observed_service one{all, {"--workers", "1"}};
        expect_followed(one);
        EXPECT_EQ(add(one.port(), tutorial_order).status, 200);
        EXPECT_TRUE(one.metric_becomes(holds, 1)) << one.metrics();
        EXPECT_EQ(times("refuses what", one.log()), 0U) << one.log();
    }
    valkey().command({"ACL", "DELUSER", "larder"});
}

TEST_F(follow_writes, that_are_refused_leave_the_cache_alone) {
    const observed_service one{env(), {"--workers", "1"}};
    expect_followed(one);
    exec("ALTER TABLE orders ADD CHECK (netamount < 1000)");
    EXPECT_TRUE(eventually([&] { return is_hit(one, "/count") && is_hit(one, own); }));
    EXPECT_NE(add(one.port(), with_net("2000")).status, 200);
    EXPECT_TRUE(is_hit(one, "/count"));
    EXPECT_TRUE(is_hit(one, own));
    EXPECT_EQ(one.metric(holds), 0);
}

// Killed when its order is stored and Valkey has not heard of it: whether it followed itself or
// not.
struct follow_writes_of_one_that_dies : follow_writes, testing::WithParamInterface<bool> {};

TEST_P(follow_writes_of_one_that_dies, are_told_by_who_follows) {
    std::optional<service> other;
    if (!GetParam()) {
        other.emplace(env(), std::vector<std::string>{"--workers", "2"});
        EXPECT_TRUE(other->wait_for_log(follows)) << other->log();
    }
    observed_service writer{through(to_valkey), {"--workers", "1"}};
    if (GetParam()) {
        EXPECT_TRUE(writer.wait_for_log(follows)) << writer.log();
        other.emplace(env(), std::vector<std::string>{"--workers", "2"});
    }
    expect_followed(writer);
    EXPECT_EQ(add(writer.port(), tutorial_order).status, 200);  // over a connection of now
    warm(*other);
    to_valkey.to_server({.what = flow::kind::hold});
    std::jthread client([&] {
        try {
            add(writer.port(), tutorial_order);
        } catch (const std::exception&) {  // it is killed
        }
    });
    ASSERT_TRUE(eventually([&] { return is_stored(1002); })) << "it waits for Valkey first";
    writer.signal(SIGKILL);
    EXPECT_TRUE(writer.wait_for_exit());
    expect_soon(*other, 1002);
    expect_soon(*other, 2, own);
}

INSTANTIATE_TEST_SUITE_P(, follow_writes_of_one_that_dies, testing::Bool(), [](const auto& one) {
    return one.param ? "and_followed_itself" : "and_did_not_follow";
});

// Valkey does not take the release, so PostgreSQL tells the others before the answer.
TEST_F(follow_writes, that_valkey_does_not_hear_of_are_announced) {
    auto all = through(to_valkey);
    all["CACHE_DEADLINE_MS"] = "300";
    const service other{env(), {"--workers", "2"}};
    EXPECT_TRUE(other.wait_for_log(follows)) << other.log();
    const observed_service writer{all, {"--workers", "1"}};
    expect_followed(writer);
    exec("CREATE TABLE noted (payload text)");  // who hears of one deletes it soon
    exec(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO noted VALUES (NEW.payload); RETURN NEW; END'");
    exec(
        "CREATE TRIGGER note AFTER INSERT ON larder.unreleased"
        " FOR EACH ROW EXECUTE FUNCTION note()");
    EXPECT_EQ(add(writer.port(), tutorial_order).status, 200);
    warm(other);
    to_valkey.to_server({.what = flow::kind::hold});
    EXPECT_EQ(add(writer.port(), tutorial_order).status, 200);
    EXPECT_NE(shop->connect().scalar("SELECT count(*) FROM noted"), "0");
    expect_soon(other, 1002);
    to_valkey.heal();
}

struct writes_by_triggers : follow_writes {
    writes_by_triggers() : follow_writes("trigger", "Follows what triggers tell") {}
};

TEST_F(writes_by_triggers, are_held) {
    const observed_service one{env(), {"--workers", "1"}};
    expect_followed(one);
    EXPECT_EQ(add(one.port(), tutorial_order).status, 200);
    EXPECT_TRUE(one.metric_becomes(holds, 1)) << one.metrics();
}

}  // namespace
}  // namespace larder::test
