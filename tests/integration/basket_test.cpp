// A value over two tables: whoever changes the price of a product makes every basket untrue that
// holds it, also one that was filled while he did.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/eventually.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

struct baskets : store_test {
    explicit baskets(const std::string& follow = "off") {
        sql("DROP TABLE IF EXISTS basket_items, products;"
            " CREATE TABLE products (prod_id int PRIMARY KEY, title text NOT NULL,"
            "  price numeric(12,2));"
            " CREATE TABLE basket_items (basketid int, prod_id int REFERENCES products,"
            "  quantity int CHECK (quantity > 0), PRIMARY KEY (basketid, prod_id));"
            " INSERT INTO products VALUES (1, 'Emma', 5), (2, 'Dune', 9.99);"
            " INSERT INTO basket_items VALUES (7, 1, 2), (7, 2, 1), (8, 2, 3); SELECT 1");
        env["CACHE_FOLLOW"] = follow;
        env["PG_SERVICE_URI"] = servers.postgres.with("dbname=" + servers.store.database());
        for (const auto port : ports) {
            const std::vector<std::string> words{program("examples/example_basket"),
                                                 std::to_string(port)};
            all.push_back(std::make_unique<child>(words, env));
            EXPECT_TRUE(all.back()->wait_for_err("basket listening")) << all.back()->err();
        }
    }
    ~baskets() override {
        for (auto& one : all) one->signal(SIGTERM);
        for (auto& one : all) EXPECT_EQ(one->wait(), 0) << one->err();
        all.clear();
        sql("DROP TABLE basket_items, products; SELECT 1");
    }
    static std::string price_at(std::uint16_t port, int basket) {
        const auto answer = get(port, "/baskets/" + std::to_string(basket) + "/price");
        EXPECT_EQ(answer.status, 200) << answer.body;
        return answer.body.substr(answer.body.find("\"total\":"));
    }
    void expect_price(int basket, const std::string& total) const {
        for (const auto port : ports)
            EXPECT_EQ(price_at(port, basket), R"("total":)" + total + '}');
    }
    /// All instances have it in their own tiers.
    void expect_kept(int basket) const {
        for (const auto port : ports)
            EXPECT_TRUE(eventually([&] {
                return get(port, "/baskets/" + std::to_string(basket) + "/price")
                    .header("cache-status")
                    .ends_with("detail=local");
            }));
    }
    static http_response send(std::uint16_t port, std::string_view method, std::string_view target,
                              std::string_view body = {}) {
        header_list headers;
        if (!body.empty()) headers.emplace_back("content-type", "application/json");
        return request(port, method, target, headers, body);
    }

    environment env = servers.env();
    const std::vector<std::uint16_t> ports{free_port(), free_port()};
    std::vector<std::unique_ptr<child>> all;
};

struct followed_baskets : baskets {
    followed_baskets() : baskets("auto") {
        EXPECT_TRUE(eventually([&] {
            return std::ranges::any_of(all, [](const auto& one) {
                return one->err().find("Follows PostgreSQL's log") != std::string::npos;
            });
        })) << all[0]->err();
    }
};

TEST_F(baskets, have_the_price_of_what_is_in_them) {
    const auto whole = get(ports[0], "/baskets/7/price");
    EXPECT_EQ(whole.body,
              R"({"lines":[{"title":"Dune","quantity":1,"price":9.99,"sum":9.99},)"
              R"({"title":"Emma","quantity":2,"price":5.00,"sum":10.00}],"total":19.99})");
    EXPECT_EQ(get(ports[1], "/baskets/9/price").body, R"({"lines":[],"total":0.00})");
    const auto made = send(ports[1], "PUT", "/baskets/9/items/1", R"({"quantity":1})");
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.header("location"), "/baskets/9/items/1");
    expect_price(9, "5.00");
    expect_kept(9);
    EXPECT_EQ(send(ports[0], "PUT", "/baskets/9/items/1", R"({"quantity":3})").status, 200);
    expect_price(9, "15.00");
    EXPECT_EQ(send(ports[0], "DELETE", "/baskets/9/items/1").status, 204);
    EXPECT_EQ(send(ports[0], "DELETE", "/baskets/9/items/1").status, 404);
    expect_price(9, "0.00");
}

