#include "support/sample.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

namespace larder::test {

namespace {

constexpr const char* tables = R"(
    CREATE TABLE customers (
        customerid serial PRIMARY KEY,
        firstname varchar(50) NOT NULL
    );
    INSERT INTO customers (firstname) SELECT 'customer ' || n FROM generate_series(1, 20000) AS n;
    CREATE TABLE orders (
        orderid serial PRIMARY KEY,
        orderdate date NOT NULL,
        customerid integer REFERENCES customers ON DELETE SET NULL,
        netamount numeric(12,2) NOT NULL,
        tax numeric(12,2) NOT NULL,
        totalamount numeric(12,2) NOT NULL
    );
    CREATE INDEX ix_order_custid ON orders (customerid);
)";

std::string insert_orders(int count) {
    return R"(
        INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)
        SELECT date '2004-01-01' + n % 366, 1 + n * 7919 % 9000, n % 400, n % 400 * 0.08,
               n % 400 * 1.08
        FROM generate_series(1, )" +
           std::to_string(count) + ") AS n;";
}

}  // namespace

sample::sample(const postgres_server& server, std::string database, int orders)
    : server_{server}, database_{std::move(database)}, orders_{orders} {
    pg_client maintenance{server.uri()};
    maintenance.exec("DROP DATABASE IF EXISTS " + database_ + " WITH (FORCE)");
    maintenance.exec("CREATE DATABASE " + database_);
    auto sql = connect();
    sql.exec(tables + insert_orders(orders_) + "ANALYZE;");
    loaded_by_ = sql.scalar("SELECT min(xmin::text) FROM orders");
    base_digest_ = digest(sql);
}

std::string sample::ask(const std::string& sql) const {
    struct session {
        const sample* of = nullptr;
        int since = 0;
        std::optional<pg_client> open;
    };
    thread_local session mine;
    if (!mine.open || mine.of != this || mine.since != resets_ || !mine.open->is_quiet()) {
        mine.open.reset();
        mine = {this, resets_, connect()};
    }
    return mine.open->scalar(sql);
}

std::string sample::digest(pg_client& sql) const {
    return sql.scalar("SELECT md5(string_agg(orders::text, ';' ORDER BY orderid)) FROM orders");
}

void sample::reset() {
    ++resets_;
    auto sql = connect();
    sql.exec("ALTER TABLE IF EXISTS orders_renamed RENAME TO orders");
    const auto last = std::to_string(orders_);
    sql.exec("DELETE FROM orders WHERE orderid > " + last + ";" +
             "SELECT setval('orders_orderid_seq', " + last + ");");
    // A row that another transaction wrote may be as it was: only then all are read.
    const auto all = sql.scalar("SELECT count(*) || ' ' || count(*) FILTER (WHERE xmin = '" +
                                loaded_by_ + "'::xid) FROM orders");
    if (all != last + ' ' + last && digest(sql) != base_digest_)
        throw std::runtime_error{"a test changed the sample's orders"};
}

}  // namespace larder::test
