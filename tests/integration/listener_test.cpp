// What pg::listener reads from larder's table and says of the database.

#include "pg/listener.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "pg/logins.hpp"
#include "support/pg_client.hpp"
#include "support/pgbouncer.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

struct listener : store_test {
    void SetUp() override {
        store_test::SetUp();
        sql("DROP SCHEMA IF EXISTS larder CASCADE");
    }
    void TearDown() override { sql("DROP SCHEMA IF EXISTS larder CASCADE"); }

    /// Returns when it has started.
    void start(const std::string& uri) {
        pg::pool_options options{.server = *pg::conninfo::parse(uri)};
        options.server.set("dbname", servers.store.database());
        one = std::make_unique<pg::listener>(
            io.get_executor(), options, std::make_shared<pg::logins>(),
            pg::listener::events{
                .heard = [this](std::string_view text) { heard.emplace_back(text); },
                .say = [this] { return std::exchange(to_say, {}); },
                .is_settled = [this] { return is_settled; },
                .identified = [this](const std::string& text) { heard.push_back("at " + text); },
                .concerns = [](std::string_view text) { return !text.starts_with("other"); },
                .say_every = 20ms});
        bool started = false;
        boost::asio::co_spawn(io, one->start(), [&](const std::exception_ptr&) { started = true; });
        EXPECT_TRUE(soon([&] { return started; }));
    }
    template <class Predicate>
    bool soon(Predicate&& holds, std::chrono::milliseconds within = patience) {
        const auto until = std::chrono::steady_clock::now() + within;
        while (!holds() && std::chrono::steady_clock::now() < until) io.run_one_for(2ms);
        return holds();
    }
    void stop() {
        if (one) one->stop();
        io.run_for(1s * slack);  // ends as soon as the listener does
        one.reset();
        io.restart();
    }
    std::string kept() {
        return sql(
            "SELECT coalesce(string_agg(payload, ',' ORDER BY id), '') FROM larder.unreleased");
    }
    void insert(const std::string& payload) {
        sql("INSERT INTO larder.unreleased (payload) VALUES ('" + payload + "')");
    }
    std::string identity() {
        return sql(
            "SELECT (SELECT system_identifier FROM pg_control_system()) || ':' || oid"
            " FROM pg_database WHERE datname = current_database()");
    }

    boost::asio::io_context io{1};
    std::unique_ptr<pg::listener> one;
    texts heard, to_say;
    bool is_settled = false;
};

TEST_F(listener, hears_what_is_there_then_who_the_database_is_and_has_started) {
    start(servers.postgres.uri());
    EXPECT_EQ(heard, texts{"at " + identity()});
    stop();
    heard.clear();
    insert("a");
    insert("other");
    insert("b");
    start(servers.postgres.uri());
    EXPECT_EQ(heard, (texts{"a", "b", "at " + identity()}));
    stop();
    EXPECT_EQ(kept(), "a,other,b");
}

TEST_F(listener, deletes_what_it_has_heard_once_that_is_settled) {
    start(servers.postgres.uri());
    heard.clear();
    insert("a");
    insert("other");
    sql("NOTIFY larder");
    EXPECT_TRUE(soon([this] { return heard == texts{"a"}; }));
    EXPECT_FALSE(soon([this] { return kept() != "a,other"; }, 300ms));
    EXPECT_EQ(heard, texts{"a"}) << "it is heard once";
    is_settled = true;
    EXPECT_TRUE(soon([this] { return kept() == "other"; }));
    // Being settled now says nothing of what is only read now.
    for (int i = 0; i < 50; ++i) insert("b" + std::to_string(i));
    sql("NOTIFY larder");
    EXPECT_TRUE(soon([this] { return kept() == "other"; }));
    EXPECT_EQ(heard.size(), 51U);
    stop();
}

TEST_F(listener, behind_a_pooler_needs_no_notification) {
    const pgbouncer between{servers.postgres, pgbouncer::mode::transaction, 2};
    start(between.uri());
    EXPECT_EQ(heard, texts{"at " + identity()});
    insert("a");
    EXPECT_TRUE(soon([this] { return heard.back() == "a"; }));
    EXPECT_EQ(sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"), "0");
    stop();
}

// Who locks the table may be a VACUUM FULL, or a change of the table that waits for somebody.
TEST_F(listener, hears_what_is_notified_while_the_table_is_locked) {
    start(servers.postgres.uri());
    heard.clear();
    pg_client writer{servers.postgres.uri(), servers.store.database()};
    pg_client locker{servers.postgres.uri(), servers.store.database()};
    writer.exec(
        "BEGIN; INSERT INTO larder.unreleased (payload) VALUES ('a');"
        " SELECT pg_notify('larder', 'a')");
    std::jthread locks{[&] { locker.exec("BEGIN; LOCK TABLE larder.unreleased"); }};
    EXPECT_TRUE(
        soon([this] { return sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1"; }));
    writer.exec("COMMIT");
    locks.join();
    EXPECT_TRUE(soon([this] { return heard == texts{"a"}; }));
    is_settled = true;
    locker.exec("COMMIT");
    EXPECT_TRUE(soon([this] { return kept().empty(); }));
    stop();
}

// What a write could not note, as there was no table yet, say.
TEST_F(listener, notes_what_is_to_be_said_when_it_has_connected) {
    to_say = {"mine"};
    start(servers.postgres.uri());
    EXPECT_TRUE(soon([this] { return kept() == "mine"; }));
    stop();
}

TEST_F(listener, says_what_it_may_of_a_database_that_does_not_say_who_it_is) {
    sql("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    sql("CREATE ROLE clerk LOGIN PASSWORD 'clerk'");
    sql("CREATE SCHEMA larder AUTHORIZATION clerk");
    const auto oid = sql("SELECT oid FROM pg_database WHERE datname = current_database()");
    start("postgres://clerk:clerk@127.0.0.1:" + sql("SHOW port"));
    EXPECT_EQ(heard, texts{"at -:" + oid + ":dellstore"});
    EXPECT_EQ(kept(), "") << "with the schema its own, it may make the table";
    stop();
    sql("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC");
    sql("DROP OWNED BY clerk; DROP ROLE clerk");
}

TEST_F(listener, has_started_for_now_where_nobody_answers) {
    start("postgres://larder@127.0.0.1:" + std::to_string(free_port()));
    EXPECT_EQ(heard, texts{});
    stop();
}

}  // namespace
}  // namespace larder::test
