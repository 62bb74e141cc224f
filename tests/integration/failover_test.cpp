// An address that leads to one Valkey, then to another one and back; and a primary that becomes a
// replica while an instance is connected to it. Each remembers what was made untrue elsewhere.

#include <gtest/gtest.h>

#include "support/gate.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

struct failover : store_test {
    static constexpr std::size_t workers = 2;
    static constexpr const char* of_customer = "/count?customerid=9999";

    environment env(const gate& way) {
        auto all = servers.env();
        all["VALKEY_SERVICE_URI"] = "valkey://127.0.0.1:" + std::to_string(way.port()) + "/0";
        return all;
    }
    static void switch_to(const valkey_server& server, gate& address) {
        address.lead_to(server.port());
        address.reset();
    }
    static bool is_hit(const service& one) {
        return get(one.port(), "/count").header("cache-status").find("; hit") != std::string::npos;
    }
    /// Each worker of it is connected, and the entries of that Valkey are used again.
    static void expect_in_use(const service& one, const gate& way, std::size_t connections) {
        EXPECT_TRUE(eventually([&] { return way.present() == connections; }));
        int hits = 0;
        EXPECT_TRUE(eventually([&] {
            hits = is_hit(one) ? hits + 1 : 0;
            return hits == 20;
        })) << "the entries of that Valkey are not used";
    }
    static std::optional<std::string> kept(const valkey_server& in) {
        return valkey_client{in.uri()}.get("num_orders:all");
    }

    valkey_server a, b;
};

TEST_F(failover, what_a_server_kept_from_before_is_not_used_when_the_address_leads_back) {
    gate address{a.port()};
    const service writer{env(address)}, reader{env(address)};
    const auto in_use = [&] {
        expect_in_use(writer, address, 2 * workers);
        expect_in_use(reader, address, 2 * workers);
    };
    const auto expect_right = [&](long added) {
        return count(writer.port()) == 12'000 + added && count(reader.port()) == 12'000 + added &&
               count(writer.port(), of_customer) == added &&
               count(reader.port(), of_customer) == added;
    };
    ASSERT_TRUE(expect_right(0));
    in_use();
    const std::vector<const valkey_server*> leads_to{&b, &a, &b, &a};
    for (std::size_t turn = 0; turn < leads_to.size(); ++turn) {
        const auto& server = *leads_to[turn];
        const auto added = static_cast<long>(turn);
        switch_to(server, address);
        int stale = 0;
        const auto until = clock::now() + 1s;
        EXPECT_TRUE(eventually([&] {
            if (!expect_right(added)) ++stale;
            return stale > 0 ||
                   (clock::now() > until && kept(server) == std::to_string(12'000 + added));
        })) << "it is not used again";
        ASSERT_EQ(stale, 0) << "after switch " << turn + 1 << ": "
                            << get(reader.port(), "/count").body;
        in_use();
        add_tutorial_order(writer.port());
        ASSERT_TRUE(expect_right(added + 1));
    }
}

// Nobody tells an instance that is connected to it what others make untrue at the new primary.
TEST_F(failover, the_entries_of_a_demoted_primary_are_not_used_for_longer_than_a_second) {
    gate address_of_one{a.port()}, address_of_other{a.port()};
    const service one{env(address_of_one)}, other{env(address_of_other)};
    EXPECT_EQ(count(one.port()), 12'000);
    EXPECT_EQ(count(one.port(), of_customer), 0);
    expect_in_use(one, address_of_one, workers);
    expect_in_use(other, address_of_other, workers);

    valkey_client{a.uri()}.command({"REPLICAOF", "127.0.0.1", std::to_string(free_port())});
    const auto demoted = clock::now();
    switch_to(b, address_of_other);
    expect_in_use(other, address_of_other, workers);
    add_tutorial_order(other.port());
    EXPECT_EQ(count(other.port()), 12'001);
    int stale = 0;
    EXPECT_TRUE(eventually([&] {
        const auto asked = clock::now();
        const bool right = count(one.port()) == 12'001 && count(one.port(), of_customer) == 1;
        if (asked - demoted > 1s * slack && !right) ++stale;
        return stale > 0 || asked - demoted > 3s * slack;
    }));
    EXPECT_EQ(stale, 0) << get(one.port(), "/count").body;
    EXPECT_EQ(kept(a), "12000") << "else there is nothing that could have been used";

    // Promoted again, it still has them.
    valkey_client{a.uri()}.command({"REPLICAOF", "NO", "ONE"});
    EXPECT_TRUE(eventually([&] {
        if (count(one.port()) != 12'001 || count(one.port(), of_customer) != 1) ++stale;
        return stale > 0 || kept(a) == "12001";
    })) << "it is not used again";
    EXPECT_EQ(stale, 0) << get(one.port(), "/count").body;
}

// As where its disk is full: MISCONF, of PING and of writes.
TEST_F(failover, a_server_that_refuses_ping_for_a_while_ends_no_process) {
    gate address{a.port()};
    const service one{env(address)};
    expect_in_use(one, address, workers);
    const auto expect_answers_for = [&](std::chrono::milliseconds duration) {
        const auto until = clock::now() + duration;
        while (clock::now() < until) ASSERT_EQ(count(one.port()), 12'000);
    };
    valkey_client to_a{a.uri()};
    to_a.command({"ACL", "SETUSER", "default", "-ping"});
    expect_answers_for(2'500ms);
    to_a.command({"ACL", "SETUSER", "default", "+ping"});
    expect_answers_for(2'500ms);
    expect_in_use(one, address, workers);
}

// It takes what is sent, and nobody tells that it is gone.
TEST_F(failover, a_server_that_falls_silent_is_left) {
    gate address{a.port()};
    const service one{env(address)};
    expect_in_use(one, address, workers);
    address.both_ways({.what = flow::kind::hold});
    address.lead_to(b.port());
    EXPECT_TRUE(one.wait_for_log("No connection to Valkey at 127.0.0.1:" +
                                 std::to_string(address.port()) + ": it does not answer"));
    address.both_ways({});
    EXPECT_TRUE(eventually([&] { return count(one.port()) == 12'000 && kept(b) == "12000"; }));
}

}  // namespace
}  // namespace larder::test
