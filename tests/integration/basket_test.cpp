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

// Three baskets are enough: the sample's tables with other rows.
struct baskets : store_test {
    explicit baskets(const std::string& follow = "off") {
        env["CACHE_FOLLOW"] = follow;
        drop();
        const auto loaded = run_to_end({program("basket"), "load-sample"}, env);
        EXPECT_EQ(loaded.status, 0) << loaded.err;
        sql("TRUNCATE products, baskets, basket_items, vouchers;"
            " INSERT INTO products VALUES (1, 3, 'Emma', 5), (2, 4, 'Dune', 9.99);"
            " INSERT INTO baskets VALUES (7), (8);"
            " INSERT INTO basket_items VALUES (7, 1, 2), (7, 2, 1), (8, 2, 3);"
            " INSERT INTO vouchers VALUES ('SPRING', 10, (now() AT TIME ZONE 'UTC')::date),"
            "  ('ALL', 100, '2099-12-31'),"
            "  ('LATE', 10, (now() AT TIME ZONE 'UTC')::date - 1); SELECT 1");
        if (follow != "off") {
            EXPECT_EQ(run_to_end({program("basket"), "follow", "setup"}, env).status, 0);
        }
        for (const auto port : ports) {
            const std::vector<std::string> words{program("basket"), "serve", "--port",
                                                 std::to_string(port)};
            all.push_back(std::make_unique<child>(words, env));
            EXPECT_TRUE(all.back()->wait_for_err("basket listening")) << all.back()->err();
        }
    }
    ~baskets() override {
        for (auto& one : all) one->signal(SIGTERM);
        for (auto& one : all) EXPECT_EQ(one->wait(), 0) << one->err();
        all.clear();
        drop();
    }
    void drop() { sql("DROP TABLE IF EXISTS basket_items, baskets, products, vouchers; SELECT 1"); }
    /// The sum of what is in it, of which the rest is computed.
    static std::string net_at(std::uint16_t port, int basket) {
        const auto answer = get(port, "/baskets/" + std::to_string(basket) + "/price");
        EXPECT_EQ(answer.status, 200) << answer.body;
        const auto from = answer.body.find("\"net\":");
        return answer.body.substr(from, answer.body.find(',', from) - from);
    }
    static std::string total_at(std::uint16_t port, const std::string& target) {
        const auto body = get(port, target).body;
        return body.substr(body.find("\"voucher\":"));
    }
    void expect_net(int basket, const std::string& net) const {
        for (const auto port : ports) EXPECT_EQ(net_at(port, basket), "\"net\":" + net);
    }
    /// How often statements that begin so were run since these were reset.
    long runs_of(const std::string& begin) {
        return std::stol(
            sql("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements"
                " WHERE query LIKE '" +
                begin + "%'"));
    }
    void reset_runs() {
        sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()");
    }
    /// All instances have it in their own tiers.
    void expect_kept(int basket) const {
        for (const auto port : ports)
            EXPECT_TRUE(eventually([&] {
                return get(port, "/baskets/" + std::to_string(basket))
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
              R"({"title":"Emma","quantity":2,"price":5.00,"sum":10.00}],"net":19.99,)"
              R"("voucher":null,"percent":null,"discount":0.00,"tax":3.80,"total":23.79})");
    for (const auto port : ports)
        for (int i = 0; i < 2; ++i) EXPECT_EQ(get(port, "/baskets/9/price").status, 404);
    const auto made = send(ports[1], "PUT", "/baskets/9/items/1", R"({"quantity":1})");
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.header("location"), "/baskets/9/items/1");
    expect_net(9, "5.00");
    expect_kept(9);
    EXPECT_EQ(send(ports[0], "PUT", "/baskets/9/items/1", R"({"quantity":3})").status, 200);
    expect_net(9, "15.00");
    EXPECT_EQ(send(ports[0], "DELETE", "/baskets/9/items/1").status, 204);
    EXPECT_EQ(send(ports[0], "DELETE", "/baskets/9/items/1").status, 404);
    expect_net(9, "0.00");
}

TEST_F(baskets, take_several_products_at_once_or_none) {
    for (const int one : {7, 9}) get(ports[0], "/baskets/" + std::to_string(one) + "/price");
    const auto put = [&](const std::string& items) {
        return send(ports[0], "PUT", "/baskets/9/items", R"({"items":[)" + items + "]}");
    };
    EXPECT_EQ(put(R"({"prod_id":2,"quantity":1},{"prod_id":1,"quantity":7},)"
                  R"({"prod_id":1,"quantity":2})")
                  .status,
              204);
    expect_net(9, "19.99");
    EXPECT_EQ(put(R"({"prod_id":2,"quantity":3},{"prod_id":99,"quantity":1})").body,
              R"({"detail":[{"type":"foreign_key","loc":["body","items"],)"
              R"("msg":"There is no such product"}]})");
    EXPECT_EQ(put(R"({"prod_id":1,"quantity":1},{"quantity":1.5})").body,
              R"({"detail":[{"type":"missing","loc":["body","items",1,"prod_id"],"msg":"Field )"
              R"(required"},{"type":"int_from_float","loc":["body","items",1,"quantity"],"msg":)"
              R"("Input should be a valid integer, got a number with a fractional part",)"
              R"("input":1.5}]})");
    expect_net(9, "19.99");
}

