// PUT, PATCH and DELETE on an entity tag: of those that name the same one, one is made. The
// basket's prices have it by one statement, the bookshop's books by an INSERT that may find
// somebody else's row, and by a transaction.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/eventually.hpp"
#include "support/json_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using answers = std::vector<std::future<http_response>>;

struct preconditions : store_test {
    preconditions() {
        env["PG_DATABASE"] = servers.store.database();
        env["PG_SERVICE_URI"] = servers.postgres.with("dbname=" + servers.store.database());
        drop();
        EXPECT_EQ(run_to_end({program("basket"), "load-sample"}, env).status, 0);
        sql("CREATE TABLE books (isbn text PRIMARY KEY, title text NOT NULL, bound text NOT NULL,"
            " authors text[] NOT NULL, printed date, price numeric(12,2) NOT NULL); SELECT 1");
        start({program("basket"), "serve", "--port", std::to_string(shop), "--workers", "2"},
              "basket listening");
        start({program("basket"), "serve", "--port", std::to_string(other_shop)},
              "basket listening");
        start({program("examples/example_bookshop"), std::to_string(bookshop)},
              "bookshop listening");
    }
    ~preconditions() override {
        for (auto& one : all) one->signal(SIGTERM);
        for (auto& one : all) EXPECT_EQ(one->wait(), 0) << one->err();
        drop();
    }
    void drop() {
        sql("DROP TABLE IF EXISTS basket_items, baskets, products, vouchers, books; SELECT 1");
    }
    void start(const std::vector<std::string>& words, const std::string& says) {
        all.push_back(std::make_unique<child>(words, env));
        EXPECT_TRUE(all.back()->wait_for_err(says)) << all.back()->err();
    }
    static http_response send(std::uint16_t port, std::string_view method, std::string_view target,
                              header_list headers, std::string_view body = {}) {
        if (!body.empty()) headers.emplace_back("content-type", "application/json");
        return request(port, method, target, headers, body);
    }
    static http_response price(std::uint16_t port, std::string_view to, header_list headers) {
        return send(port, "PATCH", "/products/7", std::move(headers),
                    R"({"price":)" + std::string{to} + '}');
    }
    http_response put_book(std::string_view cost, header_list headers) const {
        return send(bookshop, "PUT", "/books/1", std::move(headers),
                    R"({"isbn":"1","title":"Dune","bound":"hardcover","author":"F","price":)" +
                        std::string{cost} + '}');
    }
    static std::string tag_of(std::uint16_t port, std::string_view target) {
        return get(port, target).header("etag");
    }
    std::string price_of_7() { return sql("SELECT price FROM products WHERE prod_id = 7"); }
    bool wait_for_lock(long waiting) {
        return eventually([&] {
            return sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                       " AND wait_event_type = 'Lock'") == std::to_string(waiting);
        });
    }
    /// How many were answered with each status.
    static std::map<int, int> statuses(answers& of) {
        std::map<int, int> all;
        for (auto& one : of) ++all[one.get().status];
        return all;
    }

    environment env = servers.env();
    const std::uint16_t shop = free_port(), other_shop = free_port(), bookshop = free_port();
    std::vector<std::unique_ptr<child>> all;
};

TEST_F(preconditions, hold_for_the_tag_that_a_get_answered_with) {
    const auto first = tag_of(shop, "/products/7");
    EXPECT_EQ(price(shop, "1", {{"if-match", "\"another\""}}).status, 412);
    EXPECT_EQ(price(shop, "1", {{"if-match", "W/" + first}}).status, 412);
    EXPECT_EQ(price(shop, "1", {{"if-match", first + ' ' + first}}).status, 412);
    EXPECT_EQ(price(shop, "1", {{"if-none-match", first}}).status, 412);
    EXPECT_EQ(price(shop, "1", {{"if-none-match", "*"}}).status, 412);
    EXPECT_EQ(tag_of(shop, "/products/7"), first);

    const auto done = price(shop, "1", {{"if-match", "\"another\", " + first}});
    expect_json(done, 200, get(other_shop, "/products/7").body);
    const auto refused = price(other_shop, "2", {{"if-match", first}});
    expect_json(refused, 412, R"({"detail":"Precondition Failed"})");
    const auto second = tag_of(other_shop, "/products/7");
    EXPECT_NE(second, first);
    EXPECT_EQ(price(other_shop, "2", {{"if-match", second}, {"if-none-match", first}}).status, 200);
    EXPECT_EQ(price(shop, "3", {{"if-match", "*"}}).status, 200);
    EXPECT_EQ(price(shop, "4", {}).status, 200) << "without a condition";
    EXPECT_EQ(price_of_7(), "4.00");
    EXPECT_EQ(price(shop, "-1", {{"if-match", "*"}}).status, 422);
    for (const auto* none : {"*", "\"x\""})
        EXPECT_EQ(
            send(shop, "PATCH", "/products/-1", {{"if-match", none}}, R"({"price":1})").status,
            412);
    EXPECT_EQ(
        send(shop, "PATCH", "/products/-1", {{"if-none-match", "*"}}, R"({"price":1})").status,
        404);
}

