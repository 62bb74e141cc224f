#pragma once

#include <memory>
#include <stdexcept>
#include <string>

struct pg_conn;

namespace larder::test {

struct sql_error : std::runtime_error {
    using std::runtime_error::runtime_error;
    std::string sqlstate;
};

/// A blocking connection to PostgreSQL.
class pg_client {
public:
    /// `database` goes before the one that the URI names.
    explicit pg_client(const std::string& uri, const std::string& database = {});

    /// Runs one or several statements; throws sql_error with PostgreSQL's own sentence.
    void exec(const std::string& sql) { scalar(sql); }
    /// The first column of the first row as text; empty without rows, and for NULL.
    std::string scalar(const std::string& sql);
    int backend_pid() const;
    /// Whether the server has said nothing unasked, as it does before it ends a session.
    bool is_quiet() const;

private:
    struct closer {
        void operator()(pg_conn* connection) const;
    };
    std::unique_ptr<pg_conn, closer> connection_;
};

}  // namespace larder::test
