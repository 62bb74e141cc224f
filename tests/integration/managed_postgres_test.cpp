// A PostgreSQL that somebody else runs: it fails over, it is reached at several addresses or
// through a pooler, and sessions are dead, or not what they were, without a sign.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/gate.hpp"
#include "support/json_text.hpp"
#include "support/pgbouncer.hpp"
#include "support/scratch_folder.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

const auto a_login = 800ms * slack;

struct managed_postgres : store_test {
    void TearDown() override {
        servers.postgres.thaw();
        sql("ALTER DATABASE dellstore RESET ALL");
    }
    std::string port() { return sql("SHOW port"); }
    std::uint16_t port_number() { return static_cast<std::uint16_t>(std::stoi(port())); }
    /// The server's URI with others in place of its address.
    std::string uri_at(const std::string& addresses) {
        auto uri = servers.postgres.uri();
        const auto own = "127.0.0.1:" + port();
        return uri.replace(uri.find(own), own.size(), addresses);
    }
    static std::string at(const gate& way) { return "127.0.0.1:" + std::to_string(way.port()); }
    std::unique_ptr<service> start(const std::string& uri, environment env = {}) {
        env.merge(servers.env());
        env["PG_SERVICE_URI"] = uri;
        return std::make_unique<service>(env, std::vector<std::string>{"--workers", "2"});
    }
    std::unique_ptr<service> start() { return start(servers.postgres.uri()); }
    /// Asks each worker for what is not cached, and with an order.
    void warm(const service& one) {
        for (int i = 0; i < 8; ++i) {
            add_tutorial_order(one.port());
            valkey().clear();
            count(one.port());
        }
    }
};

template <class Ask>
std::chrono::milliseconds time_of(Ask&& ask) {
    const auto since = std::chrono::steady_clock::now();
    ask();
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since);
}

long times_in(const std::string& text, const std::string& part) {
    long n = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
    return n;
}

// ---- sessions that are not what they were taken for ----

TEST_F(managed_postgres, whose_sessions_began_read_only_takes_orders_within_a_second) {
    const auto one = start();
    warm(*one);
    const auto before = rows();
    sql("ALTER DATABASE dellstore SET default_transaction_read_only = on");
    sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = 'dellstore' AND pid <> pg_backend_pid()");
    for (int i = 0; i < 8; ++i) {
        const auto refused = add(one->port(), tutorial_order);
        EXPECT_EQ(refused.status, 503) << refused.body;
        EXPECT_TRUE(refused.has("retry-after"));
        EXPECT_EQ(count(one->port()), before);
    }
    auto admin = servers.store.connect();
    admin.exec("SET default_transaction_read_only = off");
    admin.exec("ALTER DATABASE dellstore RESET default_transaction_read_only");
    const auto writable = std::chrono::steady_clock::now();
    for (int i = 0; i < 8;) {
        const auto answer = add(one->port(), tutorial_order);
        if (std::chrono::steady_clock::now() < writable + 1s) {
            ASSERT_TRUE(answer.status == 200 || answer.status == 503) << answer.body;
        } else {
            ASSERT_EQ(answer.status, 200) << answer.body;
        }
        if (answer.status == 200) ++i;
    }
    EXPECT_EQ(rows(), before + 8);
}

TEST_F(managed_postgres, whose_role_got_another_search_path_is_used_with_it) {
    sql("CREATE SCHEMA IF NOT EXISTS elsewhere");
    sql("ALTER DATABASE dellstore SET search_path = elsewhere");
    const auto one = start();
    for (int i = 0; i < 8; ++i) EXPECT_EQ(get(one->port(), "/count").status, 500);
    auto admin = servers.store.connect();
    admin.exec("ALTER DATABASE dellstore RESET search_path");
    EXPECT_TRUE(eventually([&] { return get(one->port(), "/count").status == 200; }, 1s * slack));
    for (int customer = 1; customer < 9; ++customer)
        EXPECT_EQ(get(one->port(), "/count?customerid=" + std::to_string(customer)).status, 200);
}

