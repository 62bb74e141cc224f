// Valkey in cluster mode, whose nodes each have a part of the keys.

#include <gtest/gtest.h>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

/// A node that knows no other and has no slots.
struct node {
    std::uint16_t port = free_port();
    std::uint16_t bus = free_port();
    special_valkey server{{"--port", std::to_string(port), "--cluster-enabled", "yes",
                           "--cluster-port", std::to_string(bus), "--cluster-require-full-coverage",
                           "no"}};
    valkey_client client{port};

    void take(int first, int last) {
        client.command({"CLUSTER", "ADDSLOTSRANGE", std::to_string(first), std::to_string(last)});
    }
    int slot(std::string_view key) {
        return std::stoi(client.command({"CLUSTER", "KEYSLOT", key}).value());
    }
    /// What it answers to GET, or the error.
    std::string read(std::string_view key) {
        try {
            return client.get(key).value_or("");
        } catch (const std::runtime_error& e) {
            return e.what();
        }
    }
};

constexpr int last_slot = 16383;

struct valkey_cluster : store_test {
    node one;

    environment env() {
        auto all = servers.env();
        all["VALKEY_SERVICE_URI"] = "valkey://127.0.0.1:" + std::to_string(one.port);
        return all;
    }
    void expect_kept(const service& by) {
        EXPECT_TRUE(eventually([&] {
            EXPECT_EQ(count(by.port()), rows());
            return one.read("num_orders:all") == std::to_string(rows());
        })) << by.log();
    }
};

TEST_F(valkey_cluster, of_one_node_caches_and_can_be_purged) {
    one.take(0, last_slot);
    ASSERT_TRUE(eventually([&] { return one.read("num_orders:all").empty(); }));
    const service by{env(), {"--workers", "2"}};
    expect_kept(by);
    add_tutorial_order(by.port());
    expect_kept(by);
    for (int customer = 1; customer <= 9; ++customer)
        count(by.port(), "/count?customerid=" + std::to_string(customer));
    const auto purged = run_orders({"cache", "purge"}, env());
    EXPECT_EQ(purged.status, 0) << purged.err;
    EXPECT_EQ(one.read("num_orders:all"), "");
    EXPECT_EQ(one.read("num_orders:9"), "");
    expect_kept(by);
    EXPECT_EQ(by.log().find("refuses"), std::string::npos) << by.log();
}

TEST_F(valkey_cluster, of_two_nodes_costs_only_the_entries_of_the_other_one) {
    node other;
    const auto there = one.slot("num_orders:all");
    one.take(0, there - 1);
    one.take(there + 1, last_slot);
    other.take(there, there);
    one.client.command(
        {"CLUSTER", "MEET", "127.0.0.1", std::to_string(other.port), std::to_string(other.bus)});
    ASSERT_TRUE(eventually([&] {
        return one.read("num_orders:all").find("MOVED") != std::string::npos &&
               one.read("num_orders:9999").empty();
    })) << one.read("num_orders:all");

    const service by{env(), {"--workers", "1"}};
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(count(by.port()), 12000 + i);
        EXPECT_EQ(count(by.port(), "/count?customerid=9999"), i);
        add_tutorial_order(by.port());
        EXPECT_EQ(count(by.port()), 12001 + i);
        EXPECT_EQ(count(by.port(), "/count?customerid=9999"), i + 1);
    }
    EXPECT_EQ(times("one node of a cluster", by.log()), 1) << by.log();
    EXPECT_EQ(one.read("num_orders:9999"), "5");
}

}  // namespace
}  // namespace larder::test