TEST_F(preconditions, are_told_anew_by_a_patch_that_answers_what_a_get_does) {
    auto tag = tag_of(shop, "/products/7");
    for (const auto* cost : {"1", "2.5", "2.50"}) {
        const auto done = price(shop, cost, {{"if-match", tag}});
        EXPECT_EQ(done.status, 200) << done.body;
        tag = done.header("etag");
        EXPECT_EQ(tag, tag_of(other_shop, "/products/7"));
    }
    const auto unasked = price(shop, "3", {});
    EXPECT_EQ(unasked.header("etag"), tag_of(shop, "/products/7"));
    EXPECT_FALSE(price(shop, "4", {{"if-match", tag}}).has("etag"));
    EXPECT_FALSE(send(shop, "PATCH", "/products/-1", {}, R"({"price":1})").has("etag"));
    EXPECT_FALSE(put_book("1", {}).has("etag")) << "the book is not what was sent";
}

// They have read the same tag, and the same row, when they wait for it.
TEST_F(preconditions, let_one_of_two_writers_with_the_same_tag_write) {
    const auto tag = tag_of(shop, "/products/7");
    int cost = 10;  // never the same again, nor the same tag
    for (const auto second : {shop, other_shop}) {
        const auto now = tag_of(shop, "/products/7");
        auto holder = servers.store.connect();
        holder.exec("BEGIN; SELECT 1 FROM products WHERE prod_id = 7 FOR UPDATE");
        answers both;
        for (const auto port : {shop, second})
            both.push_back(std::async(std::launch::async, [port, to = std::to_string(++cost), now] {
                return price(port, to, {{"if-match", now}});
            }));
        ASSERT_TRUE(wait_for_lock(2));
        holder.exec("COMMIT");
        EXPECT_EQ(statuses(both), (std::map<int, int>{{200, 1}, {412, 1}}));
    }
    EXPECT_EQ(price(shop, "99", {{"if-match", tag}}).status, 412);
}

TEST_F(preconditions, see_what_somebody_writes_who_asks_for_no_tag) {
    const auto tag = tag_of(shop, "/products/7");
    auto holder = servers.store.connect();
    holder.exec("BEGIN; UPDATE products SET price = 99 WHERE prod_id = 7");
    auto late =
        std::async(std::launch::async, [&] { return price(shop, "1", {{"if-match", tag}}); });
    ASSERT_TRUE(wait_for_lock(1));
    holder.exec("COMMIT");
    EXPECT_EQ(late.get().status, 412);
    EXPECT_EQ(price_of_7(), "99.00");
    // Who only holds the row changes nothing.
    auto locker = servers.store.connect();
    locker.exec("BEGIN; SELECT 1 FROM products WHERE prod_id = 7 FOR UPDATE");
    auto waits =
        std::async(std::launch::async, [&] { return price(shop, "5", {{"if-match", "*"}}); });
    ASSERT_TRUE(wait_for_lock(1));
    locker.exec("ROLLBACK");
    EXPECT_EQ(waits.get().status, 200);
}

