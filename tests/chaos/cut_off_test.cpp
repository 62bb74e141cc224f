// An instance that is cut off from Valkey, it alone, and still takes orders: PostgreSQL tells the
// others.

#include "cluster.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

struct cut_off : testing::Test {
    long count(std::size_t i) { return store_test::count(all.at(i).port()); }
    void add(std::size_t i) { store_test::add_tutorial_order(all.at(i).port()); }
    valkey_client valkey() { return valkey_client{all.servers.valkey.uri()}; }
    void cut(std::size_t i) {
        all.at(i).to_valkey.admit(admission::refuse);
        all.at(i).to_valkey.reset();
    }
    void expect_soon(std::size_t i, long orders) {
        EXPECT_TRUE(eventually([&] { return count(i) == orders; }, a_second))
            << "instance " << i << " answers " << count(i);
    }
    cluster all;
};

TEST_F(cut_off, an_order_is_seen_by_the_others_within_a_second) {
    const auto before = count(1);
    EXPECT_EQ(count(2), before);
    cut(0);
    for (int i = 1; i <= 20; ++i) {
        add(0);
        EXPECT_EQ(count(0), before + i) << "by itself at once";
        expect_soon(1, before + i);
        expect_soon(2, before + i);
    }
    EXPECT_TRUE(eventually(
        [&] {
            count(1);
            return valkey().get("num_orders:all") == std::to_string(before + 20);
        },
        a_second))
        << "the others release what they heard of, and keep it again";
}

// Nobody listens when it is committed, so it has to be said again.
TEST_F(cut_off, an_order_is_seen_by_those_who_did_not_listen) {
    const auto before = count(1);
    cut(0);
    cut(1);
    all.at(1).to_postgres.admit(admission::refuse);
    all.at(1).to_postgres.reset();
    add(0);
    all.at(1).to_valkey.heal();
    all.at(1).to_postgres.heal();
    expect_soon(1, before + 1);
}

// What anybody may announce is no way to delete other people's keys.
TEST_F(cut_off, only_keys_of_the_cache_are_deleted_by_an_announcement) {
    const auto before = count(1);
    valkey().set("somebody:1", "mine");
    all.servers.store.connect().exec(
        "INSERT INTO larder.unreleased (payload) VALUES (E'nobody\\nsomebody:1\\nnum_orders:all');"
        "NOTIFY larder");
    EXPECT_TRUE(eventually([&] { return !valkey().get("num_orders:all"); }, a_second));
    EXPECT_EQ(valkey().get("somebody:1"), "mine");
    EXPECT_EQ(count(1), before);
    // Whoever begins would hear of it.
    all.servers.store.connect().exec("DELETE FROM larder.unreleased");
}

// Nor is it one to have the cache emptied.
TEST_F(cut_off, all_entries_stay_whatever_a_stranger_announces) {
    auto owner = all.servers.store.connect();
    owner.exec("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN PASSWORD 'strange'");
    const auto before = count(1);
    EXPECT_EQ(valkey().get("num_orders:all"), std::to_string(before));
    {
        pg_client stranger{all.servers.postgres.with("user=stranger&password=strange"),
                           all.servers.store.database()};
        for (const auto* payload : {R"(x\n*)", R"(\n*)", R"(*)"})
            stranger.exec("SELECT pg_notify('larder', E'" + std::string{payload} + "')");
    }
    EXPECT_FALSE(eventually([&] { return !valkey().get("num_orders:all"); }, a_second))
        << "anybody may have the cache emptied";
    EXPECT_EQ(count(1), before);
    owner.exec("DROP ROLE stranger");
}

}  // namespace
}  // namespace larder::test
