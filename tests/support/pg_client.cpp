#include "support/pg_client.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <array>

namespace larder::test {

void pg_client::closer::operator()(pg_conn* connection) const { PQfinish(connection); }

pg_client::pg_client(const std::string& uri, const std::string& database) {
    // libpq expands the first dbname as a URI, and lets the second override the name in it.
    const std::array<const char*, 4> names{"dbname", "connect_timeout",
                                           database.empty() ? nullptr : "dbname", nullptr};
    const std::array<const char*, 4> values{uri.c_str(), "10", database.c_str(), nullptr};
    connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        throw std::runtime_error{PQerrorMessage(connection_.get())};
    }
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
}

std::string pg_client::scalar(const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result{
        PQexec(connection_.get(), sql.c_str()), &PQclear};
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        const char* sentence = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
        const char* sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
        sql_error error{sentence != nullptr ? sentence : PQerrorMessage(connection_.get())};
        error.sqlstate = sqlstate != nullptr ? sqlstate : "";
        throw error;
    }
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

bool pg_client::is_quiet() const {
    pollfd one{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
    return PQstatus(connection_.get()) == CONNECTION_OK && poll(&one, 1, 0) == 0;
}

int pg_client::backend_pid() const { return PQbackendPID(connection_.get()); }

}  // namespace larder::test
