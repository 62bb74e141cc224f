// What a user of Valkey has to be allowed, as docs/reference.md says it; and what is said of what
// is refused.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "follow_store.hpp"
#include "support/observed_service.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

/// The reference's line, in words.
strings rights_in_reference() {
    std::ifstream reference{LARDER_SOURCE_DIR "/docs/reference.md"};
    for (std::string line; std::getline(reference, line);) {
        if (!line.starts_with("    ACL SETUSER ")) continue;
        std::istringstream words{line};
        return {std::istream_iterator<std::string>{words}, {}};
    }
    throw std::runtime_error{"docs/reference.md has no such line"};
}

struct valkey_rights : store_test {
    void TearDown() override {
        servers.valkey.start();
        valkey().command({"ACL", "DELUSER", "larder"});
        std::filesystem::remove(servers.valkey.folder() + "/dump.rdb");
    }
    /// The reference's line, and more words behind it.
    void allow(const strings& more = {}) {
        auto words = rights_in_reference();
        words.insert(words.end(), more.begin(), more.end());
        const std::vector<std::string_view> views{words.begin(), words.end()};
        valkey().command(std::span{views});
    }
    environment env() {
        auto all = servers.env();
        all["VALKEY_SERVICE_URI"].insert(std::string_view{"valkey://"}.size(), "larder:secret@");
        return all;
    }
    static std::string status(const service& one, std::string_view target = "/count") {
        return get(one.port(), std::string{target}).header("cache-status");
    }
    static void expect_hits(const service& one) {
        for (const auto* tier : {"detail=shared", "detail=local"})
            EXPECT_TRUE(eventually([&] { return status(one).ends_with(tier); })) << one.log();
    }
    /// A machine that is busy misses a deadline now and then, and keeps nothing then.
    void expect_kept(const service& one, long orders) {
        EXPECT_TRUE(eventually([&] {
            EXPECT_EQ(count(one.port()), orders);
            return valkey().get("num_orders:all") == std::to_string(orders);
        })) << one.log();
    }
    /// A miss, hits in both tiers, a write, and what it makes untrue.
    void expect_cached(const service& one) {
        const auto before = rows();
        expect_kept(one, before);
        expect_hits(one);
        count(one.port(), "/count?customerid=9999");
        add_tutorial_order(one.port());
        EXPECT_EQ(valkey().get("num_orders:all"), std::nullopt);
        expect_kept(one, before + 1);
    }
};

TEST_F(valkey_rights, that_are_taken_away_for_a_moment_make_no_other_server) {
    allow();
    const service one{env(), {"--workers", "1"}};
    expect_hits(one);
    allow({"-info"});
    EXPECT_TRUE(one.wait_for_log("'info'")) << one.log();
    const auto hits = [&] { return status(one).find("; hit") != std::string::npos; };
    EXPECT_TRUE(eventually([&] { return !hits(); }))
        << "whether it is the one that hears of changes first is not known";
    allow({"+info"});
    EXPECT_TRUE(eventually(hits)) << one.log();  // in whichever tier: both have kept it
    EXPECT_EQ(one.log().find("No connection"), std::string::npos) << one.log();
    EXPECT_EQ(one.log().find("Purged"), std::string::npos) << one.log();
}

TEST_F(valkey_rights, of_a_user_without_a_password_are_that_users) {
    allow({"nopass"});
    auto all = servers.env();
    all["VALKEY_SERVICE_URI"].insert(std::string_view{"valkey://"}.size(), "larder@");
    const service one{all, {"--workers", "1"}};
    expect_hits(one);
    EXPECT_NE(valkey().command({"CLIENT", "LIST"})->find(" user=larder "), std::string::npos);
}

TEST_F(valkey_rights, in_the_reference_are_enough) {
    allow();
    valkey().command({"CONFIG", "RESETSTAT"});
    {
        const service one{env(), {"--workers", "2"}};
        expect_cached(one);
        valkey().command({"SCRIPT", "FLUSH"});
        expect_cached(one);
        // Entries that it kept from an earlier run are purged.
        valkey().command({"SAVE"});
        servers.valkey.kill();
        servers.valkey.start();
        allow();
        EXPECT_TRUE(eventually([&] { return times("Connected to Valkey", one.log()) >= 4; }))
            << "a worker without a connection deletes when it has one again: " << one.log();
        expect_cached(one);
        EXPECT_EQ(times("refuses what", one.log()), 0) << one.log();
    }
    const service again{env(), {"--workers", "2"}};
    expect_cached(again);
    const auto purged = run_orders({"cache", "purge"}, env());
    EXPECT_EQ(purged.status, 0) << purged.err;
    EXPECT_EQ(valkey().get("num_orders:all"), std::nullopt);
    const auto status = run_orders({"follow", "status"}, env());
    EXPECT_NE(status.out.find(", as cache purge\n"), std::string::npos) << status.out << status.err;
    expect_cached(again);
    for (const strings& command : std::vector<strings>{{"cache", "get", "num_orders:all"},
                                                       {"cache", "stats"},
                                                       {"cache", "trust"},
                                                       {"cache", "invalidate", "num_orders:all"},
                                                       {"cache", "purge", "num_orders"}}) {
        const auto done = run_orders(command, env());
        EXPECT_EQ(done.status, 0) << command.back() << ": " << done.out << done.err;
    }
    EXPECT_TRUE(eventually([&] { return run_orders({"status"}, env()).status == 0; }));
    EXPECT_EQ(times("refuses what", again.log()), 0) << again.log();
}

