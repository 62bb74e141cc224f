// The contract's URIs and PG_DATABASE: which are taken, which are refused, and what a service
// without them answers.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "support/json_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct contract_environment : store_test {
    environment with(const std::string& name, const std::string& value) {
        auto env = servers.env();
        env[name] = value;
        return env;
    }
    environment without(const std::string& name) {
        auto env = servers.env();
        env.erase(name);
        return env;
    }
    std::string valkey_port() {
        const auto& uri = servers.valkey.uri();  // valkey://127.0.0.1:PORT/0
        return uri.substr(uri.rfind(':') + 1, uri.rfind('/') - uri.rfind(':') - 1);
    }
};

// ---- unset or empty ----

constexpr const char* no_database = R"({"detail":"Internal server error. Database not specified - )"
                                    R"(environment variable PG_SERVICE_URI is empty/unset"})";
constexpr const char* no_valkey =
    R"({"detail":"Internal server error. Valkey service not specified - )"
    R"(environment variable VALKEY_SERVICE_URI is empty/unset"})";

struct missing_uri {
    const char* law;
    const char* variable;
    bool empty;
    const char* answer;
};

std::ostream& operator<<(std::ostream& to, const missing_uri& row) { return to << row.law; }

struct contract_missing_uri : contract_environment, testing::WithParamInterface<missing_uri> {};

TEST_P(contract_missing_uri, is_said_in_the_log_and_in_every_answer) {
    const auto& row = GetParam();
    const service one{row.empty ? with(row.variable, "") : without(row.variable)};
    EXPECT_TRUE(one.wait_for_log(row.variable)) << one.log();
    expect_json(get(one.port(), "/count"), 500, row.answer);
    expect_json(get(one.port(), "/count?customerid=9999"), 500, row.answer);
    expect_json(add(one.port(), tutorial_order), 500, row.answer);
    expect_json(get(one.port(), "/nowhere"), 404, R"({"detail":"Not Found"})");
    EXPECT_EQ(rows(), 12000);
}

INSTANTIATE_TEST_SUITE_P(
    rows, contract_missing_uri,
    testing::Values(missing_uri{"pg_unset", "PG_SERVICE_URI", false, no_database},
                    missing_uri{"pg_empty", "PG_SERVICE_URI", true, no_database},
                    missing_uri{"valkey_unset", "VALKEY_SERVICE_URI", false, no_valkey},
                    missing_uri{"valkey_empty", "VALKEY_SERVICE_URI", true, no_valkey}),
    [](const auto& row) { return std::string{row.param.law}; });

// ---- that cannot be parsed ----

struct bad_uri {
    const char* law;
    const char* variable;
    const char* value;
};

std::ostream& operator<<(std::ostream& to, const bad_uri& row) {
    return to << row.variable << '=' << row.value;
}

struct contract_bad_uri : contract_environment, testing::WithParamInterface<bad_uri> {};

TEST_P(contract_bad_uri, is_refused_at_start_in_one_line_without_the_password) {
    const auto& row = GetParam();
    const auto result = run_orders({"serve", "--port", "0"}, with(row.variable, row.value));
    EXPECT_EQ(result.status, 78);
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_NE(result.err.find(row.variable), std::string::npos) << result.err;
    for (const auto* part : {"sekrit", "zzkrit"}) {
        EXPECT_EQ((result.err + result.out).find(part), std::string::npos) << result.err;
    }
}

constexpr const char* pg = "PG_SERVICE_URI";
constexpr const char* vk = "VALKEY_SERVICE_URI";

