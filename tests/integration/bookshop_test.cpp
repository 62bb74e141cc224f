// A service on larder that is not `orders`: every method, parameters in paths, values of every
// kind.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/eventually.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view dune =
    R"({"title":"Dune","bound":"hardcover","author":"Herbert, \"F\"","printed":"1965-08-01","price":9.5})";
constexpr std::string_view dune_back =
    R"({"isbn":"978-1","title":"Dune","bound":"hardcover","authors":["Herbert, \"F\""],)"
    R"("printed":"1965-08-01","price":9.50})";

struct bookshop : store_test {
    explicit bookshop(const std::string& follow = "off") {
        env["CACHE_FOLLOW"] = follow;
        env["PG_SERVICE_URI"] = servers.postgres.with("dbname=" + servers.store.database());
        sql("DROP TABLE IF EXISTS books; CREATE TABLE books (isbn text PRIMARY KEY, title text NOT"
            " NULL, bound text NOT NULL, authors text[] NOT NULL, printed date, price"
            " numeric(12,2) NOT NULL); SELECT 1");
        one = start(port);
    }
    ~bookshop() override {
        stop(*one);
        sql("DROP TABLE books; SELECT 1");
    }
    std::unique_ptr<child> start(std::uint16_t at) const {
        auto begun = std::make_unique<child>(
            std::vector<std::string>{program("examples/example_bookshop"), std::to_string(at)},
            env);
        EXPECT_TRUE(begun->wait_for_err("bookshop listening")) << begun->err();
        return begun;
    }
    static void stop(child& begun) {
        begun.signal(SIGTERM);
        EXPECT_EQ(begun.wait(), 0) << begun.err();
    }
    http_response ask(std::string_view method, std::string_view target,
                      std::string_view body = {}) const {
        header_list headers;
        if (!body.empty()) headers.emplace_back("content-type", "application/json");
        return request(port, method, target, headers, body);
    }
    std::string status_of(std::string_view target) const {
        return get(port, target).header("cache-status");
    }
    void expect_kept(std::string_view target) const {
        EXPECT_TRUE(eventually([&] { return status_of(target).ends_with("detail=local"); }))
            << one->err();
    }

    environment env = servers.env();
    const std::uint16_t port = free_port();
    std::unique_ptr<child> one;
};

constexpr const char* all_dunes = "/editions/Dune";
constexpr const char* hard_dunes = "/editions/Dune?bound=hardcover";
constexpr const char* soft_dunes = "/editions/Dune?bound=paperback";
constexpr const char* all_emmas = "/editions/Emma";
constexpr const char* hard_emmas = "/editions/Emma?bound=hardcover";
using targets = std::vector<std::string>;
const targets all_lists{all_dunes, hard_dunes, soft_dunes, all_emmas, hard_emmas};

std::string entry_of(const std::string& target) {
    const auto title = target.find('/', 1) + 1, query = target.find("?bound=");
    const auto bound = query == target.npos ? "all" : target.substr(query + 7);
    return "editions:" + target.substr(title, query - title) + ':' + bound;
}

// Lists by two values, one of which may be missing, in two instances.
struct two_bookshops : bookshop {
    explicit two_bookshops(const std::string& follow = "off") : bookshop(follow) {
        sql("INSERT INTO books VALUES"
            " ('1', 'Dune', 'hardcover', '{F}', NULL, 10), ('2', 'Dune', 'paperback', '{F}', NULL, "
            "5),"
            " ('3', 'Emma', 'hardcover', '{J}', NULL, 7); SELECT 1");
        two = start(other);
    }
    ~two_bookshops() override { stop(*two); }

