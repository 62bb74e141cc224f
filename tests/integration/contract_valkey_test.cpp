// The contract's "Servers that are missing, down or slow": Valkey.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/order_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

struct contract_valkey : store_test {
    service one{servers.env(), {"--workers", "2"}};

    void TearDown() override { std::filesystem::remove(servers.valkey.folder() + "/dump.rdb"); }
    void warm() {
        for (int i = 0; i < 8; ++i) count(one.port());
    }
    /// It holds now and for some time, in which the service's connections come back.
    template <class Predicate>
    static void expect_stays(Predicate&& holds) {
        EXPECT_FALSE(eventually([&] { return !holds(); }, 1s));
    }
    void expect_right() {
        EXPECT_EQ(count(one.port()), rows());
        const auto of_customer =
            std::stol(sql("SELECT count(*) FROM orders WHERE customerid = 9999"));
        EXPECT_EQ(count(one.port(), "/count?customerid=9999"), of_customer);
    }
    /// Counts and orders for a while, all of which have to be right, and but for the first none
    /// has to wait for Valkey. Returns the longest wait.
    clock::duration busy_while_down() {
        clock::duration longest{};
        const auto timed = [&longest](auto&& ask) {
            const auto start = clock::now();
            ask();
            longest = std::max(longest, clock::now() - start);
        };
        auto all = rows();
        auto of_customer = all - 12000;
        const auto begin = clock::now();
        for (int i = 0; i < 20; ++i) {
            timed([&] { EXPECT_EQ(count(one.port()), all); });
            timed([&] { add_tutorial_order(one.port()); });
            timed([&] { EXPECT_EQ(count(one.port()), ++all); });
            timed([&] { EXPECT_EQ(count(one.port(), "/count?customerid=9999"), ++of_customer); });
        }
        EXPECT_LT(clock::now() - begin, 2s * slack) << "80 requests, of which few may wait";
        return longest;
    }
};

struct contract_valkey_down : contract_valkey, testing::WithParamInterface<const char*> {
    void end_valkey() {
        if (GetParam() == std::string_view{"stopped"}) servers.valkey.stop();
        if (GetParam() == std::string_view{"crashed"}) servers.valkey.kill();
        if (GetParam() == std::string_view{"frozen"}) servers.valkey.freeze();
    }
    void begin_valkey() {
        if (GetParam() == std::string_view{"frozen"}) servers.valkey.thaw();
        else servers.valkey.start();
    }
};

TEST_P(contract_valkey_down, costs_at_most_one_deadline_and_nothing_is_wrong) {
    const auto one_deadline = 150ms * slack;
    clock::duration longest{};
    // A wait that the machine made, busy with something else, does not come three times.
    for (int round = 0; round < 3; ++round) {
        warm();
        end_valkey();
        longest = busy_while_down();
        begin_valkey();
        expect_right();
        expect_stays([this] { return count(one.port()) == rows(); });
        if (longest <= one_deadline || HasFailure()) break;
    }
    EXPECT_LE(longest, one_deadline);
    EXPECT_TRUE(eventually([this] {
        count(one.port());
        return valkey().get("num_orders:all") == std::to_string(rows());
    })) << "caching did not come back";
}

TEST_P(contract_valkey_down, and_up_again_between_requests_is_not_noticed) {
    warm();
    end_valkey();
    begin_valkey();
    for (int i = 0; i < 8; ++i) expect_right();

    warm();
    end_valkey();
    begin_valkey();
    for (int i = 0; i < 8; ++i) {
        add_tutorial_order(one.port());
        expect_right();
    }
}

TEST_P(contract_valkey_down, together_with_postgresql_and_up_again_is_not_noticed) {
    warm();
    end_valkey();
    servers.postgres.kill();
    servers.postgres.start();
    begin_valkey();
    for (int i = 0; i < 8; ++i) {
        expect_right();
        add_tutorial_order(one.port());
        expect_right();
    }
}