TEST_F(baskets, that_hold_a_product_have_its_new_price_once_it_is_answered) {
    for (const int one : {7, 8}) expect_kept(one);
    EXPECT_EQ(send(ports[0], "PATCH", "/products/2", R"({"price":"1"})").body,
              R"({"prod_id":2,"category":4,"title":"Dune","price":1.00})");
    expect_net(7, "11.00");
    expect_net(8, "3.00");
    expect_kept(8);
    EXPECT_EQ(send(ports[1], "PATCH", "/products/1", R"({"price":6})").status, 200);
    expect_net(7, "13.00");
    EXPECT_NE(get(ports[0], "/baskets/8").header("cache-status").find("; hit"), std::string::npos)
        << "it does not hold that product";
    EXPECT_EQ(send(ports[0], "PATCH", "/products/3", R"({"price":6})").status, 404);
}

// Not even a voucher's price is older than the basket, although nothing names them together.
TEST_F(baskets, are_cheaper_with_a_voucher_that_is_valid) {
    const std::string spring = "/baskets/7/price?voucher=SPRING";
    for (const auto port : ports) {
        EXPECT_EQ(total_at(port, spring),
                  R"("voucher":"SPRING","percent":10,"discount":2.00,"tax":3.42,"total":21.41})");
        EXPECT_EQ(total_at(port, "/baskets/7/price?voucher=ALL"),
                  R"("voucher":"ALL","percent":100,"discount":19.99,"tax":0.00,"total":0.00})");
        for (const auto* none : {"", "?voucher=LATE", "?voucher=NONE"})
            EXPECT_EQ(total_at(port, std::string{"/baskets/7/price"} + none),
                      R"("voucher":null,"percent":null,"discount":0.00,"tax":3.80,"total":23.79})");
    }
    EXPECT_EQ(send(ports[0], "PUT", "/baskets/7/items/1", R"({"quantity":1})").status, 200);
    for (const auto port : ports)
        EXPECT_EQ(total_at(port, spring),
                  R"("voucher":"SPRING","percent":10,"discount":1.50,"tax":2.56,"total":16.05})");
    EXPECT_EQ(send(ports[1], "PATCH", "/products/2", R"({"price":5})").status, 200);
    for (const auto port : ports)
        EXPECT_EQ(total_at(port, spring),
                  R"("voucher":"SPRING","percent":10,"discount":1.00,"tax":1.71,"total":10.71})");
}

TEST_F(baskets, ask_for_a_voucher_once_also_for_one_that_there_is_not) {
    const auto answers = [&] {
        std::vector<std::string> both;
        for (const auto* code : {"SPRING", "NONE"})
            both.push_back(total_at(ports[0], std::string{"/baskets/7/price?voucher="} + code));
        return both;
    };
    const auto before = answers();
    EXPECT_TRUE(eventually([&] { return valkey().ttl("voucher:SPRING") > 0; }));
    EXPECT_TRUE(eventually([&] { return valkey().ttl("voucher:NONE") > 0; }));
    sql("UPDATE vouchers SET code = 'NONE' WHERE code = 'SPRING'; SELECT 1");
    EXPECT_EQ(answers(), before) << "nobody follows";
}

