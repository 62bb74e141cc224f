// What a cached load reads and its key does not name is found before it is ever wrong.

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "larder/cached.hpp"
#include "larder/cached_query.hpp"
#include "support/pg_worker.hpp"
#include "support/store_test.hpp"

namespace larder::declared_tables {

struct amount {
    std::int64_t n = 0;
};
BOOST_DESCRIBE_STRUCT(amount, (), (n))

struct which {
    std::int32_t id = 0;
};
BOOST_DESCRIBE_STRUCT(which, (), (id))

constexpr pg::statement all_parts{"SELECT count(*) AS n FROM parts", true};
constexpr pg::statement price_of{"SELECT count(*) AS n FROM prices WHERE id = $1", true};
constexpr pg::statement all_prices{"SELECT count(*) AS n FROM prices", true};
constexpr cached_query<amount> prices{cache::key{"price", cache::depends_on{"prices", "id"}},
                                      all_prices, price_of};

/// Of another family's entry, which may be in the cache: then nothing is asked of PostgreSQL.
inline awaitable<amount> add_price(services& at, which part) {
    auto sum = co_await at.db.one<amount>(all_parts);
    const auto price = co_await prices.get(at, part.id);
    sum.n += price.n;
    co_return sum;
}

}  // namespace larder::declared_tables

namespace larder::test {
namespace {

namespace asio = boost::asio;
using declared_tables::amount;
using names = std::vector<std::string>;

constexpr pg::statement items_of{
    "SELECT count(*) AS n FROM parts JOIN prices USING (id) WHERE id = $1", true};
constexpr pg::statement all_items{"SELECT count(*) AS n FROM parts JOIN prices USING (id)", true};

struct declared_tables_test : store_test {
    declared_tables_test() {
        sql("CREATE TABLE parts (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);"
            " CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);"
            " CREATE TABLE prices (id int PRIMARY KEY, price numeric);"
            " CREATE SCHEMA \"other one\"; CREATE TABLE \"other one\".parts (id int);"
            " CREATE VIEW named AS SELECT name, price FROM parts JOIN prices USING (id); SELECT 1");
    }
    ~declared_tables_test() override {
        sql("DROP SCHEMA \"other one\" CASCADE; DROP TABLE parts, prices CASCADE; SELECT 1");
    }
    names undeclared(const std::string& text, std::size_t values, const names& declared) const {
        pg_worker by{servers.postgres.uri(), servers.store.database()};
        const std::vector<pg::read> reads{{text, values}};
        return by.run(by.pool.undeclared_tables(reads, declared));
    }
};

TEST_F(declared_tables_test, are_all_that_a_statement_may_read) {
    const std::string join{items_of.sql};
    EXPECT_EQ(undeclared(join, 1, {"parts", "prices"}), names{});
    EXPECT_EQ(undeclared(join, 1, {"parts"}), names{"prices"});
    EXPECT_EQ(undeclared(join, 1, {"public.prices"}), names{"parts_1"});
    EXPECT_EQ(undeclared(join, 1, {}), (names{"parts_1", "prices"}));
    EXPECT_EQ(undeclared("SELECT 1", 0, {}), names{});
    EXPECT_EQ(undeclared("SELECT count(*) FROM pg_class", 0, {}), names{});
}

TEST_F(declared_tables_test, are_found_wherever_they_stand) {
    for (const auto* text :
         {"SELECT (SELECT max(price) FROM prices)",
          "WITH p AS MATERIALIZED (SELECT price FROM prices) SELECT count(*) FROM p",
          "SELECT 1 WHERE EXISTS (SELECT FROM prices WHERE price > 7)",
          "SELECT price FROM prices UNION SELECT 1",
          "SELECT id FROM prices ORDER BY price LIMIT 1 FOR SHARE"})
        EXPECT_EQ(undeclared(text, 0, {"parts"}), names{"prices"}) << text;
    EXPECT_EQ(undeclared("SELECT name FROM named", 0, {"parts"}), names{"prices"});
    EXPECT_EQ(undeclared("SELECT id FROM \"other one\".parts", 0, {"parts"}),
              names{"\"other one\".parts"});
    // Whatever the values are.
    EXPECT_EQ(undeclared("SELECT id FROM prices WHERE $1::int IS NOT NULL AND price < $2", 2, {}),
              names{"prices"});
}

// Who may use a view need have no rights on the schema of what it is made of.
TEST_F(declared_tables_test, are_found_by_a_role_with_few_rights) {
    sql("CREATE VIEW seen AS SELECT id FROM \"other one\".parts;"
        " CREATE ROLE clerk; GRANT SELECT ON seen TO clerk; SELECT 1");
    pg_worker by{servers.postgres.with("options=-c%20role%3Dclerk"), servers.store.database()};
    const std::vector<pg::read> reads{{"SELECT id FROM seen", 0}};
    const names declared{"parts"};
    EXPECT_EQ(by.run(by.pool.undeclared_tables(reads, declared)), names{"\"other one\".parts"});
    sql("DROP VIEW seen; DROP ROLE clerk; SELECT 1");
}

awaitable<amount> price_by(services& at, const cached_query<amount>& query) {
    const std::int32_t part = 7;
    const auto found = co_await query.get(at, part);
    co_return found;
}

// A cache that is not connected asks the source.
struct reader : pg_worker {
    using pg_worker::pg_worker;
    amount read(const cached_query<amount>& query) { return run(price_by(at, query)); }

