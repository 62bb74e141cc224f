#include "check/truth.hpp"

#include <libpq-fe.h>

#include <string>

#include "sample/failure.hpp"

namespace orders::check {

std::string amount(std::int64_t cents) {
    const auto rest = cents % 100;
    return std::to_string(cents / 100) + (rest < 10 ? ".0" : ".") + std::to_string(rest);
}

std::vector<truth::row> truth::ask(const std::string& sql) {
    if (!connection_ || !connection_->is_open())
        connection_ = std::make_unique<sample::connection>(source_.all(), std::string{});
    const std::unique_ptr<PGresult, decltype(&PQclear)> result{
        PQexec(connection_->native(), sql.c_str()), &PQclear};
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
        const auto reason = connection_->reason();
        connection_.reset();
        throw sample::failure{reason, sample::exit_unavailable};
    }
    std::vector<row> rows(static_cast<std::size_t>(PQntuples(result.get())));
    for (int i = 0; i < PQntuples(result.get()); ++i)
        for (int j = 0; j < PQnfields(result.get()); ++j)
            rows[static_cast<std::size_t>(i)].push_back(std::stoll(PQgetvalue(result.get(), i, j)));
    return rows;
}

std::int64_t truth::last_order() {
    return ask("SELECT coalesce(max(orderid), 0) FROM orders").at(0).at(0);
}

std::vector<std::int64_t> truth::counts() {
    std::vector<std::int64_t> found(static_cast<std::size_t>(customers_) + 1);
    // One statement, and so one snapshot. Customer 0 stands for all.
    const auto rows =
        ask("SELECT 0, count(*) FROM orders UNION ALL SELECT customerid, count(*)"
            " FROM orders WHERE customerid BETWEEN 1 AND " +
            std::to_string(customers_) + " GROUP BY customerid");
    for (const auto& one : rows) found.at(static_cast<std::size_t>(one.at(0))) = one.at(1);
    return found;
}

outcome_of_run truth::left_by(const run_mark& mark) {
    outcome_of_run found;
    // One statement, as an order whose outcome was unknown may be stored at any time. A number is
    // never negative.
    const auto rows = ask(
        "SELECT -1, count(*) FROM orders UNION ALL"
        " SELECT (netamount * 100)::bigint, count(*) FROM orders WHERE orderid > " +
        std::to_string(mark.after_order) + " AND tax = " + amount(mark.tax_cents) + " GROUP BY 1");
    for (const auto& one : rows)
        (one.at(0) < 0 ? found.all_orders : found.rows_of[one.at(0)]) = one.at(1);
    return found;
}

void truth::add_order(const run_mark& mark, std::int64_t number, std::int64_t customer) {
    ask("INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount) VALUES "
        "('2023-03-10', " +
        std::to_string(customer) + ", " + amount(number) + ", " + amount(mark.tax_cents) + ", " +
        amount(number + mark.tax_cents) + ") RETURNING orderid");
}

}  // namespace orders::check