TEST_F(baskets, have_products_that_are_not_there_from_the_cache_as_well) {
    const auto status = [&](int product) {
        return get(ports[0], "/products/" + std::to_string(product)).header("cache-status");
    };
    EXPECT_EQ(get(ports[1], "/products/2").body,
              R"({"prod_id":2,"category":4,"title":"Dune","price":9.99})");
    EXPECT_EQ(get(ports[1], "/products/3").status, 404);
    for (const int one : {2, 3})
        EXPECT_TRUE(eventually([&] { return status(one).ends_with("detail=local"); }));
    EXPECT_EQ(get(ports[0], "/products/3").status, 404);
    EXPECT_EQ(send(ports[1], "PATCH", "/products/2", R"({"price":"7.5"})").status, 200);
    for (const auto port : ports)
        EXPECT_EQ(get(port, "/products/2").body,
                  R"({"prod_id":2,"category":4,"title":"Dune","price":7.50})");
    EXPECT_EQ(send(ports[0], "PATCH", "/products/2", R"({"price":-1})").body,
              R"({"detail":[{"type":"check","loc":["body","price"],)"
              R"("msg":"Input should be at least 0"}]})");
}

// Which pages have the product nobody knows, so a new price ends them all, at the cost of one
// entry.
TEST_F(baskets, list_products_by_pages_with_their_new_prices) {
    const std::string emma = R"({"prod_id":1,"category":3,"title":"Emma","price":5.00})";
    const auto expect_pages = [&](const std::string& dune_costs) {
        const auto dune = R"({"prod_id":2,"category":4,"title":"Dune","price":)" + dune_costs + '}';
        for (const auto& [target, products] : {std::pair{"/products", emma + ',' + dune},
                                               {"/products?limit=1", emma},
                                               {"/products?limit=0", emma},
                                               {"/products?limit=1&after=1", dune},
                                               {"/products?category=4&limit=100", dune},
                                               {"/products?category=5", std::string{}}})
            for (const auto port : ports)
                EXPECT_EQ(get(port, target).body, R"({"products":[)" + products + "]}") << target;
    };
    const auto is_kept = [&](std::uint16_t port) {
        return get(port, "/products").header("cache-status").ends_with("detail=local");
    };
    expect_pages("9.99");
    for (const auto port : ports) EXPECT_TRUE(eventually([&] { return is_kept(port); }));
    expect_kept(8);
    EXPECT_EQ(send(ports[0], "PATCH", "/products/2", R"({"price":7})").status, 200);
    EXPECT_EQ(valkey().get("product_list:all"), std::nullopt);
    expect_pages("7.00");
    EXPECT_EQ(get(ports[0], "/products?limit=x").status, 422);
}

TEST_F(baskets, name_the_member_that_a_constraint_is_of) {
    const auto unknown = send(ports[0], "PUT", "/baskets/9/items/99", R"({"quantity":1})");
    EXPECT_EQ(unknown.status, 422);
    EXPECT_EQ(unknown.body, R"({"detail":[{"type":"foreign_key","loc":["path","prod_id"],)"
                            R"("msg":"There is no such product"}]})");
    const auto none = send(ports[0], "PUT", "/baskets/9/items/1", R"({"quantity":0})");
    EXPECT_EQ(none.status, 422);
    EXPECT_EQ(none.body, R"({"detail":[{"type":"check","loc":["body","quantity"],)"
                         R"("msg":"Input should be between 1 and 1000"}]})");
    EXPECT_EQ(get(ports[0], "/baskets/9/price").status, 404);
    sql("ALTER TABLE basket_items ADD CONSTRAINT of_the_shop CHECK (quantity < 10); SELECT 1");
    EXPECT_EQ(send(ports[0], "PUT", "/baskets/9/items/1", R"({"quantity":10})").status, 500)
        << "nobody named it";
}