    static bool is_local(std::uint16_t at, const std::string& target) {
        return get(at, target).header("cache-status").ends_with("detail=local");
    }
    void keep_all() const {
        for (const auto at : {port, other})
            for (const auto& each : all_lists)
                ASSERT_TRUE(eventually([&] { return is_local(at, each); })) << each << one->err();
    }
    /// The page that has all books, too.
    void keep_page() const {
        for (const auto at : {port, other})
            ASSERT_TRUE(eventually([&] { return is_local(at, "/books"); })) << one->err();
    }
    /// `number:price` of the books that an instance lists.
    static std::string listed(std::uint16_t at, const std::string& target) {
        const auto answer = get(at, target);
        EXPECT_EQ(answer.status, 200) << answer.body;
        std::string all;
        for (std::string_view left = answer.body; left.find("isbn") != left.npos;) {
            const auto from = left.find("isbn") + 7;
            all += std::string{left.substr(from, left.find('"', from) - from)} + ':';
            left.remove_prefix(left.find("price") + 7);
            all += std::string{left.substr(0, left.find('}'))} + ' ';
        }
        return all;
    }
    void expect_listed(const std::string& target, const std::string& books) const {
        for (const auto at : {port, other}) EXPECT_EQ(listed(at, target), books) << target;
    }
    void expect_soon(const std::string& target, const std::string& books) const {
        for (const auto at : {port, other})
            EXPECT_TRUE(eventually([&] { return listed(at, target) == books; }, 1s * slack))
                << target << ": " << listed(at, target) << '\n'
                << one->err();
    }
    /// The entries of all other lists are still there, before anybody asks for them.
    void expect_kept_beside(const targets& changed) const {
        for (const auto& each : all_lists)
            if (std::ranges::find(changed, each) == changed.end()) {
                EXPECT_TRUE(valkey().get(entry_of(each)).has_value()) << each;
            }
    }
    http_response send(std::uint16_t at, std::string_view method, std::string_view target,
                       std::string_view body = {}) const {
        header_list headers;
        if (!body.empty()) headers.emplace_back("content-type", "application/json");
        return request(at, method, target, headers, body);
    }

    const std::uint16_t other = free_port();
    std::unique_ptr<child> two;
};

struct followed_bookshops : two_bookshops {
    explicit followed_bookshops(const std::string& by = "auto",
                                const std::string& says = "Follows PostgreSQL's log")
        : two_bookshops(by) {
        EXPECT_TRUE(eventually([&] {
            return one->err().find(says) != std::string::npos ||
                   two->err().find(says) != std::string::npos;
        })) << one->err();
        // What was stored before anybody followed has ended, too.
        EXPECT_TRUE(eventually([&] {
            for (const auto& each : all_lists) get(port, each);
            return std::ranges::all_of(
                all_lists, [&](const auto& each) { return valkey().ttl(entry_of(each)) > 60; });
        }));
    }
};

struct told_bookshops : followed_bookshops {
    told_bookshops() : followed_bookshops("trigger", "Follows what triggers tell") {}
};

TEST_F(bookshop, makes_changes_and_removes_what_path_and_body_say) {
    auto made = ask("PUT", "/books/978-1", dune);
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.header("location"), "/books/978-1");
    EXPECT_EQ(made.body, dune_back);
    made = ask("PUT", "/books/978-1", dune);
    EXPECT_EQ(made.status, 200) << made.body;
    EXPECT_FALSE(made.has("location"));

    const auto changed = ask("PATCH", "/books/978-1", R"({"price":"12.345"})");
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_TRUE(changed.body.ends_with(R"("price":12.35})")) << changed.body;
    const auto missing = ask("PATCH", "/books/978-2", R"({"price":1})");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.body, R"({"detail":"Not Found"})");

    const auto removed = ask("DELETE", "/books/978-1");
    EXPECT_EQ(removed.status, 204);
    EXPECT_EQ(removed.body, "");
    EXPECT_EQ(ask("DELETE", "/books/978-1").status, 404);
    EXPECT_EQ(get(port, "/books/978-1").status, 404);
}