TEST_F(baskets, that_hold_a_product_have_its_new_price_once_it_is_answered) {
    for (const int one : {7, 8}) expect_kept(one);
    EXPECT_EQ(send(ports[0], "PATCH", "/products/2", R"({"price":"1"})").body,
              R"({"prod_id":2,"price":1.00})");
    expect_price(7, "11.00");
    expect_price(8, "3.00");
    expect_kept(8);
    EXPECT_EQ(send(ports[1], "PATCH", "/products/1", R"({"price":6})").status, 200);
    expect_price(7, "13.00");
    EXPECT_NE(get(ports[0], "/baskets/8/price").header("cache-status").find("; hit"),
              std::string::npos)
        << "it does not hold that product";
    EXPECT_EQ(send(ports[0], "PATCH", "/products/3", R"({"price":6})").status, 404);
}

TEST_F(baskets, name_the_member_that_a_constraint_is_of) {
    const auto unknown = send(ports[0], "PUT", "/baskets/9/items/99", R"({"quantity":1})");
    EXPECT_EQ(unknown.status, 422);
    EXPECT_EQ(unknown.body, R"({"detail":[{"type":"foreign_key","loc":["path","prod_id"],)"
                            R"("msg":"There is no such product"}]})");
    const auto none = send(ports[0], "PUT", "/baskets/9/items/1", R"({"quantity":0})");
    EXPECT_EQ(none.status, 422);
    EXPECT_EQ(none.body, R"({"detail":[{"type":"check","loc":["body","quantity"],)"
                         R"("msg":"Input should be greater than 0"}]})");
    expect_price(9, "0.00");
    sql("ALTER TABLE basket_items ADD CONSTRAINT of_the_shop CHECK (quantity < 10); SELECT 1");
    EXPECT_EQ(send(ports[0], "PUT", "/baskets/9/items/1", R"({"quantity":10})").status, 500)
        << "nobody named it";
}

// Valkey is told of many in parts, so that it answers others in time, and is not taken for silent.
TEST_F(baskets, by_the_thousand_have_the_new_price) {
    sql("INSERT INTO basket_items SELECT g, 2, 1 FROM generate_series(101, 5100) g; SELECT 1");
    for (const int one : {101, 2600, 5100}) expect_kept(one);
    EXPECT_EQ(send(ports[0], "PATCH", "/products/2", R"({"price":1})").status, 200);
    for (const int one : {101, 2600, 5100}) {
        expect_price(one, "1.00");
        expect_kept(one);
    }
    for (const auto& one : all)
        EXPECT_EQ(one->err().find("silent"), std::string::npos) << one->err();
}

// The write asks before it begins, and waits for a lock; then the basket is filled.
TEST_F(baskets, filled_while_a_price_changes_have_the_new_one) {
    auto holder = servers.store.connect();
    holder.exec(
        "BEGIN;"
        " LOCK TABLE products IN SHARE MODE");
    auto changed = std::async(std::launch::async, [&] {
        return send(ports[0], "PATCH", "/products/2", R"({"price":1})");
    });
    ASSERT_TRUE(eventually([&] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                   " AND wait_event_type = 'Lock'") == "1";
    }));
    // By the other instance, and with a foreign key that takes no lock which conflicts.
    sql("SET session_replication_role = replica; INSERT INTO basket_items VALUES (9, 2, 10);"
        " SELECT 1");
    expect_price(9, "99.90");
    expect_kept(9);
    holder.exec("COMMIT");
    EXPECT_EQ(changed.get().status, 200);
    expect_price(9, "10.00");
}

// What others write is told by PostgreSQL's log: of the items by basket, of a product all baskets.
TEST_F(followed_baskets, have_the_price_that_somebody_else_sets) {
    const auto expect_soon = [&](int basket, const std::string& total) {
        for (const auto port : ports)
            EXPECT_TRUE(eventually(
                [&] { return price_at(port, basket) == R"("total":)" + total + '}'; }, 1s * slack))
                << price_at(port, basket);
    };
    // What was stored before anybody followed has ended, too.
    EXPECT_TRUE(eventually([&] {
        price_at(ports[0], 7);
        price_at(ports[0], 8);
        return valkey().ttl("basket:7") > 60 && valkey().ttl("basket:8") > 60;
    }));
    for (const int one : {7, 8}) expect_kept(one);
    sql("UPDATE products SET price = 1 WHERE prod_id = 2; SELECT 1");
    expect_soon(7, "11.00");
    expect_soon(8, "3.00");
    for (const int one : {7, 8}) expect_kept(one);
    sql("DELETE FROM basket_items WHERE basketid = 7 AND prod_id = 1; SELECT 1");
    expect_soon(7, "1.00");
    EXPECT_NE(get(ports[0], "/baskets/8/price").header("cache-status").find("; hit"),
              std::string::npos)
        << "that item is of another basket";
    sql("TRUNCATE basket_items; SELECT 1");
    expect_soon(8, "0.00");
}

}  // namespace
}  // namespace larder::test