// As many as there are connections, over and over.
TEST_F(preconditions, lose_no_update_of_many_writers) {
    constexpr int writers = 6, rounds = 15;
    sql("UPDATE products SET price = 0 WHERE prod_id = 7; SELECT 1");
    const auto count_up = [&](std::uint16_t port) {
        int made = 0;
        for (int i = 0; i < rounds; ++i) {
            const auto seen = get(port, "/products/7");
            const auto from = seen.body.find("\"price\":") + 8;
            const auto next = std::stoi(seen.body.substr(from)) + 1;
            const auto answered =
                price(port, std::to_string(next), {{"if-match", seen.header("etag")}});
            if (answered.status == 200) ++made;
            else EXPECT_EQ(answered.status, 412) << answered.body;
        }
        return made;
    };
    std::vector<std::future<int>> all_writers;
    all_writers.reserve(writers);
    for (int i = 0; i < writers; ++i)
        all_writers.push_back(
            std::async(std::launch::async, count_up, i % 2 == 0 ? shop : other_shop));
    int made = 0;
    for (auto& one : all_writers) made += one.get();
    EXPECT_GE(made, rounds) << "somebody always gets on";
    EXPECT_EQ(price_of_7(), std::to_string(made) + ".00");
}

TEST_F(preconditions, keep_a_put_from_replacing_what_it_has_not_seen) {
    EXPECT_EQ(put_book("1", {{"if-match", "*"}}).status, 412) << "there is none";
    EXPECT_EQ(put_book("1", {{"if-none-match", "*"}}).status, 201);
    EXPECT_EQ(put_book("2", {{"if-none-match", "*"}}).status, 412);
    EXPECT_EQ(put_book("2", {{"if-match", tag_of(bookshop, "/books/1")}}).status, 200);
    EXPECT_EQ(sql("SELECT price FROM books"), "2.00");
}

// There is no row yet that both could wait for: the first one's is not seen by the second.
TEST_F(preconditions, let_one_of_two_make_what_is_not_there) {
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE books IN SHARE MODE");
    answers both;
    for (const auto* cost : {"1", "2"})
        both.push_back(std::async(
            std::launch::async, [this, cost] { return put_book(cost, {{"if-none-match", "*"}}); }));
    ASSERT_TRUE(wait_for_lock(2));
    holder.exec("COMMIT");
    EXPECT_EQ(statuses(both), (std::map<int, int>{{201, 1}, {412, 1}}));
}

// In a larder::transaction, which is the handler's own.
TEST_F(preconditions, hold_for_a_transaction_of_several_statements) {
    EXPECT_EQ(put_book("1", {}).status, 201);
    const auto tag = tag_of(bookshop, "/books/1");
    EXPECT_EQ(put_book("2", {}).status, 200);
    const auto remove = [&](const std::string& when) {
        return send(bookshop, "DELETE", "/books/1", {{"if-match", when}});
    };
    EXPECT_EQ(remove(tag).status, 412);
    EXPECT_EQ(get(bookshop, "/books/1").status, 200);
    const auto now = tag_of(bookshop, "/books/1");
    auto holder = servers.store.connect();
    holder.exec("BEGIN; SELECT 1 FROM books FOR UPDATE");
    answers both;
    for (int i = 0; i < 2; ++i)
        both.push_back(std::async(std::launch::async, [&] { return remove(now); }));
    ASSERT_TRUE(wait_for_lock(2));
    holder.exec("COMMIT");
    EXPECT_EQ(statuses(both), (std::map<int, int>{{204, 1}, {412, 1}}));
    EXPECT_EQ(get(bookshop, "/books/1").status, 404);
    EXPECT_EQ(remove("*").status, 412);
}

// Nobody has said of what the tag is.
TEST_F(preconditions, never_hold_where_no_resource_was_named) {
    EXPECT_EQ(put_book("1", {}).status, 201);
    const auto tag = tag_of(bookshop, "/books/1");
    for (const auto& [name, value] :
         {std::pair{"if-match", tag}, {"if-none-match", std::string{"*"}}})
        EXPECT_EQ(send(bookshop, "PATCH", "/books/1", {{name, value}}, R"({"price":3})").status,
                  412);
    EXPECT_EQ(tag_of(bookshop, "/books/1"), tag);
}

TEST_F(preconditions, are_parameters_in_the_document) {
    const auto document = get(shop, "/openapi.json").body;
    const auto patch = document.substr(document.find(R"("operationId":"patch_products_prod_id")"));
    EXPECT_NE(patch.find(R"({"name":"if-match","in":"header")"), patch.npos) << patch;
    EXPECT_EQ(times(R"("name":"if-match")", document), 1U);
}

}  // namespace
}  // namespace larder::test
