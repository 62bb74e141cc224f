// What could not be told to Valkey is kept in PostgreSQL until it is released, also where its
// writer has died.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/gate.hpp"
#include "support/order_text.hpp"
#include "support/pg_client.hpp"
#include "support/pgbouncer.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

struct unreleased : store_test {
    void SetUp() override {
        store_test::SetUp();
        if (sql("SELECT to_regclass('larder.unreleased')").empty()) return;
        sql("DELETE FROM larder.unreleased");
    }
    void TearDown() override { thaw(); }
    std::unique_ptr<service> start(environment env = {}) {
        env.merge(servers.env());
        return std::make_unique<service>(env, std::vector<std::string>{"--workers", "1"});
    }
    void freeze() {
        if (!frozen_) servers.valkey.freeze();
        frozen_ = true;
    }
    void thaw() {
        if (frozen_) servers.valkey.thaw();
        frozen_ = false;
    }
    long kept() { return std::stol(sql("SELECT count(*) FROM larder.unreleased")); }
    bool nothing_is_kept() { return kept() == 0; }
    static void kill(service& one) {
        one.signal(SIGKILL);
        ASSERT_TRUE(one.wait_for_exit().has_value());
    }
    /// A Valkey that each of several services reaches its own way.
    environment through(gate& way) const {
        auto env = servers.env();
        auto& uri = env["VALKEY_SERVICE_URI"];
        const auto colon = uri.rfind(':');
        uri = uri.substr(0, colon + 1) + std::to_string(way.port()) +
              uri.substr(uri.find('/', colon));
        return env;
    }
    std::uint16_t valkey_port() const {
        const auto& uri = servers.valkey.uri();
        return static_cast<std::uint16_t>(std::stoi(uri.substr(uri.rfind(':') + 1)));
    }
    static void cut(gate& way) {
        way.admit(admission::refuse);
        way.reset();
    }

private:
    bool frozen_ = false;
};

TEST_F(unreleased, writes_are_kept_while_valkey_is_frozen_and_no_longer) {
    const auto one = start();
    EXPECT_EQ(count(one->port()), 12000);
    EXPECT_EQ(kept(), 0);
    freeze();
    for (int i = 1; i <= 3; ++i) {
        add_tutorial_order(one->port());
        EXPECT_EQ(kept(), i);
        EXPECT_EQ(count(one->port()), 12000 + i);
    }
    EXPECT_EQ(sql("SELECT count(*) FROM larder.unreleased"
                  " WHERE payload LIKE E'%\\nnum_orders:all\\nnum_orders:9999'"),
              "3");
    thaw();
    EXPECT_TRUE(eventually([this] { return nothing_is_kept(); }));
    EXPECT_EQ(count(one->port()), 12003);
}

TEST_F(unreleased, writes_of_a_service_whose_valkey_answers_are_not_kept) {
    const auto one = start();
    sql("CREATE TABLE kept (n integer)");
    sql("CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN INSERT INTO kept VALUES (1); RETURN NULL; END$$");
    sql("CREATE TRIGGER tell AFTER INSERT ON larder.unreleased EXECUTE FUNCTION tell()");
    for (int i = 0; i < 10; ++i) add_tutorial_order(one->port());
    const auto kept_ever = sql("SELECT count(*) FROM kept");
    sql("DROP TRIGGER tell ON larder.unreleased; DROP FUNCTION tell(); DROP TABLE kept");
    EXPECT_EQ(kept_ever, "0");
}

TEST_F(unreleased, writes_of_a_service_that_was_killed_are_heard_by_the_next_one) {
    {
        gate way{valkey_port()};
        const auto one = start(through(way));
        EXPECT_EQ(count(one->port()), 12000);
        cut(way);
        add_tutorial_order(one->port());
        kill(*one);
    }
    ASSERT_EQ(valkey().get("num_orders:all"), "12000") << "nobody has released it";
    const auto next = start();
    EXPECT_EQ(count(next->port()), 12001);
    EXPECT_TRUE(eventually([this] { return nothing_is_kept(); }));
    EXPECT_EQ(count(next->port()), 12001);
}

TEST_F(unreleased, writes_of_a_service_that_was_killed_while_valkey_is_frozen_are_heard) {
    {
        const auto one = start();
        EXPECT_EQ(count(one->port()), 12000);
        freeze();
        add_tutorial_order(one->port());
        kill(*one);
    }
    const auto next = start();
    EXPECT_EQ(count(next->port()), 12001);
    EXPECT_EQ(kept(), 1);
    thaw();
    EXPECT_EQ(count(next->port()), 12001);
    EXPECT_TRUE(eventually([this] { return nothing_is_kept(); }));
    EXPECT_EQ(count(next->port()), 12001);
}

