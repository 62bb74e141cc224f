#include "larder/pg/statement.hpp"

#include <libpq-fe.h>

#include <charconv>

namespace larder::pg {

namespace {

// libpq counts with int.
int as_int(std::size_t n) { return static_cast<int>(n); }

}  // namespace

void result::free_result::operator()(pg_result* r) const { PQclear(r); }

result::result(pg_result* owned) : result_(owned) {}

std::size_t result::size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }

std::size_t result::affected() const {
    const std::string_view count = PQcmdTuples(result_.get());
    std::size_t rows = 0;
    std::from_chars(count.data(), count.data() + count.size(), rows);
    return rows;
}

std::size_t result::column(std::string_view name) const {
    for (int i = 0; i < PQnfields(result_.get()); ++i)
        if (name == PQfname(result_.get(), i)) return static_cast<std::size_t>(i);
    throw error(failure::misused, "the result has no column \"" + std::string{name} + '"');
}

std::optional<std::string_view> result::text(std::size_t row, std::size_t column) const {
    if (PQgetisnull(result_.get(), as_int(row), as_int(column))) return std::nullopt;
    const auto size = PQgetlength(result_.get(), as_int(row), as_int(column));
    return std::string_view{PQgetvalue(result_.get(), as_int(row), as_int(column)),
                            static_cast<std::size_t>(size)};
}

void result::unreadable(std::string_view column) {
    throw error(failure::misused,
                "the column \"" + std::string{column} + "\" is not of the type that it is read as");
}

}  // namespace larder::pg