TEST_F(baskets, may_cost_more_than_any_product) {
    EXPECT_EQ(send(ports[0], "PATCH", "/products/2", R"({"price":9999999999.99})").status, 200);
    EXPECT_EQ(send(ports[0], "PUT", "/baskets/7/items/2", R"({"quantity":1001})").status, 422);
    EXPECT_EQ(send(ports[0], "PUT", "/baskets/7/items/2", R"({"quantity":1000})").status, 200);
    const auto answer = get(ports[1], "/baskets/7/price");
    EXPECT_NE(answer.body.find(R"("total":11900000000000.00)"), std::string::npos) << answer.body;
}

TEST_F(baskets, of_products_that_somebody_made_cost_nothing_below_zero) {
    sql("DROP TABLE basket_items, baskets, vouchers;"
        " ALTER TABLE products DROP CONSTRAINT products_price_check; SELECT 1");
    EXPECT_EQ(run_to_end({program("basket"), "load-sample"}, env).status, 0);
    const auto refused = send(ports[0], "PATCH", "/products/1", R"({"price":-1})");
    EXPECT_EQ(refused.body, R"({"detail":[{"type":"check","loc":["body","price"],)"
                            R"("msg":"Input should be at least 0"}]})");
}

// Valkey is told of many in parts, so that it answers others in time, and is not taken for silent.
TEST_F(baskets, by_the_thousand_have_the_new_price) {
    sql("INSERT INTO baskets SELECT generate_series(101, 5100);"
        " INSERT INTO basket_items SELECT g, 2, 1 FROM generate_series(101, 5100) g; SELECT 1");
    for (const int one : {101, 2600, 5100}) expect_kept(one);
    EXPECT_EQ(send(ports[0], "PATCH", "/products/2", R"({"price":1})").status, 200);
    for (const int one : {101, 2600, 5100}) {
        expect_net(one, "1.00");
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
    sql("SET session_replication_role = replica; INSERT INTO baskets VALUES (9);"
        " INSERT INTO basket_items VALUES (9, 2, 10); SELECT 1");
    expect_net(9, "99.90");
    expect_kept(9);
    holder.exec("COMMIT");
    EXPECT_EQ(changed.get().status, 200);
    expect_net(9, "10.00");
}

// A shop's pages are asked for by those who guess numbers, too.
TEST_F(baskets, that_lack_a_product_ask_for_it_once_for_all_who_want_it) {
    constexpr std::size_t clients = 50;
    const std::string nothing = "/products/99";
    std::vector<std::unique_ptr<http_connection>> flood;
    const auto ask_all = [&](const std::string& target) {
        for (std::size_t i = 0; i < clients; ++i)
            flood[i]->send(request_text("GET", target, {}, "", ports[i % 2]));
    };
    const auto all_are = [&](int status, std::string_view from) {
        std::size_t right = 0;
        for (auto& one : flood) {
            const auto got = one->receive();
            const bool is_hit = got.header("cache-status").starts_with(from);
            if (got.status == status && is_hit) ++right;
        }
        return right == clients;
    };
    for (std::size_t i = 0; i < clients; ++i)
        flood.push_back(std::make_unique<http_connection>(ports[i % 2]));
    // Each worker of both trusts Valkey.
    ASSERT_TRUE(eventually([&] {
        ask_all("/products/2");
        return all_are(200, "larder; hit");
    }));
    reset_runs();
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE");
    ask_all(nothing);
    const auto loads = [&] {
        return sql(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND query LIKE 'SELECT prod_id%'");
    };
    EXPECT_TRUE(eventually([&] { return loads() != "0"; }));
    EXPECT_FALSE(eventually([&] { return loads() != "1"; }, 200ms)) << "they do not share a load";
    holder.exec("COMMIT");
    EXPECT_TRUE(all_are(404, "larder; "));
    ask_all(nothing);
    EXPECT_TRUE(all_are(404, "larder; hit"));
    EXPECT_EQ(runs_of("SELECT prod_id"), 1);
}

// Before the write and behind it.
TEST_F(baskets, are_looked_for_by_a_product_when_its_price_changes_and_by_no_read) {
    reset_runs();
    const std::string holders = "SELECT DISTINCT basketid";
    for (const auto port : ports)
        for (const auto* target :
             {"/baskets/7", "/baskets/8", "/baskets/7/price", "/baskets/8/price?voucher=SPRING",
              "/products/1", "/products/2", "/products"})
            EXPECT_EQ(get(port, target).status, 200) << target;
    EXPECT_EQ(send(ports[1], "PUT", "/baskets/7/items/1", R"({"quantity":1})").status, 200);
    EXPECT_GT(runs_of("SELECT prod_id"), 0);
    EXPECT_EQ(runs_of(holders), 0);
    EXPECT_EQ(send(ports[0], "PATCH", "/products/2", R"({"price":5})").status, 200);
    EXPECT_EQ(runs_of(holders), 2);
    for (const int one : {7, 8}) expect_kept(one);
    EXPECT_EQ(send(ports[0], "PATCH", "/products/2", R"({"price":-1})").status, 422);
    EXPECT_EQ(runs_of(holders), 3) << "what was not made has nothing to look for behind it";
    EXPECT_EQ(runs_of("UPDATE products SET price"), 1);
}

// The voucher is waited for, and meanwhile the basket changes.
TEST_F(baskets, have_a_price_of_one_time) {
    expect_kept(7);
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE vouchers IN ACCESS EXCLUSIVE MODE");
    auto asked = std::async(std::launch::async,
                            [&] { return total_at(ports[0], "/baskets/7/price?voucher=SPRING"); });
    ASSERT_TRUE(eventually([&] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                   " AND wait_event_type = 'Lock'") == "1";
    }));
    EXPECT_EQ(send(ports[1], "PATCH", "/products/2", R"({"price":5})").status, 200);
    holder.exec("UPDATE vouchers SET percent = 20 WHERE code = 'SPRING'; COMMIT");
    EXPECT_EQ(asked.get(),
              R"("voucher":"SPRING","percent":20,"discount":3.00,"tax":2.28,"total":14.28})");
}