TEST_F(unreleased, writes_are_heard_by_a_service_that_could_not_be_told) {
    gate way{valkey_port()};
    const auto cut_off = start(through(way));
    EXPECT_EQ(count(cut_off->port()), 12000);
    cut(way);
    add_tutorial_order(cut_off->port());
    ASSERT_EQ(kept(), 1);
    const auto other = start();
    EXPECT_EQ(count(other->port()), 12001);
    EXPECT_TRUE(eventually([this] { return nothing_is_kept(); }));
}

// Nobody would know of it if its writer died.
TEST_F(unreleased, a_write_that_nobody_can_be_told_of_is_not_made) {
    gate way{valkey_port()};
    const auto cut_off = start(through(way)), other = start();
    EXPECT_EQ(count(cut_off->port()), 12000);
    EXPECT_EQ(count(other->port()), 12000);
    pg_client locker{servers.postgres.uri(), servers.store.database()};
    locker.exec("BEGIN; LOCK TABLE larder.unreleased");
    cut(way);
    const auto answer = add(cut_off->port(), tutorial_order);
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_NE(answer.header("retry-after"), "");
    EXPECT_EQ(rows(), 12000);
    locker.exec("COMMIT");
    add_tutorial_order(cut_off->port());
    EXPECT_TRUE(eventually([&] { return count(other->port()) == 12001; }));
}

// Another service in the same database, say: it cannot know what that has in its Valkey.
TEST_F(unreleased, writes_of_other_families_are_left_alone) {
    const auto one = start();
    sql("INSERT INTO larder.unreleased (payload) VALUES (E'somebody\\nsomething:1'),"
        " (E'somebody\\nnum_orders:1')");
    sql("NOTIFY larder");
    EXPECT_TRUE(eventually([this] { return kept() == 1; }));
    EXPECT_EQ(sql("SELECT payload FROM larder.unreleased"), "somebody\nsomething:1");
    sql("DELETE FROM larder.unreleased");
}

// Anybody may notify. Where there is a table, what he says is not what is heard.
TEST_F(unreleased, a_stranger_s_notification_is_only_a_reason_to_look) {
    const auto one = start();
    EXPECT_EQ(count(one->port()), 12000);
    ASSERT_EQ(valkey().get("num_orders:all"), "12000");
    sql("SELECT pg_notify('larder', E'nobody\\nnum_orders:all')");
    // What is heard after it: then the first one was, too, if ever.
    valkey().set("num_orders:1", "5");
    sql("INSERT INTO larder.unreleased (payload) VALUES (E'somebody\\nnum_orders:1')");
    sql("NOTIFY larder");
    EXPECT_TRUE(eventually([this] { return nothing_is_kept(); }));
    EXPECT_EQ(valkey().get("num_orders:1"), std::nullopt);
    EXPECT_EQ(valkey().get("num_orders:all"), "12000");
}

TEST_F(unreleased, more_than_are_read_at_a_time_are_all_released_and_said) {
    {
        const auto one = start();
    }
    sql("INSERT INTO larder.unreleased (payload)"
        " SELECT E'somebody\\nnum_orders:' || n FROM generate_series(1, 10500) AS n");
    valkey().set("num_orders:10500", "5");
    const auto one = start();
    EXPECT_TRUE(one->wait_for_log("larder.unreleased has 10000 rows or more"));
    EXPECT_TRUE(eventually([this] { return nothing_is_kept(); }));
    EXPECT_EQ(valkey().get("num_orders:10500"), std::nullopt);
}

TEST_F(unreleased, a_table_that_is_dropped_is_made_again) {
    const auto one = start();
    sql("DROP SCHEMA larder CASCADE");
    freeze();
    add_tutorial_order(one->port());
    EXPECT_EQ(count(one->port()), 12001);
    sql("NOTIFY larder");
    EXPECT_TRUE(
        eventually([this] { return !sql("SELECT to_regclass('larder.unreleased')").empty(); }));
    EXPECT_TRUE(eventually([this] { return kept() == 1; }))
        << "what was not kept is kept after all";
    thaw();
    EXPECT_TRUE(eventually([this] { return nothing_is_kept(); }));
}

