// A commit whose answer was lost: what became of its transaction is asked by the transaction's id.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "support/gate.hpp"
#include "support/json_text.hpp"
#include "support/pg_worker.hpp"
#include "support/pgbouncer.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr pg::statement insert{
    "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
    " VALUES ('2023-03-10', 9999, 23, 2, 25)"};
constexpr pg::statement select{"SELECT 1"};

boost::asio::awaitable<void> begin(pg::pool& with, pg::statement sql,
                                   std::optional<pg::transaction>& change) {
    auto begun = co_await with.begin();
    co_await begun.run(sql, {});
    change.emplace(std::move(begun));
}

std::string at_port(std::string uri, std::uint16_t from, std::uint16_t to) {
    const auto port = ':' + std::to_string(from);
    return uri.replace(uri.find(port), port.size(), ':' + std::to_string(to));
}

struct unknown_outcome : store_test {
    void TearDown() override { wait_for(""); }
    void wait_for(const std::string& standby) {
        sql("ALTER SYSTEM SET synchronous_standby_names = '" + standby + "'");
        sql("SELECT pg_reload_conf()");
        ASSERT_TRUE(eventually([&] { return sql("SHOW synchronous_standby_names") == standby; }));
        sql("CHECKPOINT");  // commits wait when the checkpointer knows of it, too
    }
    std::uint16_t postgres_port() {
        return static_cast<std::uint16_t>(std::stoi(sql("SHOW port")));
    }
    fate fate_of(const std::string& transaction) {
        return asker.run(asker.pool.fate_of(transaction));
    }
    /// The id of the transaction whose COMMIT is not answered.
    static std::string lose_commit(pg_worker& with, pg::transaction& change) {
        try {
            with.run(change.commit());
        } catch (const pg::error& e) {
            EXPECT_EQ(e.kind(), pg::failure::interrupted) << e.what();
            return e.transaction();
        }
        ADD_FAILURE() << "the commit was answered";
        return {};
    }
    pg_worker asker{servers.postgres.uri(), servers.store.database()};
};

/// Its transactions go through a gate, and behind that through a pooler, or straight.
struct unknown_outcome_behind : unknown_outcome, testing::WithParamInterface<bool> {
    pgbouncer between{servers.postgres, pgbouncer::mode::transaction, 2};
    gate way{GetParam() ? between.port() : postgres_port()};
    pg_worker writer{GetParam() ? at_port(between.uri(), between.port(), way.port())
                                : at_port(servers.postgres.uri(), postgres_port(), way.port()),
                     servers.store.database(),
                     {.statement_timeout = 200ms * slack}};
    std::optional<pg::transaction> change;
};

INSTANTIATE_TEST_SUITE_P(a, unknown_outcome_behind, testing::Bool(),
                         [](const auto& p) { return p.param ? "pooler" : "proxy"; });

TEST_P(unknown_outcome_behind, that_swallows_the_commit_is_decided_after_20_s) {
    writer.run(begin(writer.pool, insert, change));
    const auto idle = clock::now();
    way.to_server({flow::kind::hold});
    const auto id = lose_commit(writer, *change);
    EXPECT_EQ(fate_of(id), fate::pending);
    EXPECT_EQ(sql("SELECT txid_status(" + id + ")"), "in progress");
    EXPECT_TRUE(eventually([&] { return fate_of(id) == fate::over; }, 30s * slack));
    EXPECT_GE(clock::now() - idle, 19s) << "the COMMIT might have come";
    EXPECT_EQ(sql("SELECT txid_status(" + id + ")"), "aborted");
    EXPECT_EQ(rows(), 12000);
}

TEST_P(unknown_outcome_behind, whose_commit_comes_late_is_pending_until_then) {
    writer.run(begin(writer.pool, insert, change));
    way.to_server({flow::kind::delay, 3s * slack});
    const auto id = lose_commit(writer, *change);
    EXPECT_EQ(fate_of(id), fate::pending);
    EXPECT_TRUE(eventually([&] { return fate_of(id) == fate::over; }));
    // Which of the two it became is PostgreSQL's to say: the client's end may overtake the COMMIT.
    EXPECT_EQ(rows(), sql("SELECT txid_status(" + id + ")") == "committed" ? 12001 : 12000);
}