    cache::own_writes own;
    cache::tiers tiers{io.get_executor(), {}, own, {}};
    pg::session session{pool};
    services at{session, tiers};
};

TEST_F(declared_tables_test, are_checked_when_an_entry_is_loaded) {
    constexpr cache::key one{"one", cache::depends_on{"parts", "id"}};
    constexpr cache::key both{"both", cache::depends_on{"parts", "id"},
                              cache::depends_on{"prices", "id"}};
    const cached_query<amount> wrong{one, all_items, items_of}, right{both, all_items, items_of};
    const auto uri = servers.postgres.uri(), database = servers.store.database();
    reader checking{uri, database, {.checks_reads = true}};
    reader trusting{uri, database, {.checks_reads = false}};
    for (int times = 0; times < 2; ++times) {
        try {
            checking.read(wrong);
            FAIL() << "nothing was found";
        } catch (const std::logic_error& e) {
            EXPECT_STREQ(e.what(),
                         "the entries of one are computed from prices, on which its key "
                         "does not depend");
        }
        EXPECT_EQ(checking.read(right).n, 0);
        EXPECT_EQ(trusting.read(wrong).n, 0);
    }
}

TEST_F(declared_tables_test, are_checked_in_a_debug_build_if_nobody_says_otherwise) {
    constexpr cache::key one{"one", cache::depends_on{"parts", "id"}};
    const cached_query<amount> wrong{one, all_items, items_of};
    reader usual{servers.postgres.uri(), servers.store.database()};
#ifdef NDEBUG
    EXPECT_EQ(usual.read(wrong).n, 0);
#else
    EXPECT_THROW(usual.read(wrong), std::logic_error);
#endif
}

TEST_F(declared_tables_test, are_those_of_entries_that_a_load_reads_as_well) {
    constexpr cache::key parts{"sum", cache::depends_on{"parts", "id"}};
    constexpr cache::key both{"sums", cache::depends_on{"parts", "id"},
                              cache::depends_on{"prices", "id"}};
    const auto wrong = &declared_tables::add_price | cached(parts(&declared_tables::which::id));
    const auto right = &declared_tables::add_price | cached(both(&declared_tables::which::id));
    const auto uri = servers.postgres.uri(), database = servers.store.database();
    reader checking{uri, database, {.checks_reads = true}};
    const declared_tables::which seven{7};
    try {
        checking.run(wrong(checking.at, seven));
        FAIL() << "nothing was found";
    } catch (const std::logic_error& e) {
        EXPECT_STREQ(e.what(),
                     "the entries of sum are computed from prices, on which its key does not "
                     "depend");
    }
    EXPECT_EQ(checking.run(right(checking.at, seven)).n, 0);
}

}  // namespace
}  // namespace larder::test