TEST_F(unreleased, several_services_make_the_table_at_a_time) {
    sql("DROP SCHEMA IF EXISTS larder CASCADE");
    std::vector<std::unique_ptr<child>> all;
    all.reserve(6);
    const auto env = servers.env();
    const std::vector<std::string> command{program("orders"), "serve", "--port", "0",
                                           "--workers",       "1"};
    for (int i = 0; i < 6; ++i) all.push_back(std::make_unique<child>(command, env));
    for (auto& one : all) {
        EXPECT_TRUE(one->wait_for_err("listening on")) << one->err();
        EXPECT_EQ(one->err().find("does not let"), std::string::npos) << one->err();
        EXPECT_EQ(one->err().find("Cannot"), std::string::npos) << one->err();
        one->signal(SIGTERM);
        EXPECT_EQ(one->wait(), 0);
    }
    EXPECT_EQ(kept(), 0);
}

/// A role of the shop's that may do what the service needs, and no more.
struct unreleased_role : unreleased {
    void SetUp() override {
        unreleased::SetUp();
        sql("DROP SCHEMA IF EXISTS larder CASCADE");
        sql("CREATE ROLE clerk LOGIN PASSWORD 'clerk'");
        sql("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO clerk");
        sql("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO clerk");
    }
    void TearDown() override {
        unreleased::TearDown();
        sql("DROP OWNED BY clerk; DROP ROLE clerk");
    }
    environment as_clerk() {
        return {{"PG_SERVICE_URI", "postgres://clerk:clerk@127.0.0.1:" + sql("SHOW port")}};
    }
};

TEST_F(unreleased_role, without_rights_serves_as_before_and_says_what_helps) {
    gate way{valkey_port()};
    auto env = through(way);
    env["PG_SERVICE_URI"] = as_clerk()["PG_SERVICE_URI"];
    const auto cut_off = start(env), other = start(as_clerk());
    for (const auto* one : {cut_off.get(), other.get()}) {
        EXPECT_TRUE(one->wait_for_log("GRANT CREATE ON DATABASE dellstore TO clerk"));
        EXPECT_EQ(one->log().find("GRANT CREATE"), one->log().rfind("GRANT CREATE")) << "once";
    }
    EXPECT_EQ(count(other->port()), 12000);
    cut(way);
    add_tutorial_order(cut_off->port());
    EXPECT_EQ(count(cut_off->port()), 12001);
    EXPECT_TRUE(eventually([&] { return count(other->port()) == 12001; }, 1s * slack));
    EXPECT_EQ(sql("SELECT to_regclass('larder.unreleased')"), "");
}

TEST_F(unreleased_role, that_may_only_read_the_table_does_as_without_it) {
    {
        const auto owner = start();
    }
    sql("GRANT USAGE ON SCHEMA larder TO clerk; GRANT SELECT ON larder.unreleased TO clerk");
    const auto one = start(as_clerk());
    EXPECT_TRUE(one->wait_for_log("ON ALL TABLES IN SCHEMA larder TO clerk"));
    freeze();
    add_tutorial_order(one->port());
    thaw();
    EXPECT_EQ(count(one->port()), 12001);
    EXPECT_EQ(kept(), 0);
}

TEST_F(unreleased_role, that_was_helped_keeps_what_it_writes) {
    {
        const auto owner = start();
    }
    sql("GRANT USAGE ON SCHEMA larder TO clerk;"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA larder TO clerk");
    const auto one = start(as_clerk());
    freeze();
    add_tutorial_order(one->port());
    EXPECT_EQ(kept(), 1);
    thaw();
    EXPECT_TRUE(eventually([this] { return nothing_is_kept(); }));
    EXPECT_EQ(one->log().find("GRANT"), std::string::npos);
}

TEST_F(unreleased_role, that_may_create_makes_the_table) {
    sql("GRANT CREATE ON DATABASE dellstore TO clerk");
    const auto one = start(as_clerk());
    EXPECT_EQ(sql("SELECT tableowner FROM pg_tables WHERE tablename = 'unreleased'"), "clerk");
}

// A pooler lets nobody LISTEN, so the table is read again and again.
TEST_F(unreleased, writes_behind_a_pooler_are_seen_by_the_others_within_a_second) {
    pgbouncer between{servers.postgres, pgbouncer::mode::transaction, 2};
    gate way{valkey_port()};
    auto env = through(way);
    env["PG_SERVICE_URI"] = between.uri();
    const auto cut_off = start(env), other = start({{"PG_SERVICE_URI", between.uri()}});
    EXPECT_EQ(count(cut_off->port()), 12000);
    cut(way);
    for (int i = 1; i <= 5; ++i) {
        EXPECT_EQ(count(other->port()), 12000 + i - 1);
        add_tutorial_order(cut_off->port());
        EXPECT_EQ(count(cut_off->port()), 12000 + i);
        EXPECT_TRUE(eventually([&] { return count(other->port()) == 12000 + i; }, 1s * slack));
    }
    EXPECT_TRUE(eventually([this] { return nothing_is_kept(); }));
}

}  // namespace
}  // namespace larder::test