// It is stored, and seen once the standby has it, or nobody waits for that any more.
TEST_P(unknown_outcome_behind, whose_commit_waits_for_a_standby_is_pending_until_it_is_seen) {
    writer.run(begin(writer.pool, insert, change));
    wait_for("nobody");
    const auto id = lose_commit(writer, *change);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(fate_of(id), fate::pending);
    EXPECT_EQ(rows(), 12000);
    sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    EXPECT_TRUE(eventually([&] { return fate_of(id) == fate::over; }));
    EXPECT_EQ(rows(), 12001);
}

TEST_P(unknown_outcome_behind, that_has_changed_nothing_is_over) {
    writer.run(begin(writer.pool, select, change));
    way.to_server({flow::kind::hold});
    EXPECT_EQ(fate_of(lose_commit(writer, *change)), fate::over);
}

TEST_F(unknown_outcome, of_another_server_is_not_known) {
    EXPECT_EQ(fate_of(""), fate::unknown);
    EXPECT_EQ(fate_of("9223372036854775807"), fate::unknown) << "an id of the future";
    EXPECT_EQ(fate_of("no id"), fate::unknown);
}

// A backend that serves somebody else by now is left alone.
// A standby that is away makes a commit wait, longer than any hold lasts. It is seen when it is
// back.
TEST_F(unknown_outcome, of_an_order_that_is_committed_late_makes_no_count_untrue) {
    wait_for("nobody");
    const service one{servers.env(), {"--workers", "2"}};
    EXPECT_EQ(count(one.port()), 12000);
    const header_list headers{{"content-type", "application/json"}, {"connection", "close"}};
    const auto answer =
        raw(one.port(), request_text("POST", "/add/", headers, tutorial_order, one.port()), 20s);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("it is not known whether"), std::string::npos) << answer;
    const auto is_stored = [&] {
        EXPECT_EQ(count(one.port()), 12000);
        return valkey().get("num_orders:all").has_value();
    };
    EXPECT_FALSE(eventually(is_stored, 21s)) << "a hold lasts 20 s, the commit longer";
    wait_for("");
    EXPECT_TRUE(eventually([&] { return rows() == 12001; }));
    EXPECT_TRUE(eventually(
        [&] { return count(one.port()) == 12001 && valkey().get("num_orders:all") == "12001"; }));
}

TEST_F(unknown_outcome, ends_nobody_else) {
    auto other = servers.store.connect();
    other.exec("BEGIN; INSERT INTO customers (firstname) VALUES ('x')");
    const auto id = other.scalar("SELECT txid_current()");
    auto ended = servers.store.connect();
    ended.exec("BEGIN; SELECT txid_current()");
    EXPECT_EQ(fate_of(id), fate::pending);
    EXPECT_EQ(other.scalar("SELECT 1"), "1");
    other.exec("ROLLBACK");
    EXPECT_EQ(fate_of(id), fate::over);
    EXPECT_EQ(ended.scalar("SELECT 1"), "1");
}

// The same with a service, whose counts are kept again when the order is decided.
TEST_F(unknown_outcome, of_an_order_whose_commit_a_proxy_swallowed_keeps_counts_again) {
    gate way{postgres_port()};
    auto env = servers.env();
    auto& uri = env["PG_SERVICE_URI"];
    uri = at_port(uri, postgres_port(), way.port());
    const service one{env, {"--workers", "1"}};
    EXPECT_EQ(count(one.port()), 12000);
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE");
    http_connection client{one.port()};
    client.send(request_text("POST", "/add/", {{"content-type", "application/json"}},
                             tutorial_order, one.port()));
    ASSERT_TRUE(eventually([this] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1";
    }));
    way.to_server({flow::kind::hold}, connections::present);
    holder.exec("COMMIT");
    ASSERT_TRUE(eventually([&] { return client.is_readable(); }, 15s * slack));
    const auto answer = client.receive();
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.body.find("not known whether"), std::string::npos) << answer.body;
    EXPECT_TRUE(eventually(
        [&] {
            EXPECT_EQ(count(one.port()), 12000);
            return valkey().get("num_orders:all") == "12000";
        },
        15s * slack))
        << "20 s after the order nobody waits for its COMMIT any more";
}

}  // namespace
}  // namespace larder::test
