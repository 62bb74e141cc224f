// How statements are run: the same words for a session and a transaction.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>

#include "larder/pg/statement.hpp"

namespace larder::pg {

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

    /// The same of rows that are on their way.
    template <described Row>
    static boost::asio::awaitable<Row> only_row(boost::asio::awaitable<result> rows) {
        const result all = co_await std::move(rows);
        if (all.size() != 1)
            throw error(failure::misused,
                        "one row was asked for, not " + std::to_string(all.size()));
        co_return all.as<Row>(0);
    }

private:
    friend Runner;
    statements() = default;

    Runner& runner() { return static_cast<Runner&>(*this); }
};

}  // namespace larder::pg
