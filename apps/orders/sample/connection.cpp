#include "sample/connection.hpp"

#include <algorithm>

#include "sample/failure.hpp"

namespace orders::sample {

namespace {

struct clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using owned_result = std::unique_ptr<PGresult, clear>;

// PQconnectdbParams wants two arrays that end in a null.
struct parameters {
    explicit parameters(const keywords& server) {
        for (const auto& [name, value] : server) {
            names.push_back(name.c_str());
            values.push_back(value.c_str());
        }
        names.push_back(nullptr);
        values.push_back(nullptr);
    }

    std::vector<const char*> names;
    std::vector<const char*> values;
};

// Of a keyword given twice the last counts.
keywords completed(const keywords& server, const std::string& database) {
    keywords all{{"connect_timeout", "10"}, {"fallback_application_name", "orders load-sample"}};
    all.insert(all.end(), server.begin(), server.end());
    if (!database.empty()) all.emplace_back("dbname", database);
    // Texts in the errors as in this program.
    all.emplace_back("client_encoding", "UTF8");
    return all;
}

// libpq's messages may have several lines: one for each address tried, and hints, which begin
// with a tab and say less than this program's own.
std::string one_line(std::string_view message) {
    std::string line;
    while (!message.empty()) {
        const auto end = std::min(message.find('\n'), message.size());
        const auto part = message.substr(0, end);
        message.remove_prefix(std::min(end + 1, message.size()));
        if (part.empty() || part.front() == '\t') continue;
        line.append(line.empty() ? "" : "; ").append(part);
    }
    return line;
}

std::string field(const PGresult* result, int code) {
    const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
    return text == nullptr ? std::string{} : one_line(text);
}

}  // namespace

bool answers(const keywords& server) {
    const auto all = completed(server, {});
    const parameters given{all};
    return PQpingParams(given.names.data(), given.values.data(), 0) == PQPING_OK;
}

connection::connection(const keywords& server, const std::string& database) {
    const auto all = completed(server, database);
    const parameters given{all};
    handle_.reset(PQconnectdbParams(given.names.data(), given.values.data(), 0));
}

bool connection::is_open() const noexcept { return PQstatus(handle_.get()) == CONNECTION_OK; }

std::string connection::reason() const { return one_line(PQerrorMessage(handle_.get())); }

void connection::fail(const PGresult* result) const {
    const auto message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    const auto status = is_open() ? exit_failed : exit_unavailable;
    if (message.empty()) throw failure{reason(), status};
    const auto detail = field(result, PG_DIAG_MESSAGE_DETAIL);
    throw failure{detail.empty() ? message : message + ": " + detail, status,
                  field(result, PG_DIAG_SQLSTATE)};
}

void connection::execute(std::string_view sql) {
    const owned_result answer{PQexec(handle_.get(), std::string{sql}.c_str())};
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(answer.get());
}

std::optional<std::string> connection::value(std::string_view sql, const std::string& parameter) {
    const char* const values[]{parameter.c_str()};
    const owned_result answer{PQexecParams(handle_.get(), std::string{sql}.c_str(), 1, nullptr,
                                           values, nullptr, nullptr, 0)};
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) fail(answer.get());
    if (PQntuples(answer.get()) == 0 || PQgetisnull(answer.get(), 0, 0) != 0) return std::nullopt;
    return PQgetvalue(answer.get(), 0, 0);
}

std::string connection::quoted(const std::string& name) const {
    struct release {
        void operator()(char* text) const noexcept { PQfreemem(text); }
    };
    const std::unique_ptr<char, release> text{
        PQescapeIdentifier(handle_.get(), name.data(), name.size())};
    if (!text) fail(nullptr);
    return text.get();
}

void connection::begin_copy(std::string_view sql) {
    const owned_result answer{PQexec(handle_.get(), std::string{sql}.c_str())};
    if (PQresultStatus(answer.get()) != PGRES_COPY_IN) fail(answer.get());
}

void connection::send(std::string_view rows) {
    if (PQputCopyData(handle_.get(), rows.data(), static_cast<int>(rows.size())) != 1)
        fail(nullptr);
}

void connection::end_copy() {
    if (PQputCopyEnd(handle_.get(), nullptr) != 1) fail(nullptr);
    const owned_result answer{PQgetResult(handle_.get())};
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) fail(answer.get());
    // The null that says that nothing follows.
    const owned_result end{PQgetResult(handle_.get())};
}

void connection::roll_back() noexcept {
    // libpq ends a COPY that is under way by itself.
    PQclear(PQexec(handle_.get(), "ROLLBACK"));
}

}  // namespace orders::sample