TEST_F(bookshop, answers_from_the_cache_until_a_write_of_any_method) {
    const auto expect_price = [&](std::string_view price) {
        const auto answer = get(port, "/books/978-1");
        EXPECT_NE(answer.body.find(price), std::string::npos) << answer.body;
        EXPECT_NE(answer.header("cache-status").find("fwd=uri-miss"), std::string::npos)
            << answer.header("cache-status");
        expect_kept("/books/978-1");
        EXPECT_EQ(get(port, "/books/978-1").body, answer.body);
    };
    ask("PUT", "/books/978-1", dune);
    expect_price("9.50");
    const auto kept = valkey().get("book:978-1").value_or("");
    EXPECT_TRUE(kept.starts_with(R"({"shape":")")) << kept;
    EXPECT_TRUE(kept.ends_with(std::string{dune_back} + '}')) << kept;
    ask("PATCH", "/books/978-1", R"({"price":2})");
    EXPECT_EQ(valkey().get("book:978-1"), std::nullopt);
    expect_price("2.00");
    ask("PUT", "/books/978-1", dune);
    expect_price("9.50");
    ask("DELETE", "/books/978-1");
    EXPECT_EQ(get(port, "/books/978-1").status, 404);
}

// A flood of unknown numbers asks PostgreSQL for each once.
TEST_F(bookshop, remembers_what_is_not_there_until_it_is) {
    const auto first = get(port, "/books/978-1");
    EXPECT_EQ(first.status, 404);
    EXPECT_EQ(first.header("cache-control"), "no-cache");
    expect_kept("/books/978-1");
    EXPECT_EQ(get(port, "/books/978-1").status, 404);
    EXPECT_TRUE(valkey().get("book:978-1").value_or("").ends_with(R"("value":null})"));
    ask("PUT", "/books/978-1", dune);
    EXPECT_EQ(get(port, "/books/978-1").body, dune_back);
}

TEST_F(bookshop, takes_any_text_in_a_path_for_what_it_is) {
    for (const auto& [target, isbn] : {std::pair{"/books/all", "all"},
                                       {"/books/a%2Fb", "a/b"},
                                       {"/books/%C3%A9%20", "\xC3\xA9 "},
                                       {"/books/a%0D%0Ax%3A1", "a\\r\\nx:1"},
                                       {"/books/%2561ll", "%61ll"},
                                       {"/books/x:all", "x:all"},
                                       {"/books/..", ".."}}) {
        const auto made = ask("PUT", target, dune);
        EXPECT_EQ(made.status, 201) << made.body;
        EXPECT_EQ(get(port, made.header("location")).status, 200) << made.header("location");
        EXPECT_EQ(sql("SELECT count(*) FROM books WHERE isbn = E'" + std::string{isbn} + "'"), "1");
        const auto read = get(port, target);
        EXPECT_EQ(read.status, 200);
        ask("PATCH", target, R"({"price":3})");
        EXPECT_NE(get(port, target).body.find("3.00"), std::string::npos) << target;
        EXPECT_EQ(ask("DELETE", target).status, 204) << target;
        EXPECT_EQ(get(port, target).status, 404) << target;
    }
    EXPECT_EQ(valkey().get("book:all"), std::nullopt);
}

TEST_F(bookshop, has_entries_that_live_as_long_as_their_family) {
    ask("PUT", "/books/978-1", dune);
    EXPECT_EQ(get(port, "/books/978-1").header("age"), "0");
    const auto left = valkey().ttl("book:978-1");
    EXPECT_GE(left, 560);
    EXPECT_LE(left, 600);
    // Not what it would have written: the entry would live for longer.
    valkey().command({"PEXPIRE", "book:978-1", "601000"});
    EXPECT_NE(status_of("/books/978-1").find("fwd=uri-miss"), std::string::npos);
    valkey().command({"PEXPIRE", "book:978-1", "300000"});
    EXPECT_TRUE(eventually([&] {
        const auto age = std::stol(get(port, "/books/978-1").header("age"));
        return age >= 260 && age <= 301;
    }));
    EXPECT_NE(
        get(port, "/openapi.json").body.find(R"("entries":["book:all","book:{isbn}"],"ttl":600)"),
        std::string::npos);
}

// What is not there may be put there by somebody whose writes nobody follows.
TEST_F(bookshop, remembers_what_is_not_there_for_a_time_of_its_own) {
    const auto target = "/books/978-1";
    const auto first = get(port, target);
    EXPECT_EQ(first.status, 404);
    EXPECT_NE(first.header("cache-status").find("; stored"), std::string::npos);
    const auto left = valkey().ttl("book:978-1");
    EXPECT_TRUE(left > 5 && left <= 10) << left;
    expect_kept(target);
    const auto hit = get(port, target);
    EXPECT_LE(std::stol(hit.header("age")), 9 - left + 1);
    EXPECT_NE(hit.header("cache-status").find("; ttl=" + std::to_string(left - 1)),
              std::string::npos)
        << hit.header("cache-status");
    // Not what it would have written: that something is there may live for longer, and this not.
    valkey().command({"PEXPIRE", "book:978-1", "11000"});
    EXPECT_NE(status_of(target).find("fwd=uri-miss"), std::string::npos);
    ask("PUT", target, dune);
    EXPECT_EQ(get(port, target).status, 200);
    EXPECT_GE(valkey().ttl("book:978-1"), 560);
    EXPECT_NE(get(port, "/openapi.json").body.find(R"("ttl":600,"negative_ttl":10)"),
              std::string::npos);
}

TEST_F(two_bookshops, list_what_a_write_by_either_has_changed_and_keep_the_rest) {
    expect_listed(all_dunes, "1:10.00 2:5.00 ");
    expect_listed(hard_dunes, "1:10.00 ");
    expect_listed(soft_dunes, "2:5.00 ");
    keep_all();
    for (const auto* entry : {"editions:Dune:all", "editions:Dune:hardcover"}) {
        const auto left = valkey().ttl(entry);
        EXPECT_TRUE(left > 240 && left <= 300) << left << ", it has its family's time";
    }

    EXPECT_EQ(send(other, "PATCH", "/books/1", R"({"price":11})").status, 200);
    expect_kept_beside({all_dunes, hard_dunes});
    expect_listed(all_dunes, "1:11.00 2:5.00 ");
    expect_listed(hard_dunes, "1:11.00 ");
    keep_all();

    const auto third = R"({"title":"Dune","bound":"paperback","author":"F","price":4})";
    EXPECT_EQ(send(port, "PUT", "/books/4", third).status, 201);
    expect_kept_beside({all_dunes, soft_dunes});
    expect_listed(all_dunes, "1:11.00 2:5.00 4:4.00 ");
    expect_listed(soft_dunes, "2:5.00 4:4.00 ");
    keep_all();

    EXPECT_EQ(send(other, "DELETE", "/books/2").status, 204);
    expect_kept_beside({all_dunes, soft_dunes});
    expect_listed(all_dunes, "1:11.00 4:4.00 ");
    expect_listed(soft_dunes, "4:4.00 ");
    keep_all();

    const auto moved = R"({"title":"Emma","bound":"paperback","author":"F","price":4})";
    EXPECT_EQ(send(port, "PUT", "/books/4", moved).status, 409);
    EXPECT_EQ(send(port, "DELETE", "/books/2").status, 404);
    expect_listed(all_emmas, "3:7.00 ");
}

// Each write ends them all, whichever it is, and touches one entry for that.
TEST_F(two_bookshops, list_by_pages_which_every_write_ends) {
    const targets all_pages{"/books", "/books?limit=1", "/books?limit=1&after=1", "/books?author=F",
                            "/books?author=all&after=:&limit=5"};
    const auto expect_pages = [&](const targets& expected) {
        for (std::size_t i = 0; i < all_pages.size(); ++i) expect_listed(all_pages[i], expected[i]);
    };
    const auto keep_pages = [&] {
        for (const auto at : {port, other})
            for (const auto& each : all_pages)
                ASSERT_TRUE(eventually([&] { return is_local(at, each); })) << each << one->err();
        keep_all();
    };
    const auto generation = [&] { return valkey().get("pages:all"); };
    expect_pages({"1:10.00 2:5.00 3:7.00 ", "1:10.00 ", "2:5.00 ", "1:10.00 2:5.00 ", ""});
    keep_pages();
    const auto first = generation();
    ASSERT_TRUE(first);
    EXPECT_TRUE(valkey().get("pages:" + *first + ":F:all:all").has_value());

    EXPECT_EQ(send(other, "PATCH", "/books/1", R"({"price":11})").status, 200);
    EXPECT_EQ(generation(), std::nullopt);
    expect_kept_beside({all_dunes, hard_dunes});
    expect_pages({"1:11.00 2:5.00 3:7.00 ", "1:11.00 ", "2:5.00 ", "1:11.00 2:5.00 ", ""});
    keep_pages();
    EXPECT_NE(generation(), first);

    const auto third = R"({"title":"Dune","bound":"paperback","author":"F","price":4})";
    EXPECT_EQ(send(port, "PUT", "/books/11", third).status, 201);
    expect_pages(
        {"1:11.00 11:4.00 2:5.00 3:7.00 ", "1:11.00 ", "11:4.00 ", "1:11.00 11:4.00 2:5.00 ", ""});
    keep_pages();

    EXPECT_EQ(send(other, "DELETE", "/books/1").status, 204);
    expect_pages({"11:4.00 2:5.00 3:7.00 ", "11:4.00 ", "11:4.00 ", "11:4.00 2:5.00 ", ""});
}

TEST_F(two_bookshops, take_any_title_for_what_it_is) {
    const std::vector<std::pair<std::string, std::string>> titles{
        {"all", "all"},       {"a:b", "a%3Ab"},     {"a:all", "a%3Aall"}, {"%61ll", "%2561ll"},
        {"Dune:", "Dune%3A"}, {":Dune", "%3ADune"}, {"~", "~"},           {"*", "%2A"}};
    for (const auto& [title, in_path] : titles)
        for (const auto* query : {"", "?bound=hardcover", "?bound=paperback"})
            for (const auto at : {port, other})
                EXPECT_EQ(listed(at, "/editions/" + in_path + query), "");
    for (const auto& [title, in_path] : titles) {
        const auto body =
            R"({"title":")" + title + R"(","bound":"hardcover","author":"F","price":1})";
        EXPECT_EQ(send(port, "PUT", "/books/" + in_path, body).status, 201);
        for (const auto* query : {"", "?bound=hardcover"})
            expect_listed("/editions/" + in_path + query, title + ":1.00 ");
        expect_listed("/editions/" + in_path + "?bound=paperback", "");
    }
    expect_listed(all_dunes, "1:10.00 2:5.00 ");
}

TEST_F(followed_bookshops, list_what_somebody_else_has_changed_and_keep_the_rest) {
    keep_all();
    keep_page();
    sql("INSERT INTO books VALUES ('4', 'Dune', 'paperback', '{F}', NULL, 4); SELECT 1");
    expect_soon("/books", "1:10.00 2:5.00 3:7.00 4:4.00 ");
    expect_soon(all_dunes, "1:10.00 2:5.00 4:4.00 ");
    expect_soon(soft_dunes, "2:5.00 4:4.00 ");
    expect_kept_beside({all_dunes, soft_dunes});
    keep_all();

    keep_page();
    sql("UPDATE books SET price = 12 WHERE isbn = '1'; SELECT 1");
    expect_soon("/books", "1:12.00 2:5.00 3:7.00 4:4.00 ");
    expect_soon(all_dunes, "1:12.00 2:5.00 4:4.00 ");
    expect_soon(hard_dunes, "1:12.00 ");
    expect_kept_beside({all_dunes, hard_dunes});
    keep_all();

    sql("UPDATE books SET bound = 'hardcover' WHERE isbn = '4'; SELECT 1");
    expect_soon(soft_dunes, "2:5.00 ");
    expect_soon(hard_dunes, "1:12.00 4:4.00 ");
    expect_kept_beside({all_dunes, hard_dunes, soft_dunes});
    keep_all();

    sql("UPDATE books SET title = 'Emma' WHERE isbn = '4'; SELECT 1");
    expect_soon(all_dunes, "1:12.00 2:5.00 ");
    expect_soon(hard_dunes, "1:12.00 ");
    expect_soon(all_emmas, "3:7.00 4:4.00 ");
    expect_soon(hard_emmas, "3:7.00 4:4.00 ");
    expect_kept_beside({all_dunes, hard_dunes, all_emmas, hard_emmas});
    keep_all();

    sql("DELETE FROM books WHERE isbn = '3'; SELECT 1");
    expect_soon(all_emmas, "4:4.00 ");
    expect_soon(hard_emmas, "4:4.00 ");
    expect_kept_beside({all_emmas, hard_emmas});
    keep_all();

    EXPECT_EQ(send(other, "PATCH", "/books/4", R"({"price":3})").status, 200);
    expect_listed(all_emmas, "4:3.00 ");
    expect_listed(hard_emmas, "4:3.00 ");
    keep_all();
    sql("TRUNCATE books; SELECT 1");
    for (const auto& each : all_lists) expect_soon(each, "");
}

// Of a key with several parameters triggers tell that all entries are untrue.
TEST_F(told_bookshops, list_what_somebody_else_has_changed) {
    const auto expect_price = [&](const std::string& price) {
        for (const auto at : {port, other})
            EXPECT_TRUE(eventually(
                [&] { return get(at, "/books/1").body.find(price) != std::string::npos; },
                1s * slack))
                << get(at, "/books/1").body;
    };
    expect_price("10.00");
    expect_kept("/books/1");
    keep_all();
    keep_page();
    sql("UPDATE books SET price = 12 WHERE isbn = '1'; SELECT 1");
    expect_soon("/books", "1:12.00 2:5.00 3:7.00 ");
    expect_soon(all_dunes, "1:12.00 2:5.00 ");
    expect_soon(hard_dunes, "1:12.00 ");
    expect_price("12.00");
    keep_all();
    sql("UPDATE books SET title = 'Emma' WHERE isbn = '1'; SELECT 1");
    expect_soon(all_dunes, "2:5.00 ");
    expect_soon(hard_dunes, "");
    expect_soon(hard_emmas, "1:12.00 3:7.00 ");
    keep_all();
    sql("INSERT INTO books VALUES ('4', 'Dune', 'hardcover', '{F}', NULL, 4); SELECT 1");
    expect_soon(hard_dunes, "4:4.00 ");
    keep_all();
    sql("DELETE FROM books WHERE title = 'Dune'; SELECT 1");
    expect_soon(all_dunes, "");
    expect_soon(soft_dunes, "");
    keep_all();
    sql("TRUNCATE books; SELECT 1");
    for (const auto& each : all_lists) expect_soon(each, "");
}

// As one of a version with one parameter would be.
TEST_F(told_bookshops, notice_a_trigger_that_tells_something_else) {
    sql("DROP TRIGGER larder_editions_update ON books;"
        " CREATE TRIGGER larder_editions_update AFTER UPDATE ON books REFERENCING OLD TABLE AS"
        " larder_before NEW TABLE AS larder_after FOR EACH STATEMENT EXECUTE FUNCTION"
        " larder.tell_of_rows('editions', 'title', 'any');"
        " ALTER TABLE books ENABLE ALWAYS TRIGGER larder_editions_update; SELECT 1");
    EXPECT_TRUE(eventually([&] {
        return (one->err() + two->err())
                   .find("books has no triggers that always tell of its rows") != std::string::npos;
    })) << one->err();
}

// The book is deleted before its new number is refused.
TEST_F(two_bookshops, leave_all_as_it_was_where_the_second_statement_is_refused) {
    const auto is_hit = [&](std::uint16_t at, const std::string& target) {
        return get(at, target).header("cache-status").starts_with("larder; hit");
    };
    keep_all();
    keep_page();
    for (const auto at : {port, other})
        ASSERT_TRUE(eventually([&] { return is_local(at, "/books/1"); }));
    const auto refused = send(port, "POST", "/books/1/reprint", R"({"new_isbn":"2","price":11})");
    expect_json(refused, 422,
                R"({"detail":[{"type":"unique","loc":["body","new_isbn"],)"
                R"("msg":"Another book has this number"}]})");
    EXPECT_EQ(sql("SELECT string_agg(isbn, ' ' ORDER BY isbn) FROM books"), "1 2 3");
    for (const auto at : {port, other})
        for (const auto* each : {"/books/1", "/books", all_dunes, hard_dunes})
            EXPECT_TRUE(is_hit(at, each)) << each;

    EXPECT_EQ(send(port, "POST", "/books/4/reprint", R"({"new_isbn":"5","price":1})").status, 404);
    EXPECT_EQ(get(other, "/books/5").status, 404);
    EXPECT_EQ(send(port, "POST", "/books/1/reprint", R"({"new_isbn":"5","price":11})").status, 200);
    for (const auto at : {port, other}) {
        EXPECT_EQ(get(at, "/books/1").status, 404);
        EXPECT_EQ(get(at, "/books/5").status, 200) << "that there was none was an entry";
    }
    expect_listed(hard_dunes, "5:11.00 ");
    expect_listed("/books", "2:5.00 3:7.00 5:11.00 ");
}

// The statements that its sessions have prepared are of the old types.
TEST_F(bookshop, answers_on_when_a_column_has_another_type) {
    ask("PUT", "/books/978-1", dune);
    int page = 0;
    const auto expect_answers = [&](const std::string& after_what) {
        for (int i = 0; i < 6; ++i) {
            const auto answer = get(port, "/books?after=0" + std::to_string(++page));
            EXPECT_EQ(answer.status, 200) << after_what << ": " << answer.body << one->err();
            EXPECT_NE(answer.body.find("978-1"), std::string::npos) << answer.body;
        }
    };
    expect_answers("nothing");
    for (const std::string change :
         {"ALTER title TYPE varchar(60)", "ALTER title TYPE text", "ALTER price TYPE numeric(15,2)",
          "ALTER title TYPE varchar(50) COLLATE \"C\"", "ADD pages int", "DROP pages",
          "ALTER price TYPE numeric(12,2)"}) {
        sql("ALTER TABLE books " + change + "; SELECT 1");
        expect_answers(change);
    }
}

TEST_F(bookshop, of_another_version_of_the_type_loads_anew) {
    ask("PUT", "/books/978-1", dune);
    expect_kept("/books/978-1");
    for (const std::string other :
         {R"({"shape":"0123456789abcdef","value":{"isbn":"978-1","title":"Emma"}})", "12", "null",
          R"({"isbn":"978-1","title":"Emma"})"}) {
        valkey().command({"SET", "book:978-1", other, "PX", "60000"});
        EXPECT_EQ(get(port, "/books/978-1").body, dune_back) << other;
    }
}

// Of a table that somebody renames and leaves a view behind, no change would be told.
TEST_F(bookshop, in_a_debug_build_has_no_entry_of_a_table_that_its_key_does_not_name) {
    ask("PUT", "/books/978-1", dune);
    sql("ALTER TABLE books RENAME TO shelf; CREATE VIEW books AS SELECT * FROM shelf; SELECT 1");
    for (int i = 0; i < 2; ++i) {
        const auto refused = get(port, "/books/978-1");
        EXPECT_EQ(refused.status, 500);
        EXPECT_EQ(refused.body.find("shelf"), std::string::npos) << refused.body;
    }
    EXPECT_TRUE(
        one->wait_for_err("the entries of book are computed from shelf, on which its key "
                          "does not depend"))
        << one->err();
    EXPECT_EQ(valkey().get("book:978-1"), std::nullopt);
    sql("DROP VIEW books; ALTER TABLE shelf RENAME TO books; SELECT 1");
    EXPECT_EQ(get(port, "/books/978-1").body, dune_back) << one->err();
}

TEST_F(bookshop, says_what_is_wrong_and_where) {
    const auto wrong = ask("PUT", "/books/978-1",
                           R"({"title":1,"bound":"leather","author":"x","printed":"1965-02-30"})");
    EXPECT_EQ(wrong.status, 422);
    for (const auto* part : {R"("type":"string_type","loc":["body","title"])",
                             R"("type":"enum","loc":["body","bound"])",
                             R"("type":"date_parsing","loc":["body","printed"])",
                             R"("type":"missing","loc":["body","price"])"})
        EXPECT_NE(wrong.body.find(part), std::string::npos) << part << " in " << wrong.body;
    EXPECT_EQ(ask("PUT", "/books/978-1", "[]").status, 422);
    EXPECT_EQ(ask("PUT", "/books/978-1").status, 422);
    for (const auto* target : {"/books/%00", "/books/a%00b", "/books/%ff", "/books/%ed%a0%80"}) {
        const auto answer = get(port, target);
        EXPECT_EQ(answer.status, 422) << target;
        EXPECT_NE(answer.body.find(R"("type":"string_unicode","loc":["path","isbn"])"),
                  std::string::npos)
            << answer.body;
    }
    for (const auto* text : {"%00", "a%00b", "%ff", "%ed%a0%80"})
        for (const std::string member : {"author", "after"}) {
            const auto answer = get(port, "/books?" + member + '=' + text);
            EXPECT_EQ(answer.status, 422) << text;
            EXPECT_NE(answer.body.find(R"("type":"string_unicode","loc":["query",")" + member),
                      std::string::npos)
                << answer.body;
        }
}

TEST_F(bookshop, has_the_paths_and_methods_of_its_routes_and_no_others) {
    for (const auto* target : {"/bookz", "/books/1/2", "/book/1"})
        EXPECT_EQ(get(port, target).status, 404) << target;
    const auto moved = get(port, "/books/a%2Fb/?x=1");
    EXPECT_EQ(moved.status, 307);
    EXPECT_TRUE(moved.header("location").ends_with("/books/a%2Fb?x=1")) << moved.header("location");
    const auto refused = ask("POST", "/books/1", dune);
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.header("allow"), "GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
    EXPECT_EQ(ask("OPTIONS", "/books/1").header("allow"), refused.header("allow"));
    EXPECT_EQ(ask("OPTIONS", "*").header("allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    const auto document = get(port, "/openapi.json").body;
    for (const auto* part :
         {R"("/books/{isbn}":{"get":{)", R"("put":{"operationId":"put_books_isbn")",
          R"("delete":{)", R"("patch":{)", R"({"name":"isbn","in":"path","required":true)",
          R"("201":{)", R"("204":{"description":"Done."})",
          R"("404":{"description":"There is none.")", R"("enum":["paperback","hardcover"])",
          R"("format":"date")"})
        EXPECT_NE(document.find(part), std::string::npos) << part << " in " << document;
}

}  // namespace
}  // namespace larder::test
