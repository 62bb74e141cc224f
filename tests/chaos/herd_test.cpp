// Promise 4, one load per herd: any number of simultaneous misses on one key, over all workers and
// instances, runs one query.

#include <memory>

#include "cluster.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

constexpr int connections_count = 1'000;
constexpr int requests_each = 10;

long counts_run(pg_client& sql) {
    return std::stol(
        sql.scalar("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements"
                   " WHERE query = 'SELECT count(*) FROM orders'"));
}

TEST(herd, one_load_per_herd) {
    // A machine that is too busy for Valkey's deadline is a fault, and not what this is about.
    cluster all{3, orders_serve, {{"CACHE_DEADLINE_MS", "5000"}}, ways::straight};
    auto sql = all.servers.store.connect();
    sql.exec("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
    valkey_client{all.servers.valkey.uri()}.del("num_orders:all");

    std::vector<std::unique_ptr<http_connection>> herd;
    for (std::size_t i = 0; i < connections_count; ++i)
        herd.push_back(std::make_unique<http_connection>(all.at(i % all.size()).port()));
    sql.scalar("SELECT pg_stat_statements_reset()");

    // The table's lock makes the load as slow as the test likes.
    auto slow = all.servers.store.connect();
    slow.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    for (std::size_t i = 0; i < herd.size(); ++i) {
        const auto one = request_text("GET", "/count", {}, "", all.at(i % all.size()).port());
        std::string many;
        for (int j = 0; j < requests_each; ++j) many += one;
        herd[i]->send(many);
    }
    const auto loads = [&] {
        return std::stol(
            sql.scalar("SELECT count(*) FROM pg_stat_activity"
                       " WHERE wait_event_type = 'Lock' AND query LIKE '%orders%'"));
    };
    EXPECT_TRUE(eventually([&] { return loads() > 0; }));
    EXPECT_FALSE(eventually([&] { return loads() > 1; }, 300ms)) << "more than one load at a time";
    slow.exec("COMMIT");

    int right = 0;
    for (auto& one : herd)
        for (int j = 0; j < requests_each; ++j) {
            const auto answer = one->receive();
            if (answer.status == 200 && answer.body == count_body(12000)) ++right;
            else ADD_FAILURE() << answer.status << " " << answer.body;
            if (testing::Test::HasFailure() && right == 0) return;
        }
    EXPECT_EQ(right, connections_count * requests_each);
    EXPECT_EQ(counts_run(sql), 1);
}

}  // namespace
}  // namespace larder::test