// A password that is changed now and then stands in a file, which is read at each login.
TEST_F(managed_postgres, whose_password_is_changed_is_used_with_the_one_in_the_file) {
    const scratch_folder folder{"passfile"};
    const auto file = folder.path + "/passfile";
    const auto change = [&](const std::string& password) {
        sql("ALTER ROLE rotated PASSWORD '" + password + "'");
        const auto next = file + ".next";
        std::ofstream{next} << "*:*:*:rotated:" << password << '\n';
        std::filesystem::permissions(next, std::filesystem::perms::owner_read);
        std::filesystem::rename(next, file);
    };
    sql("DROP ROLE IF EXISTS rotated");
    sql("CREATE ROLE rotated LOGIN SUPERUSER");
    change("first");
    auto env = servers.env();
    env["PG_SERVICE_URI"] = "postgres://rotated@127.0.0.1:" + port() + "/postgres?passfile=" + file;
    const service one{env, {"--workers", "2"}};
    warm(one);
    change("second");
    sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'rotated'");
    EXPECT_TRUE(eventually([&] { return add(one.port(), tutorial_order).status == 200; }))
        << one.log();
    warm(one);
    EXPECT_EQ(one.log().find("second"), std::string::npos);
}

// ---- connections that are dead and do not say so ----

TEST_F(managed_postgres, whose_idle_connections_are_dead_without_a_sign_is_late_once) {
    gate way{port_number()};
    const auto one = start(uri_at(at(way)));
    warm(*one);
    let_them_be_idle();
    way.both_ways({.what = flow::kind::hold}, connections::present);
    valkey().clear();
    EXPECT_LT(time_of([&] { EXPECT_EQ(get(one->port(), "/count").status, 200); }), a_login);
    EXPECT_LT(time_of([&] { add_tutorial_order(one->port()); }), a_login);
    for (int i = 0; i < 8; ++i) {
        valkey().clear();
        EXPECT_LT(time_of([&] { EXPECT_EQ(count(one->port()), 12009); }), a_login);
    }
    EXPECT_EQ(rows(), 12009) << "an order was stored twice, or lost";
}

// The pooler answers, and what it is to ask the server nobody hears.
TEST_F(managed_postgres, that_is_silent_behind_its_pooler_costs_a_login_and_no_more) {
    const pgbouncer between{servers.postgres, pgbouncer::mode::transaction, 4};
    const auto one = start(between.uri());
    warm(*one);
    let_them_be_idle();
    servers.postgres.freeze();
    valkey().clear();
    for (const auto* target : {"/count", "/count?customerid=42"}) {
        const auto took = time_of([&] { EXPECT_EQ(get(one->port(), target).status, 503); });
        EXPECT_LT(took, a_login + 200ms * slack) << target;
    }
    servers.postgres.thaw();
    EXPECT_TRUE(eventually([&] { return get(one->port(), "/count").status == 200; }));
}

// The statement was sent, and it may be a slow one.
TEST_F(managed_postgres, that_freezes_under_a_statement_answers_it_soon) {
    const auto one = start();
    warm(*one);
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    http_connection client{one->port()};
    client.send(request_text("GET", "/count?customerid=42", {}, "", one->port()));
    ASSERT_TRUE(eventually([this] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1";
    }));
    servers.postgres.freeze();
    EXPECT_LT(time_of([&] { EXPECT_EQ(client.receive().status, 503); }), 2 * a_login);
    servers.postgres.thaw();
}

// A slow one on a server that lives is waited for.
TEST_F(managed_postgres, that_is_slow_is_waited_for) {
    const auto one = start();
    warm(*one);
    sql("CREATE OR REPLACE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM pg_sleep(2); RETURN NULL; END$$");
    sql("CREATE TRIGGER slowly AFTER INSERT ON orders EXECUTE FUNCTION slowly()");
    EXPECT_EQ(add(one->port(), tutorial_order).status, 200);
    sql("DROP FUNCTION slowly CASCADE");
    EXPECT_EQ(count(one->port()), 12009);
}

