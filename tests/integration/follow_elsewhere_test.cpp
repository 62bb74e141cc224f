// PG_FOLLOW_URI: the log has to be that of what is served, and who cannot read it says why.

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "follow_store.hpp"
#include "support/gate.hpp"
#include "support/pgbouncer.hpp"

namespace larder::test {
namespace {

constexpr const char* leads_elsewhere = "PG_FOLLOW_URI leads to another server or database";

struct follow_elsewhere : follow_store {
    environment by(const std::string& uri) {
        auto all = env();
        all["PG_FOLLOW_URI"] = uri;
        all["CACHE_UNFOLLOWED_SECONDS"] = "1";
        return all;
    }
    std::string of_role(const std::string& name, const std::string& password) const {
        return "postgres://" + name + ":" + password +
               "@127.0.0.1:" + std::to_string(port_of(servers.postgres.uri())) + "/postgres";
    }
};

struct follow_another_server : follow_elsewhere {
    void SetUp() override {
        follow_elsewhere::SetUp();
        EXPECT_EQ(run_orders({"follow", "setup"}, by(other.uri())).status, 0);
    }
    postgres_server other;
    sample there{other, "followed", 1000};
};

TEST_F(follow_another_server, is_not_believed) {
    const service one{by(other.uri()), {"--workers", "2"}};
    EXPECT_TRUE(one.wait_for_log(leads_elsewhere)) << one.log();
    EXPECT_EQ(count(one.port()), 1000);
    exec(insert);
    expect_soon(one, 1001);
    EXPECT_EQ(times("writes by others are seen", one.log()), 0U) << one.log();
    EXPECT_EQ(times(leads_elsewhere, one.log()), 1U) << one.log();
}

TEST_F(follow_another_server, is_noticed_when_the_service_is_led_away) {
    gate way{port_of(servers.postgres.uri())};
    auto all = by(servers.postgres.uri());
    all["PG_SERVICE_URI"] = at_port(servers.postgres.uri(), way.port());
    const follower one{all};
    warm(one);
    exec(insert);
    expect_soon(one, 1001);
    // Both servers have one passfile, as one is a copy of the other.
    way.lead_to(port_of(other.uri()));
    way.reset();
    EXPECT_TRUE(one.wait_for_log(leads_elsewhere)) << one.log();
    expect_soon(one, 1000);
}

// Managed servers begin so.
TEST_F(follow_elsewhere, a_server_that_writes_too_little_to_its_log_is_named) {
    const postgres_server other{"replica"};
    const sample there{other, "followed", 10};
    auto all = env();
    all["PG_SERVICE_URI"] = other.uri();
    EXPECT_EQ(run_orders({"follow", "setup"}, all).status, 0);
    const service one{all, {"--workers", "2"}};
    EXPECT_TRUE(one.wait_for_log("wal_level = logical")) << one.log();
    EXPECT_EQ(count(one.port()), 10);
    EXPECT_EQ(times("cannot be followed", one.log()), 1U) << one.log();
    EXPECT_EQ(times("CACHE_FOLLOW=trigger", one.log()), 1U) << one.log();
}

TEST_F(follow_elsewhere, who_may_not_read_the_log_says_so_once) {
    exec("DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN PASSWORD 'sekrit'");
    const service one{by(of_role("clerk", "sekrit")), {"--workers", "2"}};
    EXPECT_TRUE(one.wait_for_log("a role with REPLICATION")) << one.log();
    const auto log = one.log();
    EXPECT_EQ(times("cannot be followed", log), 1U) << log;
    EXPECT_EQ(times("sekrit", log), 0U) << log;
    const auto status = run_orders({"follow", "status"}, by(of_role("clerk", "sekrit")));
    EXPECT_EQ(times("the log cannot be read: ", status.out), 1U) << status.out << status.err;
    exec("DROP ROLE clerk");
}

TEST_F(follow_elsewhere, a_wrong_password_is_named) {
    const service one{by(of_role("larder", "sekrit")), {"--workers", "2"}};
    EXPECT_TRUE(one.wait_for_log("password authentication failed")) << one.log();
    EXPECT_EQ(times("sekrit", one.log()), 0U) << one.log();
}

TEST_F(follow_elsewhere, who_cannot_reach_it_says_so) {
    const service one{by("postgres://larder:sekrit@127.0.0.1:1/postgres"), {"--workers", "2"}};
    EXPECT_TRUE(one.wait_for_log("cannot be followed: ")) << one.log();
    EXPECT_TRUE(std::regex_search(one.log(), std::regex{"cannot be followed: .*127.0.0.1"}));
    EXPECT_EQ(times("sekrit", one.log()), 0U) << one.log();
    EXPECT_EQ(count(one.port()), 1000);
}

// A pooler lets nobody read the log.
TEST_F(follow_elsewhere, past_a_pooler_the_log_is_read_and_without_that_the_log_names_what_helps) {
    const pgbouncer between{servers.postgres, pgbouncer::mode::transaction, 10};
    auto all = by(servers.postgres.uri());
    all["PG_SERVICE_URI"] = between.uri();
    {
        const follower one{all};
        expect_seen(one, insert, 1001, 1);
    }
    all.erase("PG_FOLLOW_URI");
    const service one{all, {"--workers", "2"}};
    EXPECT_TRUE(one.wait_for_log("CACHE_FOLLOW=trigger")) << one.log();
    warm(one);
    exec(insert);
    expect_soon(one, 1002);
    EXPECT_EQ(times("cannot be followed", one.log()), 1U) << one.log();
}

// And not left to wait: what it asked for long ago would be done when the service ends.
TEST_F(follow_elsewhere, who_comes_where_it_is_required_hears_that_nobody_follows) {
    auto all = by("postgres://larder:sekrit@127.0.0.1:1/postgres");
    all["CACHE_FOLLOW"] = "on";
    const auto port = free_port();
    child one{{program("orders"), "serve", "--port", std::to_string(port), "--workers", "2"}, all};
    const auto status = [&](const std::string& target) {
        try {
            return get(port, target).status;
        } catch (const std::runtime_error&) {
            return 0;
        }
    };
    ASSERT_TRUE(eventually([&] { return status("/count") == 503; })) << one.err();
    const auto refused = add(port, tutorial_order);
    EXPECT_EQ(refused.body, R"({"detail":"Nobody follows the writes of others yet"})");
    EXPECT_EQ(refused.header("retry-after"), "1");
    EXPECT_EQ(status("/openapi.json"), 200);
    EXPECT_EQ(one.err().find("listening on"), std::string::npos);
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0);
    EXPECT_EQ(shop->ask("SELECT count(*) FROM orders"), "1000");
}

}  // namespace
}  // namespace larder::test