INSTANTIATE_TEST_SUITE_P(rows, contract_valkey_down,
                         testing::Values("stopped", "crashed", "frozen"),
                         [](const auto& row) { return std::string{row.param}; });

// ---- frozen for long ----

// The resident memory of a process, in bytes.
long memory_of(pid_t process) {
    std::ifstream status{"/proc/" + std::to_string(process) + "/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stol(line.substr(6)) * 1024;
    throw std::runtime_error("no VmRSS");
}

// As many different keys are read and written as there are customers, on connections that are kept.
void be_busy(std::uint16_t port, clock::duration how_long) {
    http_connection connection{port};
    const auto until = clock::now() + how_long;
    for (int i = 0; clock::now() < until; i = (i + 1) % 20'000) {
        const auto customer = std::to_string(i + 1);
        ASSERT_EQ(connection.request("GET", "/count?customerid=" + customer).status, 200);
        const auto body = with_customer(customer);
        ASSERT_EQ(connection.request("POST", "/add/", {}, body).status, 200);
    }
}

TEST_F(contract_valkey, frozen_under_load_leaves_memory_where_it_was) {
    auto env = servers.env();
    env["ASAN_OPTIONS"] = "quarantine_size_mb=1";  // or freed memory counts, under that sanitizer
    const service busy{env, {"--workers", "2"}};
    const std::chrono::seconds how_long{std::getenv("LARDER_SOAK") ? 60 : 3};
    be_busy(busy.port(), how_long / 3);
    servers.valkey.freeze();
    be_busy(busy.port(), how_long / 3);
    const auto before = memory_of(busy.pid());
    be_busy(busy.port(), how_long);
    // Remembered keys, at most 65,536 of them, and what malloc keeps; a queue would take more.
    EXPECT_LT(memory_of(busy.pid()) - before, slack * 12'000'000);
    servers.valkey.thaw();
    EXPECT_TRUE(eventually([&] {
        count(busy.port());
        return valkey().get("num_orders:all") == std::to_string(rows());
    })) << "caching did not come back";
}

// ---- it comes back with what it knew long ago ----

TEST_F(contract_valkey, an_old_snapshot_of_before_an_outage_is_not_served) {
    warm();
    count(one.port(), "/count?customerid=9999");
    valkey().command({"SAVE"});
    servers.valkey.kill();
    add_tutorial_order(one.port());
    servers.valkey.start();
    ASSERT_EQ(rows(), 12001);
    expect_stays([this] {
        return count(one.port()) == 12001 && count(one.port(), "/count?customerid=9999") == 1;
    });
}

TEST_F(contract_valkey, an_old_snapshot_of_before_an_order_is_not_served) {
    warm();
    count(one.port(), "/count?customerid=9999");
    valkey().command({"SAVE"});
    add_tutorial_order(one.port());
    servers.valkey.kill();
    servers.valkey.start();
    ASSERT_EQ(rows(), 12001);
    expect_stays([this] {
        return count(one.port()) == 12001 && count(one.port(), "/count?customerid=9999") == 1;
    });
}

// ---- smaller mishaps ----

TEST_F(contract_valkey, a_service_may_start_before_valkey) {
    servers.valkey.kill();
    const service early{servers.env()};
    EXPECT_EQ(count(early.port()), 12000);
    add_tutorial_order(early.port());
    EXPECT_EQ(count(early.port()), 12001);
    servers.valkey.start();
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(count(early.port()), 12001);
        return valkey().get("num_orders:all") == "12001";
    }));
}

TEST_F(contract_valkey, connections_cut_between_requests_are_not_noticed) {
    warm();
    for (int i = 0; i < 4; ++i) {
        valkey().command({"CLIENT", "KILL", "TYPE", "normal"});
        expect_right();
        valkey().command({"CLIENT", "KILL", "TYPE", "normal"});
        add_tutorial_order(one.port());
        expect_right();
    }
}