// What others write is told by PostgreSQL's log: of the items by basket, of a product all baskets.
TEST_F(followed_baskets, have_the_price_that_somebody_else_sets) {
    const auto expect_soon = [&](int basket, const std::string& net) {
        for (const auto port : ports)
            EXPECT_TRUE(
                eventually([&] { return net_at(port, basket) == "\"net\":" + net; }, 1s * slack))
                << net_at(port, basket);
    };
    // What was stored before anybody followed has ended, too.
    EXPECT_TRUE(eventually([&] {
        net_at(ports[0], 7);
        net_at(ports[0], 8);
        return valkey().ttl("basket:7") > 60 && valkey().ttl("basket:8") > 60;
    }));
    for (const int one : {7, 8}) expect_kept(one);
    sql("UPDATE products SET price = 1 WHERE prod_id = 2; SELECT 1");
    expect_soon(7, "11.00");
    expect_soon(8, "3.00");
    for (const int one : {7, 8}) expect_kept(one);
    sql("DELETE FROM basket_items WHERE basketid = 7 AND prod_id = 1; SELECT 1");
    expect_soon(7, "1.00");
    EXPECT_NE(get(ports[0], "/baskets/8").header("cache-status").find("; hit"), std::string::npos)
        << "that item is of another basket";
    ASSERT_TRUE(eventually([&] {  // one that was stored while nobody followed has ended, too
        get(ports[0], "/products/1");
        return valkey().ttl("product:1") > 60;
    }));
    sql("TRUNCATE basket_items; SELECT 1");
    expect_soon(8, "0.00");
    EXPECT_GT(valkey().ttl("product:1"), 0) << "it is of another family";
    const auto percent_is = [&](const std::string& percent) {
        return eventually([&] {
            return total_at(ports[1], "/baskets/7/price?voucher=SPRING")
                       .find("\"percent\":" + percent) != std::string::npos;
        });
    };
    EXPECT_TRUE(percent_is("10"));
    sql("UPDATE vouchers SET percent = 50 WHERE code = 'SPRING'; SELECT 1");
    EXPECT_TRUE(percent_is("50"));
}

