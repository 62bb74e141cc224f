// Two databases on one Valkey: the entries of one are never answered for the other.

#include <gtest/gtest.h>

#include <sstream>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

struct two_databases : store_test {
    static constexpr const char* of_customer = "/count?customerid=9999";

    void SetUp() override {
        store_test::SetUp();
        valkey().flush();  // nobody's
        staging.emplace(servers.postgres, "staging", 10'000);
    }
    void TearDown() override {
        pg_client{servers.postgres.uri()}.exec("DROP DATABASE staging WITH (FORCE)");
    }
    environment staging_env(const std::string& prefix = {}) {
        auto all = servers.env();
        all["PG_DATABASE"] = "staging";
        if (!prefix.empty()) all["CACHE_PREFIX"] = prefix;
        return all;
    }
    static std::vector<std::string> error_lines(const service& one) {
        std::istringstream lines{one.log()};
        std::vector<std::string> found;
        for (std::string line; std::getline(lines, line);)
            if (line.find("error ") != std::string::npos) found.push_back(line);
        return found;
    }
    static bool is_hit(const service& one) {
        return get(one.port(), "/count").header("cache-status").find("; hit") != std::string::npos;
    }
    /// It answers so many orders until, soon, that is what Valkey has under the key.
    void expect_kept(const service& one, const std::string& key, long orders) {
        bool right = true;
        EXPECT_TRUE(eventually([&] {
            right = count(one.port()) == orders;
            return !right || valkey().get(key) == std::to_string(orders);
        })) << key
            << " is not kept";
        EXPECT_TRUE(right) << get(one.port(), "/count").body;
    }
    /// The first one's entries are as they were, and it answers from them.
    void expect_undisturbed(const service& first, long orders) {
        EXPECT_EQ(count(first.port()), orders);
        EXPECT_EQ(valkey().get("num_orders:all"), std::to_string(orders));
        EXPECT_TRUE(is_hit(first));
        EXPECT_EQ(error_lines(first), std::vector<std::string>{});
    }

    std::optional<sample> staging;
};

// It has none, so there is no other one.
TEST_F(two_databases, are_not_what_a_service_without_a_database_complains_of) {
    const service first{servers.env()};
    EXPECT_TRUE(eventually([&] { return is_hit(first); }));
    const service other{{{"VALKEY_SERVICE_URI", servers.valkey.uri()}}};
    EXPECT_EQ(get(other.port(), "/count").status, 500);
    EXPECT_EQ(other.log().find("another PostgreSQL database"), std::string::npos) << other.log();
    EXPECT_TRUE(is_hit(first));
}

TEST_F(two_databases, the_second_one_answers_from_its_own_and_says_why) {
    const service first{servers.env()};
    EXPECT_EQ(count(first.port()), 12'000);
    EXPECT_EQ(count(first.port(), of_customer), 0);
    const service second{staging_env()};
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(count(second.port()), 10'000);
        expect_undisturbed(first, 12'000);
        if (HasFailure()) return;
    }
    add_tutorial_order(second.port());
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(count(second.port()), 10'001);
        EXPECT_EQ(count(second.port(), of_customer), 1);
        EXPECT_EQ(count(first.port(), of_customer), 0);
        expect_undisturbed(first, 12'000);
        if (HasFailure()) return;
    }
    add_tutorial_order(first.port());
    EXPECT_EQ(count(second.port()), 10'001);
    EXPECT_EQ(count(first.port()), 12'001);
    expect_undisturbed(first, 12'001);

    const auto lines = error_lines(second);
    ASSERT_EQ(lines.size(), 1) << second.log();
    EXPECT_NE(lines[0].find("CACHE_PREFIX"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("database"), std::string::npos) << lines[0];
}

TEST_F(two_databases, with_a_prefix_both_are_cached) {
    const service first{servers.env()};
    EXPECT_EQ(count(first.port()), 12'000);
    const service second{staging_env("staging")};
    EXPECT_EQ(count(second.port()), 10'000);
    expect_kept(second, "staging:num_orders:all", 10'000);
    EXPECT_TRUE(eventually([&] { return is_hit(second); }));
    expect_undisturbed(first, 12'000);
    for (int added = 1; added <= 5; ++added) {
        add_tutorial_order(second.port());
        EXPECT_EQ(count(second.port()), 10'000 + added);
        EXPECT_EQ(count(second.port(), of_customer), added);
        expect_undisturbed(first, 12'000);
        if (HasFailure()) return;
    }
    add_tutorial_order(first.port());
    EXPECT_EQ(count(first.port()), 12'001);
    EXPECT_EQ(count(second.port()), 10'005);
    EXPECT_EQ(valkey().get("staging:num_orders:all"), "10005");
    EXPECT_EQ(error_lines(second), std::vector<std::string>{});
}

// Restored from a dump it is another database, and the entries may be of what was not in the dump.
TEST_F(two_databases, a_database_that_was_restored_takes_over_when_it_is_told_to) {
    {
        const service before{staging_env()};
        EXPECT_EQ(count(before.port()), 10'000);
        EXPECT_EQ(count(before.port(), of_customer), 0);
        EXPECT_EQ(valkey().get("num_orders:all"), "10000");
    }
    valkey().set("somebody:1", "mine");
    staging.emplace(servers.postgres, "staging", 9'500);
    const service after{staging_env()};
    for (int i = 0; i < 20; ++i) ASSERT_EQ(count(after.port()), 9'500);
    EXPECT_NE(after.log().find("CACHE_PREFIX"), std::string::npos) << after.log();

    const auto purged = run_orders({"cache", "purge"}, staging_env());
    EXPECT_EQ(purged.status, 0) << purged.err;
    EXPECT_NE(purged.out.find('2'), std::string::npos) << "two entries, but: " << purged.out;
    EXPECT_EQ(valkey().get("somebody:1"), "mine");
    expect_kept(after, "num_orders:all", 9'500);
    add_tutorial_order(after.port());
    EXPECT_EQ(count(after.port()), 9'501);
    EXPECT_EQ(count(after.port(), of_customer), 1);
}

// While the service runs: the entries it has are the other one's.
TEST_F(two_databases, one_that_takes_the_place_of_another_is_noticed) {
    const service one{staging_env()};
    expect_kept(one, "num_orders:all", 10'000);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(count(one.port()), 10'000);  // each worker has its own
    sql("ALTER DATABASE staging ALLOW_CONNECTIONS false");
    sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'staging'");
    sql("ALTER DATABASE staging RENAME TO yesterday");
    staging.emplace(servers.postgres, "staging", 500);
    EXPECT_TRUE(eventually([&] {
        const auto answer = get(one.port(), "/count");
        return answer.status == 200 && answer.body == "{\"count\":500}";
    }));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(count(one.port()), 500);
    const auto said = error_lines(one);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_NE(said[0].find("orders cache purge"), std::string::npos) << said[0];
    pg_client{servers.postgres.uri()}.exec("DROP DATABASE yesterday WITH (FORCE)");
}

TEST_F(two_databases, purging_needs_both_servers_to_be_named) {
    for (const auto* name : {"PG_SERVICE_URI", "VALKEY_SERVICE_URI"}) {
        auto env = staging_env();
        env.erase(name);
        const auto refused = run_orders({"cache", "purge"}, env);
        EXPECT_EQ(refused.status, 78) << refused.err;
        EXPECT_NE(refused.err.find(name), std::string::npos) << refused.err;
    }
}

}  // namespace
}  // namespace larder::test