INSTANTIATE_TEST_SUITE_P(
    rows, contract_bad_uri,
    testing::Values(
        bad_uri{"pg_other_scheme", pg, "mysql://shop:sekrit@127.0.0.1:5432/shop"},
        bad_uri{"pg_no_uri", pg, "sekrit"},
        bad_uri{"pg_port_no_number", pg, "postgres://shop:sekrit@127.0.0.1:port/shop"},
        bad_uri{"pg_port_too_great", pg, "postgres://shop:sekrit@127.0.0.1:99999/shop"},
        bad_uri{"pg_port_zero", pg, "postgres://shop:sekrit@127.0.0.1:0/shop"},
        bad_uri{"pg_bad_percent_encoding", pg, "postgres://shop:se%zzkrit@127.0.0.1:5432/shop"},
        bad_uri{"pg_open_bracket", pg, "postgres://shop:sekrit@[::1:5432/shop"},
        bad_uri{"pg_unknown_parameter", pg, "postgres://shop:sekrit@127.0.0.1/shop?colour=red"},
        bad_uri{"valkey_other_scheme", vk, "http://:sekrit@127.0.0.1:6379/0"},
        bad_uri{"valkey_no_uri", vk, "sekrit"}, bad_uri{"valkey_no_scheme", vk, "127.0.0.1:6379"},
        bad_uri{"valkey_port_no_number", vk, "valkey://:sekrit@127.0.0.1:port/0"},
        bad_uri{"valkey_port_too_great", vk, "valkey://:sekrit@127.0.0.1:99999/0"},
        bad_uri{"valkey_port_zero", vk, "redis://:sekrit@127.0.0.1:0/0"},
        bad_uri{"valkey_bad_percent_encoding", vk, "valkey://:se%zzkrit@127.0.0.1:6379/0"},
        bad_uri{"valkey_database_no_number", vk, "valkey://:sekrit@127.0.0.1:6379/shop"},
        bad_uri{"valkey_database_negative", vk, "rediss://:sekrit@127.0.0.1:6379/-1"},
        bad_uri{"valkey_open_bracket", vk, "valkeys://:sekrit@[::1:6379/0"},
        bad_uri{"valkey_no_socket", vk, "unix://"}),
    [](const auto& row) { return std::string{row.param.law}; });

// ---- that are taken ----

TEST_F(contract_environment, both_schemes_of_postgresql_are_taken) {
    auto uri = servers.postgres.uri();
    ASSERT_TRUE(uri.starts_with("postgres://"));
    const service one{with("PG_SERVICE_URI", "postgresql" + uri.substr(uri.find(':')))};
    EXPECT_EQ(count(one.port()), 12000);
}

TEST_F(contract_environment, pg_database_overrides_the_one_in_the_uri) {
    const sample other{servers.postgres, "other_store", 500};
    auto env = with("PG_SERVICE_URI", servers.postgres.with("dbname=postgres"));
    env["PG_DATABASE"] = "other_store";
    const service one{env};
    EXPECT_EQ(count(one.port()), 500);
}

TEST_F(contract_environment, pg_database_is_a_name_and_nothing_else) {
    for (const auto* name :
         {"no_such_store", "dbname=dellstore", "postgres://127.0.0.1/dellstore", "it's \\ odd"}) {
        SCOPED_TRACE(name);
        const service one{with("PG_DATABASE", name)};
        const auto answer = get(one.port(), "/count");
        EXPECT_EQ(answer.status, 503);
        const auto detail = detail_of(answer.body);
        EXPECT_TRUE(detail.starts_with("Error connecting to database: ")) << detail;
        EXPECT_NE(detail.find(name), std::string::npos) << detail;
    }
}

struct contract_valkey_uri : contract_environment,
                             testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(contract_valkey_uri, is_taken) {
    std::string uri = GetParam().second;
    uri.replace(uri.find("PORT"), 4, valkey_port());
    const service one{with("VALKEY_SERVICE_URI", uri)};
    EXPECT_EQ(count(one.port()), 12000);
    EXPECT_TRUE(eventually([&] {
        count(one.port());
        return valkey().get("num_orders:all") == "12000";
    }));
}