// ---- the program ----

struct basket_program : store_test {
    ended run(std::vector<std::string> words, const environment& more = {}) {
        auto env = servers.env();
        env["PG_DATABASE"] = database;
        for (const auto& [name, value] : more) env[name] = value;
        words.insert(words.begin(), program("basket"));
        return run_to_end(words, env);
    }
    std::string value(const std::string& query) {
        return pg_client{servers.postgres.uri(), database}.scalar(query);
    }
    void TearDown() override { sql("DROP DATABASE IF EXISTS " + database); }

    const std::string database = "with_baskets";
};

TEST_F(basket_program, has_what_every_program_of_the_library_has) {
    const auto help = run({"serve", "--help"}).out;
    EXPECT_NE(help.find("  BASKET_...              A flag that is not given: BASKET_PORT for"),
              std::string::npos)
        << help;
    EXPECT_EQ(run({"lod-sample"}).err,
              "basket: there is no command 'lod-sample'; there are: serve, load-sample, openapi,"
              " cache, status, follow, completion, man\n");
    const auto config =
        run({"serve", "--print-config"}, {{"BASKET_PORT", "7"}, {"BASKET_PROT", "8"}});
    EXPECT_NE(config.out.find("port = 7\n"), std::string::npos) << config.out;
    EXPECT_NE(config.err.find("BASKET_PROT is set, but there is no flag of that name"),
              std::string::npos)
        << config.err;
    const auto document = run({"openapi"}).out;
    EXPECT_NE(document.find("/baskets/{basketid}/price"), std::string::npos) << document;
    EXPECT_EQ(document.find("orders"), std::string::npos) << document;
}

TEST_F(basket_program, loads_its_sample_once_beside_the_products_of_orders) {
    auto env = servers.env();
    env["PG_DATABASE"] = database;
    ASSERT_EQ(run_orders({"load-sample", "--orders", "10"}, env).status, 0);
    const auto products = value("SELECT count(*) FROM products");
    const auto first = run({"load-sample"});
    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_TRUE(first.out.starts_with("Database with_baskets has the sample: 300 baskets with "))
        << first.out;
    EXPECT_EQ(value("SELECT count(*) FROM products"), products);
    EXPECT_EQ(value("SELECT percent FROM vouchers WHERE code = 'SPRING'"), "10");
    EXPECT_EQ(value("SELECT count(DISTINCT basketid) FROM basket_items"), "300");
    value("DELETE FROM basket_items");
    const auto second = run({"load-sample"});
    EXPECT_EQ(second.status, 0) << second.err;
    EXPECT_EQ(second.out,
              "Database with_baskets already has a table public.baskets: nothing was changed.\n");
    EXPECT_EQ(value("SELECT count(*) FROM basket_items"), "0");
    EXPECT_EQ(run({"cache", "purge"}).out, "Deleted 0 entries; the cache is this database's now\n");
}

