// What a process could not tell Valkey when it ends: it tries for as long as it may, and what
// remains is known to the next process, of any instance.

#include <gtest/gtest.h>
#include <signal.h>

#include "support/gate.hpp"
#include "support/order_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

/// How Valkey is away: what is sent to it is handled when it is back, or lost.
enum class away { frozen, cut_off };

struct hand_over : store_test, testing::WithParamInterface<away> {
    static constexpr const char* of_customer = "/count?customerid=9999";

    ~hand_over() override { servers.valkey.thaw(); }

    environment env(const char* variable, const gate& way, std::string uri) {
        auto all = servers.env();
        const auto from = uri.find("127.0.0.1:") + 10;
        all[variable] = uri.replace(from, uri.find('/', from) - from, std::to_string(way.port()));
        return all;
    }
    /// A process with a cached count; it gets so long for its end.
    std::unique_ptr<service> start(const std::string& seconds) {
        auto one = std::make_unique<service>(
            env("VALKEY_SERVICE_URI", to_valkey, servers.valkey.uri()),
            std::vector<std::string>{"--workers", "1", "--timeout-graceful-shutdown", seconds});
        // It may hear first of what the process before it had not released.
        EXPECT_TRUE(eventually([&] {
            count(one->port());
            count(one->port(), of_customer);
            return valkey().get("num_orders:all") == std::to_string(rows());
        }));
        return one;
    }
    void take_valkey_away() {
        if (GetParam() == away::frozen) return servers.valkey.freeze();
        to_valkey.admit(admission::silent);
        to_valkey.both_ways({.what = flow::kind::hold});
    }
    void bring_it_back() {
        servers.valkey.thaw();
        to_valkey.heal();
    }
    /// An order that Valkey does not hear of: it was noticed before that it does not answer.
    void add_unheard(const service& one) {
        take_valkey_away();
        EXPECT_EQ(count(one.port(), "/count?customerid=1"),
                  std::stol(sql("SELECT count(*) FROM orders WHERE customerid = 1")));
        add_tutorial_order(one.port());
    }
    /// Processes of two instances that start now never answer an old count, and keep counts again.
    void expect_the_next_ones_are_right(std::chrono::milliseconds kept_within = patience) {
        const auto all = rows(), customers = all - 12'000;
        const service next{servers.env()}, other{servers.env()};
        int stale = 0;
        EXPECT_TRUE(eventually(
            [&] {
                for (const auto* one : {&next, &other}) {
                    if (count(one->port()) != all) ++stale;
                    if (count(one->port(), of_customer) != customers) ++stale;
                }
                return stale > 0 || valkey().get("num_orders:all") == std::to_string(all);
            },
            kept_within))
            << "nothing is kept";
        EXPECT_EQ(stale, 0) << get(next.port(), "/count").body;
    }

    gate to_valkey{servers.valkey.port()};
};

TEST_P(hand_over, the_time_for_the_end_is_used_to_release) {
    auto one = start("10");
    add_unheard(*one);
    one->signal(SIGTERM);
    EXPECT_EQ(one->wait_for_exit(300ms), std::nullopt) << "it did not wait for Valkey";
    bring_it_back();
    EXPECT_EQ(one->wait_for_exit(5s * slack), 0);
    EXPECT_EQ(valkey().get("num_orders:all"), std::nullopt);
    EXPECT_EQ(valkey().get("num_orders:9999"), std::nullopt);
    expect_the_next_ones_are_right();
}

TEST_P(hand_over, what_remains_is_known_to_the_next_process) {
    auto one = start("1");
    add_unheard(*one);
    one->signal(SIGTERM);
    const auto status = one->wait_for_exit(5s * slack);
    EXPECT_TRUE(status == 0 || status == 1) << status.value_or(-1);
    EXPECT_NE(one->log().find("handed over"), std::string::npos) << "the log does not say so";
    for (const auto* key : {"num_orders:9999", "num_orders:all"})
        EXPECT_NE(one->log().find(key), std::string::npos) << "the log does not name it";
    bring_it_back();
    expect_the_next_ones_are_right();
}

TEST_P(hand_over, so_is_what_a_process_left_that_was_killed) {
    auto one = start("1");
    add_unheard(*one);
    one->signal(SIGKILL);
    EXPECT_EQ(one->wait_for_exit(), 128 + SIGKILL);
    bring_it_back();
    expect_the_next_ones_are_right();
}

// The first to notice that Valkey is away is the order itself: its hold may get there later.
TEST_P(hand_over, so_is_the_order_whose_hold_was_under_way) {
    auto one = start("1");
    take_valkey_away();
    add_tutorial_order(one->port());
    one->signal(SIGKILL);
    EXPECT_EQ(one->wait_for_exit(), 128 + SIGKILL);
    bring_it_back();
    expect_the_next_ones_are_right(25s);
}