INSTANTIATE_TEST_SUITE_P(rows, contract_valkey_uri,
                         testing::Values(std::pair{"valkey", "valkey://127.0.0.1:PORT/0"},
                                         std::pair{"redis", "redis://127.0.0.1:PORT/0"},
                                         std::pair{"no_database", "valkey://127.0.0.1:PORT"},
                                         std::pair{"slash_alone", "valkey://127.0.0.1:PORT/"},
                                         std::pair{"name", "valkey://localhost:PORT/0"}),
                         [](const auto& row) { return std::string{row.param.first}; });

TEST_F(contract_environment, a_unix_socket_of_valkey_is_taken) {
    // By a short name, as the whole path may be too long for a socket.
    namespace fs = std::filesystem;
    const auto link = fs::temp_directory_path() / ("larder-" + std::to_string(getpid()));
    fs::create_symlink(servers.valkey.folder(), link);
    {
        const service one{with("VALKEY_SERVICE_URI", "unix://" + link.string() + "/valkey.sock")};
        EXPECT_EQ(count(one.port()), 12000);
        EXPECT_EQ(valkey().get("num_orders:all"), "12000");
        valkey().set("num_orders:all", "77");
        EXPECT_TRUE(eventually([&] { return count(one.port()) == 77; }));
    }
    fs::remove(link);
}

TEST_F(contract_environment, the_database_number_of_valkey_is_used) {
    const service one{with("VALKEY_SERVICE_URI", "valkey://127.0.0.1:" + valkey_port() + "/5")};
    EXPECT_EQ(count(one.port()), 12000);
    EXPECT_EQ(valkey().get("num_orders:all"), std::nullopt);
    auto client = valkey();
    client.command({"SELECT", "5"});
    EXPECT_EQ(client.get("num_orders:all"), "12000");
    client.set("num_orders:all", "77");
    EXPECT_EQ(count(one.port()), 77);
}

// ---- passwords of Valkey ----

struct contract_valkey_password : contract_environment {
    static constexpr const char* password = "p@ss w/rd%:?#";
    static constexpr const char* encoded = "p%40ss%20w%2Frd%25%3A%3F%23";

    std::uint16_t port = free_port();
    special_valkey guarded{{"--port", std::to_string(port), "--requirepass", password}};
    valkey_client client{port};

    void SetUp() override {
        contract_environment::SetUp();
        client.command({"AUTH", password});
    }
    environment with_valkey(const std::string& user_and_password) {
        return with("VALKEY_SERVICE_URI",
                    "valkey://" + user_and_password + "@127.0.0.1:" + std::to_string(port) + "/0");
    }
};

TEST_F(contract_valkey_password, alone_is_used) {
    const service one{with_valkey(":" + std::string{encoded})};
    EXPECT_EQ(count(one.port()), 12000);
    EXPECT_EQ(client.get("num_orders:all"), "12000");
}

TEST_F(contract_valkey_password, of_a_user_is_used) {
    client.command({"ACL", "SETUSER", "sh@p", "on", ">s:ecret", "~*", "&*", "+@all"});
    const service one{with_valkey("sh%40p:s%3Aecret")};
    EXPECT_EQ(count(one.port()), 12000);
    EXPECT_EQ(client.get("num_orders:all"), "12000");
    const auto clients = client.command({"CLIENT", "LIST"}).value();
    EXPECT_NE(clients.find("user=sh@p"), std::string::npos) << clients;
}

TEST_F(contract_valkey_password, that_is_wrong_costs_only_the_cache) {
    const service one{with_valkey(":wr0ng-sekrit")};
    EXPECT_EQ(count(one.port()), 12000);
    add_tutorial_order(one.port());
    EXPECT_EQ(count(one.port()), 12001);
    EXPECT_EQ(client.get("num_orders:all"), std::nullopt);
    EXPECT_TRUE(eventually([&] {
        return one.log().find("the login was refused") != std::string::npos;
    })) << one.log();
    EXPECT_EQ(one.log().find("sekrit"), std::string::npos);
}

}  // namespace
}  // namespace larder::test
