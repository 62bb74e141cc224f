#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orders::sample {

/// libpq keywords, such as host and user.
using keywords = std::vector<std::pair<std::string, std::string>>;

/// Whether the server answers at all, even if only to refuse.
bool answers(const keywords& server);

/// One connection of libpq, blocking; every call throws failure with PostgreSQL's sentence.
class connection {
public:
    /// Waits 10 s at most, unless the keywords say otherwise. An empty database means the one the
    /// keywords name.
    connection(const keywords& server, const std::string& database);

    bool is_open() const noexcept;

    /// Why it is not open, as one line.
    std::string reason() const;

    void execute(std::string_view sql);

    /// The first row's first column, if there is a row and it is not null.
    std::optional<std::string> value(std::string_view sql, const std::string& parameter);

    /// As an identifier in SQL.
    std::string quoted(const std::string& name) const;

    /// COPY … FROM STDIN: begin, then send as often as needed, then end.
    void begin_copy(std::string_view sql);
    void send(std::string_view rows);
    void end_copy();

    /// Whatever state the connection is in, open or not; never throws.
    void roll_back() noexcept;

    PGconn* native() const noexcept { return handle_.get(); }

private:
    struct finish {
        void operator()(PGconn* handle) const noexcept { PQfinish(handle); }
    };

    [[noreturn]] void fail(const PGresult* result) const;

    std::unique_ptr<PGconn, finish> handle_;
};

}  // namespace orders::sample