INSTANTIATE_TEST_SUITE_P(valkey, hand_over, testing::Values(away::frozen, away::cut_off),
                         [](const auto& one) {
                             return one.param == away::frozen ? "frozen" : "cut_off";
                         });

// ---- a commit of unknown outcome ----

// With a standby that does not exist, a commit waits; its connection is lost meanwhile.
struct hand_over_of_unknown_outcome : hand_over {
    void TearDown() override { wait_for(""); }
    void wait_for(const std::string& standby) {
        sql("ALTER SYSTEM SET synchronous_standby_names = '" + standby + "'");
        sql("SELECT pg_reload_conf()");
        ASSERT_TRUE(eventually([&] { return sql("SHOW synchronous_standby_names") == standby; }));
        sql("CHECKPOINT");  // commits wait when the checkpointer knows of it, too
    }
    static std::string waiting(const char* what) {
        return std::string{"SELECT "} + what +
               " FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    }
    std::unique_ptr<service> start() {
        auto one = std::make_unique<service>(
            env("PG_SERVICE_URI", to_postgres, servers.postgres.uri()),
            std::vector<std::string>{"--workers", "1", "--timeout-graceful-shutdown", "10"});
        EXPECT_TRUE(eventually([&] {
            return count(one->port()) == rows() &&
                   valkey().get("num_orders:all") == std::to_string(rows());
        }));
        wait_for("nobody");
        return one;
    }
    void send_order(http_connection& client, const service& one) {
        client.send(request_text("POST", "/add/", {{"content-type", "application/json"}},
                                 tutorial_order, one.port()));
        ASSERT_TRUE(eventually([&] { return sql(waiting("count(*)")) == "1"; }));
    }
    static void expect_unknown(http_connection& client) {
        const auto answer = client.receive();
        EXPECT_EQ(answer.status, 503);
        EXPECT_NE(detail_of(answer.body).find("not known whether"), std::string::npos);
    }
    bool is_held() {
        return valkey().command({"EXISTS", "{num_orders:all}:hold", "{num_orders:9999}:hold"}) !=
               "0";
    }

    gate to_postgres{[this] {
        const auto& uri = servers.postgres.uri();
        return static_cast<std::uint16_t>(std::stoi(uri.substr(uri.find("127.0.0.1:") + 10)));
    }()};
};

// What larder itself writes then does not wait for it.
TEST_F(hand_over_of_unknown_outcome, a_service_starts_where_commits_wait_for_a_standby) {
    sql("DROP SCHEMA IF EXISTS larder CASCADE");
    wait_for("nobody");
    const service one{servers.env()};
    EXPECT_EQ(count(one.port()), rows());
}

// The hold got through, so the commit announced nothing; and a hold may be lost with a failover.
TEST_F(hand_over_of_unknown_outcome, a_release_that_did_not_get_through_is_told_by_postgres) {
    const service one{env("VALKEY_SERVICE_URI", to_valkey, servers.valkey.uri()),
                      {"--workers", "1"}};
    EXPECT_TRUE(eventually([&] {
        return count(one.port()) == rows() &&
               valkey().get("num_orders:all") == std::to_string(rows());
    }));
    wait_for("nobody");
    http_connection client{one.port()};
    send_order(client, one);
    EXPECT_TRUE(is_held());
    to_valkey.admit(admission::silent);
    to_valkey.both_ways({.what = flow::kind::hold});
    wait_for("");
    EXPECT_EQ(client.receive().status, 200);
    const auto told = [this] {
        return sql("SELECT count(*) FROM larder.unreleased WHERE payload LIKE '%num_orders:all%'");
    };
    EXPECT_TRUE(eventually([&] { return told() == "1"; }));
    to_valkey.heal();
    EXPECT_TRUE(eventually([&] { return told() == "0"; }));
    EXPECT_FALSE(is_held());
}

TEST_F(hand_over_of_unknown_outcome, is_settled_before_the_end) {
    auto one = start();
    http_connection client{one->port()};
    send_order(client, *one);
    to_postgres.reset();
    expect_unknown(client);
    client.close();
    one->signal(SIGTERM);
    EXPECT_EQ(one->wait_for_exit(1s), std::nullopt) << "it did not wait for the commit";
    EXPECT_TRUE(is_held());
    wait_for("");
    EXPECT_EQ(one->wait_for_exit(5s * slack), 0);
    EXPECT_EQ(rows(), 12'001);
    EXPECT_FALSE(is_held()) << "it is over, and nobody will release it";
    expect_the_next_ones_are_right();
}

}  // namespace
}  // namespace larder::test
