// `orders load-sample` against a real PostgreSQL.

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sample/database.hpp"
#include "sample/load_sample.hpp"
#include "support/eventually.hpp"
#include "support/gate.hpp"
#include "support/pg_client.hpp"
#include "support/process.hpp"
#include "support/servers.hpp"

namespace orders {
namespace {

using larder::test::eventually;
using larder::test::pg_client;
using larder::test::postgres_server;

using keywords = std::vector<std::pair<std::string, std::string>>;

// So many that a load can be caught at them.
constexpr std::int64_t many = 5'000'000;

keywords keywords_of(const std::string& uri) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{
        PQconninfoParse(uri.c_str(), nullptr), &PQconninfoFree};
    keywords server;
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) server.emplace_back(option->keyword, option->val);
    }
    return server;
}

struct outcome {
    int status = -1;
    std::string out;
    std::string err;
};

outcome load(const load_sample_options& options) {
    outcome load;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    load.status = load_sample(options);
    load.err = testing::internal::GetCapturedStderr();
    load.out = testing::internal::GetCapturedStdout();
    return load;
}

/// A load in a process of its own, on a terminal.
class load_on_terminal {
public:
    explicit load_on_terminal(const load_sample_options& options)
        : pid_{forkpty(&terminal_, nullptr, nullptr, nullptr)} {
        if (pid_ == 0) {
            const auto status = load_sample(options);
            std::fflush(nullptr);
            _exit(status);
        }
    }
    ~load_on_terminal() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        close(terminal_);
    }
    load_on_terminal(const load_on_terminal&) = delete;
    load_on_terminal& operator=(const load_on_terminal&) = delete;

    void press(char key) const { ASSERT_EQ(write(terminal_, &key, 1), 1); }

    /// What it shows until it ends.
    std::string shown() const {
        std::string text;
        std::array<char, 4096> part;
        // The end is an error here: nobody has the other side open any more.
        for (ssize_t size = 0; (size = read(terminal_, part.data(), part.size())) > 0;) {
            text.append(part.data(), static_cast<std::size_t>(size));
        }
        return text;
    }

    /// Its exit status, to be asked for once and after shown().
    int status() {
        int status = -1;
        waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    int terminal_ = -1;
    pid_t pid_ = -1;
};

/// Each test has a database of its own, which is not there at first, on one server.
class load_sample_test : public testing::Test {
protected:
    static const postgres_server& server() {
        static const postgres_server shared;
        return shared;
    }

    load_sample_options options() const {
        return {.server = keywords_of(server().uri()), .database = database_};
    }
    load_sample_options options(std::int64_t orders, bool reset) const {
        auto changed = options();
        changed.orders = orders;
        changed.reset = reset;
        return changed;
    }
    /// By another role.
    load_sample_options options(const std::string& role) const {
        auto changed = options();
        changed.server.emplace_back("user", role);
        changed.server.emplace_back("password", "swordfish");
        return changed;
    }