// ---- several addresses ----

// A server that takes connections and says nothing: libpq would wait for it without end.
TEST_F(managed_postgres, whose_first_address_is_silent_is_reached_at_the_next) {
    gate silent{port_number()}, other{port_number()};
    silent.admit(admission::silent);
    const auto uri = uri_at(at(silent) + ',' + at(other));
    const auto one =
        start(uri + (uri.find('?') == uri.npos ? '?' : '&') + "target_session_attrs=read-write");
    EXPECT_LT(time_of([&] { EXPECT_EQ(get(one->port(), "/count").status, 200); }), a_login);
    EXPECT_GT(silent.accepted(), 0U);
    warm(*one);
    // Which one serves is known from now on.
    const auto before = silent.accepted();
    for (int i = 0; i < 3; ++i) {
        other.reset();
        valkey().clear();
        EXPECT_EQ(count(one->port()), 12008);
        add_tutorial_order(one->port());
        sql("DELETE FROM orders WHERE orderid > 12008");
    }
    EXPECT_EQ(silent.accepted(), before);
    // And where it is not there any more, it is looked for again.
    silent.heal();
    other.admit(admission::silent);
    other.reset();
    valkey().clear();
    EXPECT_EQ(count(one->port()), 12008);
}

// ---- few connections ----

