// A cached query as a value, between two servers and without HTTP.

#include "larder/cached_query.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include <chrono>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "larder/valkey/uri.hpp"
#include "support/gate.hpp"
#include "support/pg_worker.hpp"
#include "support/store_test.hpp"

namespace larder::cached_queries {

struct tool {
    std::int32_t id = 0;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(tool, (), (id, name))

}  // namespace larder::cached_queries

namespace larder::test {
namespace {

using cached_queries::tool;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using some_tools = std::vector<std::optional<tool>>;
using tool_numbers = std::vector<std::int32_t>;

constexpr cache::key tool_by_id{"tool", cache::depends_on{"tools", "id"}};
constexpr cache::key tool_by_both{"named_tool", cache::depends_on{"tools", "id", "name"}};
constexpr cache::key tool_by_generation = cache::key{"any_tool", cache::depends_on{"tools"}};
constexpr pg::statement any_tool_of_all{"SELECT id, name FROM tools ORDER BY id LIMIT 1", true};
constexpr pg::statement one_tool_of_all{"SELECT id, name FROM tools WHERE id = $1", true};
constexpr cached_query<std::optional<tool>> find_tool{tool_by_id, any_tool_of_all, one_tool_of_all};
constexpr cached_query<std::optional<tool>> find_tool_by_both{
    tool_by_both,
    any_tool_of_all,
    {"SELECT id, name FROM tools WHERE id = $1 AND name = $2", true}};
constexpr cached_query<std::optional<tool>> find_any_tool{tool_by_generation, any_tool_of_all,
                                                          one_tool_of_all};

struct list_reader : pg_worker {
    list_reader(const backends& servers, std::uint16_t valkey_port)
        : pg_worker{servers.postgres.uri(), servers.store.database()},
          tiers{io.get_executor(), client(valkey_port), own, options()} {
        run(tiers.start());
    }
    ~list_reader() {
        tiers.stop();
        io.restart();
        io.poll();
    }
    static valkey::client_options client(std::uint16_t port) {
        const auto uri = "valkey://127.0.0.1:" + std::to_string(port);
        return {.server = *valkey::parse_uri(uri), .deadline = 5'000ms};
    }
    static cache::tiers_options options() {
        return {.families = {"tool", "named_tool", "any_tool"},
                .by_generation = {"any_tool"},
                .local_bytes = 1 << 20};
    }
    std::string name(std::int32_t id) {
        const auto found = run(find_tool.get(at, id));
        return found ? found->name : "none";
    }

    cache::own_writes own;
    cache::tiers tiers;
    pg::session session{pool};
    services at{session, tiers};
};

struct cached_query_test : store_test {
    cached_query_test() {
        sql("DROP TABLE IF EXISTS tools; CREATE TABLE tools (id int PRIMARY KEY, name text);"
            " INSERT INTO tools SELECT n, 'tool ' || n FROM generate_series(1, 300) n; SELECT 1");
    }
    ~cached_query_test() override { sql("DROP TABLE tools; SELECT 1"); }