// Whoever is allowed less by its organisation should not have to ask for what is of no use.
TEST_F(valkey_rights, in_the_reference_are_all_used) {
    allow();
    valkey().command({"CONFIG", "RESETSTAT"});
    {
        const service one{env(), {"--workers", "2"}};
        expect_cached(one);
        valkey().command({"SCRIPT", "FLUSH"});
        expect_cached(one);
        // A reader meets a write.
        const std::string held = "{num_orders:9998}:hold";
        valkey().command({"ZADD", held, "9999999999999", "a writer"});
        EXPECT_EQ(get(one.port(), "/count?customerid=9998").header("cache-status"),
                  "larder; fwd=bypass; detail=write-in-progress");
        valkey().del(held);
        EXPECT_EQ(run_orders({"cache", "purge"}, env()).status, 0);
    }
    const auto used = valkey().command({"INFO", "commandstats"}).value();
    for (const auto& word : rights_in_reference()) {
        const bool is_used = !word.starts_with('+') || used.find("cmdstat_" + word.substr(1) +
                                                                 ":calls=") != std::string::npos;
        EXPECT_TRUE(is_used) << word;
    }
}

struct refused_right {
    const char* command;
    bool is_cached;
};

struct valkey_right : valkey_rights, testing::WithParamInterface<refused_right> {};

TEST_P(valkey_right, that_is_missing_is_named_once_with_what_helps) {
    const auto& [command, is_cached] = GetParam();
    allow({"-" + std::string{command}});
    const service one{env(), {"--workers", "1"}};
    const auto helps = "ACL SETUSER larder +" + std::string{command};
    for (int i = 0; i < 3; ++i) {
        add_tutorial_order(one.port());
        EXPECT_EQ(count(one.port()), rows());
        EXPECT_EQ(count(one.port()), rows());
    }
    EXPECT_TRUE(one.wait_for_log(helps)) << one.log();
    EXPECT_EQ(times(helps, one.log()), 1) << one.log();
    EXPECT_EQ(one.log().find("script: "), std::string::npos) << "whose digest says nothing";
    EXPECT_EQ(one.log().find("secret"), std::string::npos);
    if (is_cached) {
        EXPECT_TRUE(eventually([&] { return status(one).ends_with("detail=shared"); }));
    }
}

INSTANTIATE_TEST_SUITE_P(rows, valkey_right,
                         testing::Values(refused_right{"ping", false}, refused_right{"info", false},
                                         refused_right{"script|load", false},
                                         refused_right{"client|tracking", true},
                                         refused_right{"client|caching", true},
                                         refused_right{"getrange", false},
                                         refused_right{"zadd", false}),
                         [](const auto& row) {
                             std::string name = row.param.command;
                             std::replace(name.begin(), name.end(), '|', '_');
                             return name;
                         });

// As the file that deploy/ has of them, too.
TEST_F(follow_store, the_rights_of_valkeys_user_are_enough_for_who_follows_and_looks_after_itself) {
    const auto port = std::to_string(free_port());
    const special_valkey valkey{
        {"--port", port, "--save", "", "--aclfile", LARDER_SOURCE_DIR "/deploy/valkey.acl"}};
    auto all = env();
    all["VALKEY_SERVICE_URI"] = "valkey://larder:secret@127.0.0.1:" + port;
    const observed_service one{all, {"--workers", "2", "--self-check", "1"}};
    ASSERT_TRUE(one.wait_for_log("writes by others are seen")) << one.log();
    expect_seen(one, larder::test::insert, 1001, 1);
    EXPECT_TRUE(eventually([&] {
        count(one.port());
        return one.metric("larder_self_checks_total") >= 1;
    })) << one.log();
    EXPECT_EQ(one.metric(R"(larder_inconsistent_reads_total{age="bound"})"), 0);
    EXPECT_TRUE(one.becomes(200, R"("degraded":[])")) << one.ready().body;
    for (const auto* refused : {"refuses what", "does not allow"})
        EXPECT_EQ(times(refused, one.log()), 0) << one.log();
}

TEST_F(valkey_rights, a_category_that_hides_a_command_is_told_by_that_command) {
    allow({"+@all", "-@dangerous"});
    const service one{env(), {"--workers", "1"}};
    EXPECT_EQ(count(one.port()), 12000);
    EXPECT_TRUE(one.wait_for_log("ACL SETUSER larder +info")) << one.log();
    allow({"+@all", "-@dangerous", "+info"});
    expect_cached(one);
}

TEST_F(valkey_rights, keys_that_are_refused_are_told) {
    allow({"resetkeys", "~other:*"});
    const service one{env(), {"--workers", "1"}};
    EXPECT_EQ(count(one.port()), 12000);
    add_tutorial_order(one.port());
    EXPECT_EQ(count(one.port()), 12001);
    EXPECT_TRUE(one.wait_for_log("needs the cache's keys")) << one.log();
    EXPECT_EQ(times("needs the cache's keys", one.log()), 1) << one.log();
}

}  // namespace
}  // namespace larder::test