struct managed_postgres_with_few : managed_postgres {
    void SetUp() override {
        managed_postgres::SetUp();
        auto admin = servers.store.connect();
        admin.exec("DROP ROLE IF EXISTS few");
        admin.exec("CREATE ROLE few LOGIN PASSWORD 'few'");
        admin.exec("GRANT " + admin.scalar("SELECT quote_ident(current_user)") + " TO few");
    }
    void TearDown() override {
        auto admin = servers.store.connect();
        admin.exec("DROP OWNED BY few");  // it may have made larder's tables
        admin.exec("DROP ROLE few");
        managed_postgres::TearDown();
    }
    void limit(int connections) {
        sql("ALTER ROLE few CONNECTION LIMIT " + std::to_string(connections));
    }
    std::string uri() { return "postgres://few:few@127.0.0.1:" + port(); }
    long sessions() {
        return std::stol(sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'few'"));
    }
    /// So many clients at once, each with requests that are not cached.
    void expect_to_serve(const service& one, int clients, int requests) {
        std::vector<std::thread> all;
        for (int c = 0; c < clients; ++c)
            all.emplace_back([&one, c, requests] {
                for (int i = 0; i < requests; ++i) {
                    const auto target = "/count?customerid=" + std::to_string(c * requests + i + 1);
                    const auto answer = get(one.port(), target);
                    EXPECT_EQ(answer.status, 200) << answer.body;
                }
            });
        for (auto& client : all) client.join();
    }
};

TEST_F(managed_postgres_with_few, as_the_process_may_have_serves_all_workers_with_those) {
    const auto one = start(uri(), {{"PG_CONNECTIONS", "4"}});
    long most = 0;
    std::atomic<bool> is_over = false;
    std::thread watch{[&] {
        auto admin = servers.store.connect();
        while (!is_over)
            most = std::max(most, std::stol(admin.scalar("SELECT count(*) FROM pg_stat_activity"
                                                         " WHERE usename = 'few'")));
    }};
    expect_to_serve(*one, 12, 20);
    is_over = true;
    watch.join();
    EXPECT_LE(most, 4);
    EXPECT_GT(most, 1);
}

TEST_F(managed_postgres_with_few, as_one_is_there_for_requests_and_not_to_listen) {
    limit(1);
    const auto one = start(uri());
    ASSERT_TRUE(eventually([&] { return get(one->port(), "/count").status == 200; }));
    expect_to_serve(*one, 2, 10);
    add_tutorial_order(one->port());
    EXPECT_EQ(count(one->port()), 12001);
}

TEST_F(managed_postgres_with_few, as_one_by_its_own_setting_serves_all_workers) {
    const auto one = start(uri(), {{"PG_CONNECTIONS", "1"}});
    expect_to_serve(*one, 4, 10);
    EXPECT_LE(sessions(), 1);
}

TEST_F(managed_postgres_with_few, as_two_instances_need_serves_both) {
    limit(4);
    const auto one = start(uri(), {{"PG_CONNECTIONS", "2"}});
    const auto other = start(uri(), {{"PG_CONNECTIONS", "2"}});
    for (int i = 1; i <= 10; ++i) {
        add_tutorial_order(i % 2 ? one->port() : other->port());
        EXPECT_EQ(count(one->port()), 12000 + i);
        EXPECT_EQ(count(other->port()), 12000 + i);
    }
}

// Without that, an instance keeps all that it ever needed from the next one.
TEST_F(managed_postgres_with_few, gets_back_what_is_idle) {
    limit(5);
    const auto one = start(uri(), {{"PG_IDLE_SECONDS", "1"}});
    expect_to_serve(*one, 12, 10);
    EXPECT_GT(sessions(), 1);
    EXPECT_TRUE(eventually([this] { return sessions() == 1; })) << "but the one that listens";
    const auto other = start(uri());
    expect_to_serve(*other, 4, 10);
}

// ---- what is told, and to whom ----

struct refused_login {
    const char* name;
    const char* authority;  // `PORT` stands for the server's
    const char* sentence;   // to clients
    const char* reason;     // in the log
};

struct managed_postgres_refuses : managed_postgres, testing::WithParamInterface<refused_login> {};

TEST_P(managed_postgres_refuses, every_login_and_only_the_log_is_told_where_and_who) {
    auto uri = "postgres://" + std::string{GetParam().authority};
    if (const auto at = uri.find("PORT"); at != uri.npos) uri.replace(at, 4, port());
    const auto one = start(uri);
    for (int i = 0; i < 4; ++i) {
        for (const auto& answer : {get(one->port(), "/count"), add(one->port(), tutorial_order)}) {
            EXPECT_EQ(answer.status, 503);
            EXPECT_TRUE(answer.has("retry-after"));
            EXPECT_EQ(detail_of(answer.body),
                      "Error connecting to database: " + std::string{GetParam().sentence});
        }
    }
    ASSERT_TRUE(one->wait_for_log(GetParam().reason)) << one->log();
    EXPECT_EQ(times_in(one->log(), GetParam().reason), 1) << one->log();
    EXPECT_EQ(one->log().find("sekrit"), std::string::npos) << one->log();
}

INSTANTIATE_TEST_SUITE_P(
    rows, managed_postgres_refuses,
    testing::Values(refused_login{"password", "nobody:sekrit@127.0.0.1:PORT/x",
                                  "the login was refused (SQLSTATE 28P01)",
                                  "password authentication failed for user \"nobody\""},
                    refused_login{"port", "larder:sekrit@127.0.0.1:1/x", "no connection",
                                  "port 1 failed: Connection refused"},
                    refused_login{"name", "larder:sekrit@no-such-host.invalid/x", "no connection",
                                  "no-such-host.invalid"},
                    refused_login{"socket", "larder:sekrit@%2Fno%2Fsuch%2Ffolder/x",
                                  "no connection", "/no/such/folder"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST_F(managed_postgres, that_comes_and_goes_is_told_once_each_time) {
    const auto one = start();
    warm(*one);
    const std::string begins = "PostgreSQL cannot be used", ends = "PostgreSQL can be used again";
    for (long outage = 1; outage <= 2; ++outage) {
        servers.postgres.stop();
        ASSERT_TRUE(eventually([&] { return times_in(one->log(), begins) >= outage; }));
        for (int i = 0; i < 8; ++i) get(one->port(), "/count?customerid=" + std::to_string(i));
        servers.postgres.start();
        ASSERT_TRUE(eventually([&] { return times_in(one->log(), ends) == outage; })) << one->log();
    }
}

}  // namespace
}  // namespace larder::test