// The publication is both services': none of them takes the other's tables out of it.
TEST_F(basket_program, is_followed_beside_orders) {
    auto env = servers.env();
    env["PG_DATABASE"] = database;
    ASSERT_EQ(run_orders({"load-sample", "--orders", "10"}, env).status, 0);
    ASSERT_EQ(run({"load-sample"}).status, 0);
    EXPECT_NE(run({"follow", "status"}).out.find("; basket follow setup mends it where it can"),
              std::string::npos);
    const std::string all = "PostgreSQL's log tells of them";
    EXPECT_EQ(run_orders({"follow", "setup"}, env).status, 0);
    EXPECT_EQ(run({"follow", "setup"}).out.find("CREATE PUBLICATION"), std::string::npos);
    EXPECT_EQ(run({"follow", "setup"}).out, "There is nothing to do\n");
    EXPECT_EQ(run_orders({"follow", "setup"}, env).out, "There is nothing to do\n");
    EXPECT_NE(run({"follow", "status"}).out.find(all), std::string::npos);
    EXPECT_NE(run_orders({"follow", "status"}, env).out.find(all), std::string::npos);
    value(
        "ALTER PUBLICATION larder SET TABLE orders, products (prod_id), vouchers WHERE (percent < "
        "5)");
    EXPECT_EQ(run({"follow", "setup"}).out,
              "ALTER PUBLICATION larder DROP TABLE products, vouchers\n"
              "ALTER PUBLICATION larder ADD TABLE basket_items, baskets, products, vouchers\n");
    EXPECT_NE(run({"follow", "status"}).out.find(all), std::string::npos);
    EXPECT_NE(run_orders({"follow", "status"}, env).out.find(all), std::string::npos);

    EXPECT_EQ(run({"follow", "drop"}).out,
              "ALTER PUBLICATION larder DROP TABLE basket_items, baskets, products, vouchers\n"
              "ALTER TABLE basket_items REPLICA IDENTITY DEFAULT\n"
              "ALTER TABLE baskets REPLICA IDENTITY DEFAULT\n"
              "ALTER TABLE products REPLICA IDENTITY DEFAULT\n"
              "ALTER TABLE vouchers REPLICA IDENTITY DEFAULT\n"
              "COMMENT ON PUBLICATION larder IS 'ALTER TABLE orders REPLICA IDENTITY DEFAULT'\n");
    EXPECT_EQ(run({"follow", "drop"}).out, "There is nothing to do\n");
    EXPECT_NE(run({"follow", "status"}).out.find("cannot be followed"), std::string::npos);
    EXPECT_NE(run_orders({"follow", "status"}, env).out.find(all), std::string::npos);
    EXPECT_EQ(run_orders({"follow", "drop"}, env).out,
              "DROP PUBLICATION larder\nALTER TABLE orders REPLICA IDENTITY DEFAULT\n");
    auto by_triggers = env;
    by_triggers["CACHE_FOLLOW"] = "trigger";
    EXPECT_EQ(run_orders({"follow", "setup"}, by_triggers).status, 0);
    EXPECT_EQ(run({"follow", "setup"}, {{"CACHE_FOLLOW", "trigger"}}).status, 0);
    EXPECT_EQ(run({"follow", "drop"}).out.find("orders"), std::string::npos);
    EXPECT_EQ(value("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'larder\\_%'"), "4");
    EXPECT_NE(run_orders({"follow", "drop"}, env).out.find("DROP FUNCTION larder.tell_of_rows()"),
              std::string::npos);
    EXPECT_EQ(value("SELECT string_agg(DISTINCT relreplident::text, '') FROM pg_class"
                    " WHERE relname IN ('orders', 'products', 'baskets')"),
              "d");
}

TEST_F(basket_program, loads_all_of_the_sample_or_nothing) {
    sql("CREATE DATABASE " + database);
    value("CREATE TABLE vouchers (code text)");
    const auto refused = run({"load-sample"});
    EXPECT_EQ(refused.status, 1) << refused.out;
    EXPECT_NE(refused.err.find("basket: "), std::string::npos) << refused.err;
    EXPECT_NE(refused.err.find("\"vouchers\" already exists"), std::string::npos) << refused.err;
    EXPECT_EQ(value("SELECT to_regclass('public.products')"), "");
}

TEST_F(basket_program, says_why_it_cannot_load) {
    const auto unset = run({"load-sample"}, {{"PG_SERVICE_URI", ""}});
    EXPECT_EQ(unset.status, 78);
    EXPECT_NE(unset.err.find("PG_SERVICE_URI is empty/unset"), std::string::npos) << unset.err;
    const auto nobody = "postgres://127.0.0.1:" + std::to_string(free_port()) + "/x";
    const auto away = run({"load-sample"}, {{"PG_SERVICE_URI", nobody}});
    EXPECT_EQ(away.status, 69);
    EXPECT_EQ(std::ranges::count(away.err, '\n'), 1) << away.err;
    const auto missing = run({"load-sample"});
    EXPECT_EQ(missing.status, 69) << missing.err;
    EXPECT_NE(missing.err.find("database \"with_baskets\" does not exist"), std::string::npos)
        << missing.err;
}

}  // namespace
}  // namespace larder::test
