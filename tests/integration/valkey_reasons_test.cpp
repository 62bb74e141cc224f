// Why Valkey cannot be used, in the words of whoever knows it: told once, and until it can be.

#include <gtest/gtest.h>

#include <sys/socket.h>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct valkey_reasons : store_test {
    environment env(const std::string& uri) {
        auto all = servers.env();
        all["VALKEY_SERVICE_URI"] = uri;
        return all;
    }
    std::string address() { return "127.0.0.1:" + std::to_string(servers.valkey.port()); }
    /// A number that INFO tells.
    static long told(valkey_client& by, std::string_view name) {
        const auto info = by.command({"INFO", "stats"}).value();
        const auto at = info.find(std::string{name} + ':');
        return std::stol(info.substr(at + name.size() + 1));
    }
};

// It may tell others what changed after it has answered who changed it.
TEST_F(valkey_reasons, one_with_several_threads_is_a_shared_tier_alone) {
    const auto port = free_port();
    const special_valkey threaded{{"--port", std::to_string(port), "--io-threads", "2"}};
    const service one{env("valkey://127.0.0.1:" + std::to_string(port)), {"--workers", "1"}};
    EXPECT_TRUE(one.wait_for_log("no local tier (its io-threads is above 1")) << one.log();
    const auto status = [&] { return get(one.port(), "/count").header("cache-status"); };
    EXPECT_TRUE(eventually([&] { return status().ends_with("detail=shared"); })) << one.log();
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(status().ends_with("detail=local"));
}

struct reason {
    const char* name;
    const char* uri;  // in which PORT is Valkey's
    const char* words;
};

struct valkey_reason : valkey_reasons, testing::WithParamInterface<reason> {};

TEST_P(valkey_reason, is_told_once_and_requests_are_answered) {
    std::string uri = GetParam().uri;
    if (const auto at = uri.find("PORT"); at != uri.npos)
        uri.replace(at, 4, std::to_string(servers.valkey.port()));
    const service one{env(uri), {"--workers", "1"}};
    EXPECT_TRUE(one.wait_for_log(GetParam().words)) << one.log();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(count(one.port()), 12000 + i);
        add_tutorial_order(one.port());
    }
    EXPECT_EQ(times("No connection to Valkey", one.log()), 1) << one.log();
    EXPECT_EQ(one.log().find("sekrit"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    rows, valkey_reason,
    testing::Values(
        reason{"refused", "valkey://:sekrit@127.0.0.1:1", "Connection refused"},
        reason{"name", "valkey://a..b:6379", "nobody knows its host's name (Name or service"},
        reason{"socket", "unix://:sekrit@/nonexistent/valkey.sock", "No such file or directory"},
        reason{"authorities", "valkeys://127.0.0.1:1?ssl_ca_certs=/nonexistent/ca.pem",
               "ssl_ca_certs cannot be read from /nonexistent/ca.pem: "},
        reason{
            "password", "valkey://nobody:sekrit@127.0.0.1:PORT",
            "the login was refused: check the user, password and database in the URI (WRONGPASS "},
        reason{"clear", "valkeys://127.0.0.1:PORT",
               "does it speak TLS at this port? Without TLS it is valkey://"},
        reason{"database", "valkey://127.0.0.1:PORT/9999", "DB index is out of range"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST_F(valkey_reasons, of_a_server_that_is_full_of_clients_is_told_once) {
    const auto port = free_port();
    const special_valkey full{{"--port", std::to_string(port), "--maxclients", "1"}};
    valkey_client only{port};
    only.command({"PING"});
    const service one{env("valkey://127.0.0.1:" + std::to_string(port)), {"--workers", "1"}};
    EXPECT_TRUE(eventually([&] { return told(only, "rejected_connections") >= 5; }));
    EXPECT_TRUE(one.wait_for_log("max number of clients reached")) << one.log();
    EXPECT_EQ(times("max number of clients reached", one.log()), 1) << one.log();
    EXPECT_EQ(count(one.port()), 12000);
    only.command({"CONFIG", "SET", "maxclients", "100"});
    EXPECT_TRUE(one.wait_for_log("Connected to Valkey"));
    EXPECT_TRUE(eventually([&] {
        count(one.port());
        return only.get("num_orders:all") == "12000";
    })) << "caching did not begin";
}

// It accepts the login and all first words, and ends each connection before it was of use.
TEST_F(valkey_reasons, of_a_server_that_ends_each_connection_are_told_once) {
    valkey().flush();
    valkey().command({"ACL", "SETUSER", "poor", "on", ">sekrit", "~*", "&*", "+@all", "-scan"});
    const service one{env("valkey://poor:sekrit@" + address()), {"--workers", "1"}};
    auto by = valkey();
    for (int i = 0; i < 12; ++i) {
        EXPECT_TRUE(
            eventually([&] { return by.command({"CLIENT", "KILL", "USER", "poor"}) != "0"; }));
    }
    EXPECT_LE(times("Connected to Valkey", one.log()), 2U) << one.log();
    EXPECT_LE(times("No connection to Valkey", one.log()), 3U) << "each reason once: " << one.log();
    EXPECT_EQ(count(one.port()), 12000);
    by.command({"ACL", "SETUSER", "poor", "+scan"});
    EXPECT_TRUE(eventually([&] {
        count(one.port());
        return by.get("num_orders:all") == "12000";
    })) << "caching did not begin";
    EXPECT_GE(times("Connected to Valkey", one.log()), 1U);
    by.command({"ACL", "DELUSER", "poor"});
}

}  // namespace
}  // namespace larder::test