    outcome load_all() { return load(options()); }
    outcome load_anew() { return load(options(12'000, true)); }

    void make_database() const {
        pg_client{server().uri()}.exec("CREATE DATABASE \"" + database_ + "\"");
    }
    /// The first column of the first row.
    std::string sql(const std::string& query) const {
        return pg_client{server().uri(), database_}.scalar(query);
    }
    std::string all(const std::string& query) const {
        return sql("SELECT string_agg(line, E'\\n') FROM (" + query + ") AS lines (line)");
    }
    long count(const std::string& table) const {
        return std::stol(sql("SELECT count(*) FROM " + table));
    }
    /// Of every row of every table.
    std::string digest() const;

    /// Waits until the load in another thread is at the orders.
    bool loading() const {
        return eventually([this] { return !at_orders("pid::text").empty(); });
    }
    std::string at_orders(const std::string& what) const {
        return pg_client{server().uri()}.scalar(
            "SELECT " + what +
            " FROM pg_stat_activity WHERE application_name = 'orders load-sample'"
            " AND datname = '" +
            database_ + "' AND query LIKE 'COPY public.orders %'");
    }

    std::string database_ = testing::UnitTest::GetInstance()->current_test_info()->name();
};

/// Tests that only read share one database.
class loaded_sample_test : public load_sample_test {
public:
    static void SetUpTestSuite() {
        const auto loaded = load({.server = keywords_of(server().uri())});
        ASSERT_EQ(loaded.status, 0) << loaded.err;
    }

protected:
    loaded_sample_test() { database_ = "dellstore"; }
};

std::string load_sample_test::digest() const {
    std::string query;
    for (const std::string table : {"categories", "cust_hist", "customers", "inventory",
                                    "orderlines", "orders", "products", "reorder"}) {
        query += query.empty() ? "SELECT " : " || ";
        query += "coalesce((SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM " + table +
                 " t), '-')";
    }
    return sql(query);
}

TEST_F(loaded_sample_test, lists_the_tutorials_twelve_relations) {
    EXPECT_EQ(all(R"(
        SELECT n.nspname || ' ' || c.relname || ' ' ||
               CASE c.relkind WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' ELSE c.relkind::text END
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 't', 'v', 'm', 'S', 'f')
        AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        ORDER BY c.relname)"),
              "public categories table\n"
              "public categories_category_seq sequence\n"
              "public cust_hist table\n"
              "public customers table\n"
              "public customers_customerid_seq sequence\n"
              "public inventory table\n"
              "public orderlines table\n"
              "public orders table\n"
              "public orders_orderid_seq sequence\n"
              "public products table\n"
              "public products_prod_id_seq sequence\n"
              "public reorder table");
}

TEST_F(loaded_sample_test, has_the_originals_columns) {
    EXPECT_EQ(all(R"(
        SELECT format('%s: %s', c.relname, string_agg(
            format('%s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                   CASE WHEN a.attnotnull THEN ' not null' END,
                   ' ' || pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum))
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
        GROUP BY c.relname ORDER BY c.relname)"),
              "categories: category integer not null nextval('categories_category_seq'::regclass), "
              "categoryname character varying(50) not null\n"
              "cust_hist: customerid integer not null, orderid integer not null, "
              "prod_id integer not null\n"
              "customers: customerid integer not null "
              "nextval('customers_customerid_seq'::regclass), "
              "firstname character varying(50) not null, lastname character varying(50) not null, "
              "address1 character varying(50) not null, address2 character varying(50), "
              "city character varying(50) not null, state character varying(50), zip integer, "
              "country character varying(50) not null, region smallint not null, "
              "email character varying(50), phone character varying(50), "
              "creditcardtype integer not null, creditcard character varying(50) not null, "
              "creditcardexpiration character varying(50) not null, "
              "username character varying(50) not null, password character varying(50) not null, "
              "age smallint, income integer, gender character varying(1)\n"
              "inventory: prod_id integer not null, quan_in_stock integer not null, "
              "sales integer not null\n"
              "orderlines: orderlineid integer not null, orderid integer not null, "
              "prod_id integer not null, quantity smallint not null, orderdate date not null\n"
              "orders: orderid integer not null nextval('orders_orderid_seq'::regclass), "
              "orderdate date not null, customerid integer, netamount numeric(12,2) not null, "
              "tax numeric(12,2) not null, totalamount numeric(12,2) not null\n"
              "products: prod_id integer not null nextval('products_prod_id_seq'::regclass), "
              "category integer not null, title character varying(50) not null, "
              "actor character varying(50) not null, price numeric(12,2) not null, "
              "special smallint, common_prod_id integer not null\n"
              "reorder: prod_id integer not null, date_low date not null, "
              "quan_low integer not null, date_reordered date, quan_reordered integer, "
              "date_expected date");
}

TEST_F(loaded_sample_test, has_the_originals_keys_and_indexes) {
    EXPECT_EQ(all(R"(
        SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
        ORDER BY conname)"),
              "categories categories_pkey PRIMARY KEY (category)\n"
              "customers customers_pkey PRIMARY KEY (customerid)\n"
              "cust_hist fk_cust_hist_customerid FOREIGN KEY (customerid) "
              "REFERENCES customers(customerid) ON DELETE CASCADE\n"
              "orders fk_customerid FOREIGN KEY (customerid) "
              "REFERENCES customers(customerid) ON DELETE SET NULL\n"
              "orderlines fk_orderid FOREIGN KEY (orderid) "
              "REFERENCES orders(orderid) ON DELETE CASCADE\n"
              "inventory inventory_pkey PRIMARY KEY (prod_id)\n"
              "orders orders_pkey PRIMARY KEY (orderid)\n"
              "products products_pkey PRIMARY KEY (prod_id)");
    EXPECT_EQ(all("SELECT indexdef FROM pg_indexes WHERE indexname LIKE 'ix%' ORDER BY indexname"),
              "CREATE INDEX ix_cust_hist_customerid ON public.cust_hist USING btree (customerid)\n"
              "CREATE UNIQUE INDEX ix_cust_username ON public.customers USING btree (username)\n"
              "CREATE INDEX ix_order_custid ON public.orders USING btree (customerid)\n"
              "CREATE UNIQUE INDEX ix_orderlines_orderid ON public.orderlines "
              "USING btree (orderid, orderlineid)\n"
              "CREATE INDEX ix_prod_category ON public.products USING btree (category)\n"
              "CREATE INDEX ix_prod_special ON public.products USING btree (special)");
}

TEST_F(loaded_sample_test, has_the_originals_row_counts) {
    EXPECT_EQ(count("categories"), 16);
    EXPECT_EQ(count("products"), 10'000);
    EXPECT_EQ(count("inventory"), 10'000);
    EXPECT_EQ(count("customers"), 20'000);
    EXPECT_EQ(count("orders"), 12'000);
    EXPECT_EQ(count("orderlines"), 60'350);
    EXPECT_EQ(count("cust_hist"), 60'350);
    EXPECT_EQ(count("reorder"), 0);
}

TEST_F(loaded_sample_test, has_rows_that_agree_with_each_other) {
    EXPECT_EQ(count("orders WHERE totalamount <> netamount + tax"), 0);
    EXPECT_EQ(count("orders WHERE customerid IS NULL"), 0);
    EXPECT_EQ(count("orders WHERE orderdate NOT BETWEEN '2004-01-01' AND '2004-12-31'"), 0);
    EXPECT_EQ(count("orderlines JOIN orders o USING (orderid) "
                    "WHERE orderlines.orderdate = o.orderdate"),
              60'350);
    EXPECT_EQ(count("orderlines JOIN products USING (prod_id) JOIN categories USING (category)"),
              60'350);
    EXPECT_EQ(count("orders WHERE orderid NOT IN (SELECT orderid FROM orderlines)"), 0);
    EXPECT_EQ(count("(SELECT orderid, prod_id, o.customerid FROM orderlines "
                    "JOIN orders o USING (orderid) EXCEPT ALL "
                    "SELECT orderid, prod_id, customerid FROM cust_hist) AS unmatched"),
              0);
    EXPECT_EQ(count("inventory LEFT JOIN (SELECT prod_id, sum(quantity) FROM orderlines "
                    "GROUP BY prod_id) AS sold (prod_id, quantity) USING (prod_id) "
                    "WHERE sales <> coalesce(quantity, 0)"),
              0);
    EXPECT_GT(count("orders WHERE customerid = 9999"), 0);
}

TEST_F(loaded_sample_test, has_statistics_for_the_planner) {
    EXPECT_EQ(sql("SELECT reltuples FROM pg_class WHERE oid = 'orders'::regclass"), "12000");
    EXPECT_GT(count("pg_stats WHERE tablename = 'orders'"), 0);
}

TEST_F(load_sample_test, goes_on_counting_after_the_highest_number) {
    ASSERT_EQ(load_all().status, 0);
    EXPECT_EQ(sql("INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount) "
                  "VALUES ('2023-03-10', 9999, 23, 2, 25) RETURNING orderid"),
              "12001");
    EXPECT_EQ(sql("SELECT nextval('customers_customerid_seq')"), "20001");
    EXPECT_EQ(sql("SELECT nextval('products_prod_id_seq')"), "10001");
    EXPECT_EQ(sql("SELECT nextval('categories_category_seq')"), "17");
}

TEST_F(load_sample_test, keeps_the_orders_of_a_customer_that_is_deleted) {
    ASSERT_EQ(load_all().status, 0);
    const auto orders = count("orders WHERE customerid = 9999");
    sql("DELETE FROM customers WHERE customerid = 9999");
    EXPECT_EQ(count("orders WHERE customerid IS NULL"), orders);
    EXPECT_EQ(count("orders"), 12'000);
    EXPECT_EQ(count("cust_hist WHERE customerid = 9999"), 0);
    sql("DELETE FROM orders WHERE orderid = 1");
    EXPECT_EQ(count("orderlines WHERE orderid = 1"), 0);
}

TEST_F(load_sample_test, has_the_originals_function) {
    ASSERT_EQ(load_all().status, 0);
    const std::string call =
        "SELECT new_customer('A', 'B', '1 Dell Way', NULL, 'C', NULL, 0, 'UK', 2, NULL, NULL, 1, "
        "'1', '2012/01', 'somebody', 'password', 40, 20000, 'F')";
    EXPECT_EQ(sql(call), "20001");
    EXPECT_EQ(sql(call), "0") << "the name is taken";
    EXPECT_EQ(count("customers WHERE username = 'somebody'"), 1);
}

TEST_F(load_sample_test, touches_nothing_where_orders_are_already) {
    ASSERT_EQ(load_all().status, 0);
    sql("DELETE FROM orders WHERE orderid > 100");
    sql("DROP TABLE reorder");
    const auto second = load_all();
    EXPECT_EQ(second.status, 0);
    EXPECT_EQ(second.out, "Database " + database_ +
                              " already has a table public.orders: nothing was changed. With "
                              "--reset the sample is loaded anew.\n");
    EXPECT_EQ(second.err, "");
    EXPECT_EQ(count("orders"), 100);
    EXPECT_EQ(sql("SELECT to_regclass('reorder')"), "");
}

TEST_F(load_sample_test, touches_nothing_where_orders_are_in_another_schema) {
    make_database();
    sql("CREATE SCHEMA shop CREATE TABLE orders (number integer)");
    const auto second = load_all();
    EXPECT_EQ(second.status, 0);
    EXPECT_NE(second.out.find("shop.orders"), std::string::npos) << second.out;
    EXPECT_EQ(sql("SELECT to_regclass('customers')"), "");
}

TEST_F(load_sample_test, leaves_somebody_elses_table_alone) {
    make_database();
    sql("CREATE TABLE products (name text); INSERT INTO products VALUES ('soap')");
    const auto refused = load_all();
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.err.find("relation \"products\" already exists"), std::string::npos)
        << refused.err;
    EXPECT_EQ(sql("SELECT name FROM products"), "soap");
    EXPECT_EQ(sql("SELECT to_regclass('orders')"), "");
}

TEST_F(load_sample_test, reset_loads_the_very_same_rows) {
    ASSERT_EQ(load_all().status, 0);
    const auto first = digest();
    sql("DELETE FROM customers WHERE customerid < 100; UPDATE products SET price = 1;"
        "DROP TABLE inventory; INSERT INTO categories (categoryname) VALUES ('Soap')");
    sql("CREATE TABLE notes (text text); INSERT INTO notes VALUES ('mine')");
    const auto anew = load_anew();
    ASSERT_EQ(anew.status, 0) << anew.err;
    EXPECT_EQ(digest(), first);
    EXPECT_EQ(sql("SELECT nextval('categories_category_seq')"), "17");
    EXPECT_EQ(sql("SELECT text FROM notes"), "mine");
}

TEST_F(load_sample_test, reset_names_the_sequences_as_before_where_one_was_left_behind) {
    ASSERT_EQ(load_all().status, 0);
    sql("ALTER SEQUENCE orders_orderid_seq OWNED BY NONE");
    sql("ALTER TABLE orders ALTER orderid DROP DEFAULT");
    ASSERT_EQ(load_anew().status, 0);
    EXPECT_EQ(sql("SELECT pg_get_serial_sequence('orders', 'orderid')"),
              "public.orders_orderid_seq");
}

TEST_F(load_sample_test, reset_drops_nothing_that_others_made_upon_the_tables) {
    ASSERT_EQ(load_all().status, 0);
    sql("CREATE VIEW recent AS SELECT * FROM orders WHERE orderdate > '2004-12-01'");
    const auto before = digest();
    const auto refused = load_anew();
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.err.find("view recent depends on table orders"), std::string::npos)
        << refused.err;
    EXPECT_GT(count("recent"), 0);
    EXPECT_EQ(digest(), before);
}

TEST_F(load_sample_test, scales_orders_and_leaves_the_first_as_they_are) {
    ASSERT_EQ(load_all().status, 0);
    const std::string first =
        "SELECT md5(string_agg(o::text, ';' ORDER BY orderid)) FROM orders o WHERE orderid <= "
        "12000";
    const auto before = sql(first);
    ASSERT_EQ(load(options(40'000, true)).status, 0);
    EXPECT_EQ(count("orders"), 40'000);
    EXPECT_EQ(count("orderlines"), 60'350);
    EXPECT_EQ(count("cust_hist"), 60'350);
    EXPECT_EQ(count("orders WHERE totalamount <> netamount + tax"), 0);
    EXPECT_EQ(sql(first), before);
}

TEST_F(load_sample_test, loads_no_orders_where_none_are_wanted) {
    ASSERT_EQ(load(options(0, false)).status, 0);
    EXPECT_EQ(count("orders"), 0);
    EXPECT_EQ(count("cust_hist"), 0);
    EXPECT_EQ(count("customers"), 20'000);
    EXPECT_EQ(sql("SELECT nextval('orders_orderid_seq')"), "1");
}

TEST_F(load_sample_test, leaves_nothing_when_it_is_killed_midway) {
    outcome killed;
    std::thread loader{[&] { killed = load(options(many, false)); }};
    EXPECT_TRUE(loading());
    EXPECT_EQ(at_orders("pg_terminate_backend(pid)"), "t");
    loader.join();
    EXPECT_EQ(killed.status, 69);
    EXPECT_NE(killed.err.find("; nothing was changed\n"), std::string::npos) << killed.err;
    EXPECT_EQ(sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
              "0");
    ASSERT_EQ(load_all().status, 0) << "the next one loads";
    EXPECT_EQ(count("orders"), 12'000);
}

TEST_F(load_sample_test, reset_keeps_the_old_rows_when_it_is_killed_midway) {
    ASSERT_EQ(load(options(100, false)).status, 0);
    const auto before = digest();
    outcome killed;
    std::thread loader{[&] { killed = load(options(many, true)); }};
    EXPECT_TRUE(loading());
    EXPECT_EQ(at_orders("pg_terminate_backend(pid)"), "t");
    loader.join();
    EXPECT_EQ(killed.status, 69);
    EXPECT_EQ(digest(), before);
}

TEST_F(load_sample_test, rolls_back_on_an_interrupt) {
    for (const auto& [signal, status] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
        outcome interrupted;
        std::thread loader{[&] { interrupted = load(options(many, false)); }};
        const bool caught = loading();
        if (caught) ::kill(::getpid(), signal);
        loader.join();
        ASSERT_TRUE(caught);
        EXPECT_EQ(interrupted.status, status);
        EXPECT_NE(interrupted.err.find("orders load-sample: interrupted; nothing was changed\n"),
                  std::string::npos)
            << interrupted.err;
        EXPECT_EQ(sql("SELECT to_regclass('customers')"), "");
    }
    ASSERT_EQ(load_all().status, 0) << "the next one loads";
}

// Processes, since a load handles its process's signals.
TEST_F(load_sample_test, makes_one_sample_when_two_load_it_at_the_same_time) {
    std::vector<pid_t> loaders;
    const auto how = options();  // of one server: it is started here
    for (int loader = 0; loader < 2; ++loader) {
        const auto pid = fork();
        ASSERT_NE(pid, -1);
        if (pid == 0) _exit(load_sample(how));
        loaders.push_back(pid);
    }
    for (const auto pid : loaders) {
        int status = -1;
        ASSERT_EQ(waitpid(pid, &status, 0), pid);
        EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(count("orders"), 12'000);
    EXPECT_EQ(count("orderlines"), 60'350);
}

// What it asks the server is under way for long, so the database is made after the first connection
// was refused for want of it, and before it looks whether it is there.
TEST_F(load_sample_test, reaches_the_database_that_another_one_makes_meanwhile) {
    auto how = options();
    const auto port = std::ranges::find(how.server, "port", &keywords::value_type::first);
    ASSERT_NE(port, how.server.end());
    larder::test::gate way{static_cast<std::uint16_t>(std::stoi(port->second))};
    port->second = std::to_string(way.port());
    way.to_client(
        {.what = larder::test::flow::kind::delay, .delay = std::chrono::milliseconds{200}});
    std::thread loader{
        [&how] { EXPECT_NO_THROW(sample::connect_or_create(how.server, how.database)); }};
    EXPECT_TRUE(eventually([&way] { return way.accepted() == 2; }));
    make_database();
    loader.join();
}

TEST_F(load_sample_test, says_one_line_a_table_where_nobody_watches) {
    const auto loaded = load_all();
    EXPECT_EQ(loaded.err,
              "categories: 16 rows\n"
              "products: 10,000 rows\n"
              "inventory: 10,000 rows\n"
              "customers: 20,000 rows\n"
              "orders: 12,000 rows\n"
              "orderlines: 60,350 rows\n"
              "cust_hist: 60,350 rows\n");
    EXPECT_EQ(loaded.out.find("Database " + database_ +
                              " has the sample: 12,000 orders of 20,000 customers, loaded in "),
              0U)
        << loaded.out;
}

TEST_F(load_sample_test, redraws_one_line_on_a_terminal_and_leaves_none) {
    load_on_terminal load{options()};
    const auto shown = load.shown();
    EXPECT_EQ(load.status(), 0);
    const auto last = shown.rfind("\r\x1b[K");
    ASSERT_NE(last, std::string::npos) << shown;
    EXPECT_EQ(shown.substr(last + 4).find("Database " + database_ + " has the sample"), 0U)
        << shown;
    const auto progress = shown.substr(0, last);
    EXPECT_EQ(progress.find('\n'), std::string::npos) << progress;
    EXPECT_NE(progress.find("%  orderlines"), std::string::npos) << progress;
    EXPECT_NE(progress.find("%  ix_order_custid"), std::string::npos) << progress;
}

TEST_F(load_sample_test, ends_on_control_c) {
    load_on_terminal load{options(many, false)};
    ASSERT_TRUE(loading());
    load.press('\x03');
    const auto shown = load.shown();
    EXPECT_EQ(load.status(), 130);
    EXPECT_NE(shown.find("\r\x1b[Korders load-sample: interrupted; nothing was changed\r\n"),
              std::string::npos)
        << shown;
    EXPECT_EQ(sql("SELECT to_regclass('orders')"), "");
}

TEST_F(load_sample_test, needs_no_other_database_where_its_own_is_there) {
    make_database();
    pg_client{server().uri()}.exec(
        "CREATE ROLE settled LOGIN PASSWORD 'swordfish';"
        "ALTER DATABASE \"" +
        database_ + "\" OWNER TO settled");
    const auto loaded = load(options("settled"));
    EXPECT_EQ(loaded.status, 0) << loaded.err;
    EXPECT_EQ(sql("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"), "settled");
}

TEST_F(load_sample_test, makes_a_database_from_any_that_is_there) {
    auto from_nowhere = options();
    from_nowhere.server.emplace_back("dbname", "nowhere");
    from_nowhere.database = "a \"strange\" name";
    const auto loaded = load(from_nowhere);
    EXPECT_EQ(loaded.status, 0) << loaded.err;
    EXPECT_EQ(
        pg_client(server().uri(), from_nowhere.database).scalar("SELECT count(*) FROM orders"),
        "12000");
}

TEST_F(load_sample_test, says_what_to_do_where_the_role_may_not_make_the_database) {
    pg_client{server().uri()}.exec("CREATE ROLE poor LOGIN PASSWORD 'swordfish'");
    const auto refused = load(options("poor"));
    EXPECT_EQ(refused.status, 1);
    EXPECT_EQ(refused.err, "orders load-sample: cannot create database \"" + database_ +
                               "\": permission denied to create database; have it made by a role "
                               "that may, or name one that is there with PG_DATABASE\n");
}

TEST_F(load_sample_test, says_what_to_do_where_the_role_may_not_make_tables) {
    make_database();
    pg_client{server().uri()}.exec("CREATE ROLE guest LOGIN PASSWORD 'swordfish'");
    const auto refused = load(options("guest"));
    EXPECT_EQ(refused.status, 1);
    EXPECT_EQ(refused.err,
              "orders load-sample: permission denied for schema public; load it as the role that "
              "owns the database; nothing was changed\n");
}

TEST_F(load_sample_test, is_refused_with_a_wrong_role_and_tells_no_password) {
    const auto refused = load(options("nobody_known"));
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.err.find("nobody_known"), std::string::npos) << refused.err;
    EXPECT_NE(refused.err.find("PG_SERVICE_URI"), std::string::npos) << refused.err;
    EXPECT_EQ(refused.err.find("swordfish"), std::string::npos) << refused.err;
}

TEST_F(load_sample_test, finds_a_server_that_does_not_answer_unavailable) {
    auto absent = options("larder");
    absent.server.emplace_back("host", "127.0.0.1");
    absent.server.emplace_back("port", std::to_string(larder::test::free_port()));
    const auto refused = load(absent);
    EXPECT_EQ(refused.status, 69);
    EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
    EXPECT_NE(refused.err.find("Connection refused; start the server, or correct PG_SERVICE_URI"),
              std::string::npos)
        << refused.err;
    EXPECT_EQ(refused.err.find("swordfish"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace orders