TEST_F(contract_valkey, that_is_full_costs_only_the_cache) {
    valkey().command({"CONFIG", "SET", "maxmemory", "1"});
    expect_right();
    add_tutorial_order(one.port());
    expect_right();
    valkey().command({"CONFIG", "SET", "maxmemory", "0"});
    add_tutorial_order(one.port());
    EXPECT_TRUE(eventually([this] {
        expect_right();
        return valkey().get("num_orders:all") == "12002";
    })) << "caching did not come back";
}

TEST_F(contract_valkey, that_refuses_what_trust_needs_costs_only_the_cache) {
    valkey().command({"ACL", "SETUSER", "poor", "on", ">secret", "~*", "&*", "+@all", "-info"});
    auto env = servers.env();
    env["VALKEY_SERVICE_URI"].insert(std::string_view{"valkey://"}.size(), "poor:secret@");
    const service poor{env};
    EXPECT_EQ(count(poor.port()), 12000);
    add_tutorial_order(poor.port());
    EXPECT_EQ(count(poor.port()), 12001);
    EXPECT_TRUE(poor.wait_for_log("refuses what the cache needs"));
    valkey().command({"ACL", "SETUSER", "poor", "+info"});
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(count(poor.port()), 12001);
        return valkey().get("num_orders:all") == "12001";
    })) << "caching did not begin";
    valkey().command({"ACL", "DELUSER", "poor"});
}

// Without it a value could be kept that nobody says is untrue.
TEST_F(contract_valkey, that_refuses_to_track_a_read_costs_only_the_local_tier) {
    valkey().command(
        {"ACL", "SETUSER", "poor", "on", ">secret", "~*", "&*", "+@all", "-client|caching"});
    auto env = servers.env();
    env["VALKEY_SERVICE_URI"].insert(std::string_view{"valkey://"}.size(), "poor:secret@");
    const service poor{env};
    const service other{servers.env()};
    EXPECT_EQ(count(poor.port()), 12000);
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(get(poor.port(), "/count").header("cache-status").ends_with("detail=shared"));
    add_tutorial_order(other.port());
    for (int i = 0; i < 20; ++i) EXPECT_EQ(count(poor.port()), 12001);
    valkey().command({"ACL", "DELUSER", "poor"});
}

TEST_F(contract_valkey, that_forgot_the_scripts_is_told_them_again) {
    warm();
    for (int i = 0; i < 4; ++i) {
        valkey().command({"SCRIPT", "FLUSH"});
        add_tutorial_order(one.port());
        EXPECT_EQ(valkey().get("num_orders:all"), std::nullopt);
        valkey().command({"SCRIPT", "FLUSH"});
        expect_right();
        EXPECT_EQ(valkey().get("num_orders:all"), std::to_string(rows()));
    }
    EXPECT_EQ(times("No connection to Valkey", one.log()), 0);
}

TEST_F(contract_valkey, that_is_a_read_only_replica_costs_only_the_cache_and_few_lines) {
    warm();
    valkey().command({"REPLICAOF", "127.0.0.1", "1"});
    const auto until = clock::now() + 1s;
    while (clock::now() < until) {
        add_tutorial_order(one.port());
        expect_right();
    }
    EXPECT_GE(times("READONLY", one.log()), 1);
    EXPECT_LE(times("READONLY", one.log()), 2) << "once a worker";
    EXPECT_LE(times("Connected to Valkey", one.log()), 4);
    valkey().command({"REPLICAOF", "NO", "ONE"});
    EXPECT_TRUE(eventually([this] {
        expect_right();
        return valkey().get("num_orders:all") == std::to_string(rows());
    })) << "caching did not come back";
}

TEST_F(contract_valkey, purged_by_an_operator_is_filled_again) {
    warm();
    valkey().flush();
    add_tutorial_order(one.port());
    EXPECT_TRUE(eventually([this] {  // once whose the server is was found out anew
        expect_right();
        return valkey().get("num_orders:all") == "12001";
    }));
}

}  // namespace
}  // namespace larder::test