    static tool_numbers first(int count) {
        tool_numbers all(static_cast<std::size_t>(count));
        std::iota(all.begin(), all.end(), 1);
        return all;
    }
    static void expect_first(const some_tools& found, std::size_t count) {
        ASSERT_EQ(found.size(), count);
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_TRUE(found[i]) << i;
            EXPECT_EQ(found[i]->name, "tool " + std::to_string(i + 1));
        }
    }
};

TEST_F(cached_query_test, gives_a_list_in_its_order_and_loads_only_what_is_not_there) {
    list_reader one{servers, servers.valkey.port()}, other{servers, servers.valkey.port()};
    EXPECT_EQ(other.name(2), "tool 2");
    EXPECT_EQ(other.name(4), "tool 4");
    const auto found = one.run(find_tool.prefetch(one.at, tool_numbers{4, 1, 999, 2, 1}));
    ASSERT_EQ(found.size(), 5U);
    EXPECT_EQ(found[0]->name, "tool 4");
    EXPECT_EQ(found[1]->name, "tool 1");
    EXPECT_FALSE(found[2]);
    EXPECT_EQ(found[3]->name, "tool 2");
    EXPECT_EQ(found[4]->name, "tool 1");
    EXPECT_EQ(one.tiers.stats().loads, 2U);
    EXPECT_EQ(one.run(find_tool.prefetch(one.at, tool_numbers{})).size(), 0U);
    // What was cached is this worker's now.
    const auto before = one.tiers.stats().local_hits;
    EXPECT_EQ(one.name(4), "tool 4");
    EXPECT_EQ(one.tiers.stats().local_hits, before + 1);
}

TEST_F(cached_query_test, asks_for_a_list_in_one_round_trip) {
    list_reader fills{servers, servers.valkey.port()};
    expect_first(fills.run(find_tool.prefetch(fills.at, first(100))), 100);
    gate between{servers.valkey.port()};
    list_reader one{servers, between.port()};
    between.both_ways({.what = flow::kind::delay, .delay = 100ms});
    const auto begun = steady_clock::now();
    expect_first(one.run(find_tool.prefetch(one.at, first(100))), 100);
    const auto took = steady_clock::now() - begun;
    EXPECT_GE(took, 200ms);
    EXPECT_LT(took, 600ms * slack);  // one by one they would take 20 s
    EXPECT_EQ(one.tiers.stats().loads, 0U);
    between.heal();
}

TEST_F(cached_query_test, loads_three_of_a_list_at_a_time) {
    list_reader one{servers, servers.valkey.port()};
    expect_first(one.run(find_tool.prefetch(one.at, first(300))), 300);
    EXPECT_EQ(one.tiers.stats().loads, 300U);
    EXPECT_LE(one.pool.stats().idle, 3U);
    EXPECT_EQ(one.tiers.stats().fills, 300U);
}

TEST_F(cached_query_test, gives_lists_by_several_columns_and_of_a_generation) {
    list_reader one{servers, servers.valkey.port()};
    const std::vector<std::tuple<std::int32_t, std::string>> list{{1, "tool 1"}, {1, "tool 2"}};
    for (int times = 0; times < 2; ++times) {
        const auto found = one.run(find_tool_by_both.prefetch(one.at, list));
        EXPECT_TRUE(found[0] && !found[1]);
        expect_first(one.run(find_any_tool.prefetch(one.at, first(5))), 5);
        EXPECT_EQ(one.tiers.stats().loads, 7U);
    }
}

TEST_F(cached_query_test, throws_what_a_load_of_a_list_throws) {
    list_reader one{servers, servers.valkey.port()};
    EXPECT_EQ(one.name(3), "tool 3");
    sql("ALTER TABLE tools RENAME TO hidden; SELECT 1");
    EXPECT_THROW(one.run(find_tool.prefetch(one.at, first(10))), pg::error);
    sql("ALTER TABLE hidden RENAME TO tools; SELECT 1");
    expect_first(one.run(find_tool.prefetch(one.at, first(10))), 10);
}

TEST_F(cached_query_test, refreshes_a_value_for_all_who_ask_from_now_on) {
    list_reader one{servers, servers.valkey.port()}, other{servers, servers.valkey.port()};
    for (auto* each : {&one, &other}) EXPECT_EQ(each->name(1), "tool 1");
    sql("UPDATE tools SET name = 'new' WHERE id = 1; SELECT 1");  // told to nobody
    for (auto* each : {&one, &other}) EXPECT_EQ(each->name(1), "tool 1");
    EXPECT_EQ(one.run(find_tool.refresh(one.at, 1))->name, "new");
    for (auto* each : {&one, &other}) EXPECT_EQ(each->name(1), "new");
    EXPECT_EQ(other.tiers.stats().loads, 0U);
    EXPECT_EQ(one.run(find_tool.refresh(one.at))->name, "new");
}

awaitable<std::vector<std::string>> read_tools_within(services& at) {
    static constexpr pg::statement rename{"UPDATE tools SET name = 'mine' WHERE id = $1"};
    auto change = co_await at.db.connections().begin();
    const std::int32_t id = 1;
    co_await change.execute(rename, id);
    pg::session within{at.db.connections(), change};
    services own{within, at.cache};
    tool_numbers list(1, id);
    const auto all = co_await find_tool.prefetch(own, std::move(list));
    const auto refreshed = co_await find_tool.refresh(own, id);
    co_await change.rollback();
    std::vector<std::string> seen(1, all[0]->name);
    seen.push_back(refreshed->name);
    co_return seen;
}

// What that sees, nobody else may be given.
TEST_F(cached_query_test, reads_within_a_transaction_past_the_cache) {
    list_reader one{servers, servers.valkey.port()};
    EXPECT_EQ(one.run(read_tools_within(one.at)), (std::vector<std::string>{"mine", "mine"}));
    EXPECT_EQ(one.name(1), "tool 1");
}

}  // namespace
}  // namespace larder::test
