// How statements are run: the same words for a session and a transaction.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "larder/pg/statement.hpp"

namespace LARDER_NAMESPACE::pg {

/// Gives a class that has `awaitable<result> run(const statement&, parameters)` its typed forms.
///
/// Errors   throws pg::error.
template <class Runner>
class statements {
public:
    template <class... Values>
    boost::asio::awaitable<result> execute(const statement& sql, const Values&... values) {
        return runner().run(sql, parameters{parameter(values)...});
    }

    /// The only row of a query. Throws error{misused} if there is not exactly one.
    template <described Row, class... Values>
    boost::asio::awaitable<Row> one(const statement& sql, const Values&... values) {
        return only_row<Row>(runner().run(sql, parameters{parameter(values)...}));
    }

    /// The only row of a query, or nothing if it has none. Throws error{misused} if there are more.
    template <described Row, class... Values>
    boost::asio::awaitable<std::optional<Row>> maybe(const statement& sql,
                                                     const Values&... values) {
        return first_row<Row>(runner().run(sql, parameters{parameter(values)...}));
    }

    /// All rows of a query.
    template <described Row, class... Values>
    boost::asio::awaitable<std::vector<Row>> many(const statement& sql, const Values&... values) {
        return all_rows<Row>(runner().run(sql, parameters{parameter(values)...}));
    }

    /// What one() does, of rows that are on their way.
    template <described Row>
    static boost::asio::awaitable<Row> only_row(boost::asio::awaitable<result> rows) {
        const result all = co_await std::move(rows);
        if (all.size() != 1)
            throw error(failure::misused,
                        "one row was asked for, not " + std::to_string(all.size()));
        co_return all.as<Row>(0);
    }

    /// What maybe() does, of rows that are on their way.
    template <described Row>
    static boost::asio::awaitable<std::optional<Row>> first_row(
        boost::asio::awaitable<result> rows) {
        const result all = co_await std::move(rows);
        if (all.size() > 1)
            throw error(failure::misused,
                        "at most one row was asked for, not " + std::to_string(all.size()));
        if (all.size() == 0) co_return std::nullopt;
        co_return all.as<Row>(0);
    }

private:
    template <described Row>
    static boost::asio::awaitable<std::vector<Row>> all_rows(boost::asio::awaitable<result> rows) {
        const result all = co_await std::move(rows);
        co_return all.all<Row>();
    }

    friend Runner;
    statements() = default;

    Runner& runner() { return static_cast<Runner&>(*this); }
};

}  // namespace LARDER_NAMESPACE::pg
