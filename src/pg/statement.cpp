#include "larder/pg/statement.hpp"

#include <libpq-fe.h>

#include <charconv>

namespace LARDER_NAMESPACE::pg {

namespace {

// libpq counts with int.
int as_int(std::size_t n) { return static_cast<int>(n); }

}  // namespace

void result::free_result::operator()(pg_result* r) const { PQclear(r); }

result::result(pg_result* owned) : result_(owned) {}

std::size_t result::size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }

std::size_t result::columns() const { return static_cast<std::size_t>(PQnfields(result_.get())); }

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

namespace detail {

namespace {

// An element and where the next one begins; empty if there is no end.
std::optional<std::size_t> end_of_quoted(std::string_view text, std::string& out) {
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') return i + 1;
        if (text[i] == '\\') ++i;
        if (i < text.size()) out += text[i];
    }
    return std::nullopt;
}

}  // namespace

std::string array_text(const parameters& elements) {
    std::string out = "{";
    for (const auto& one : elements) {
        if (out.size() > 1) out += ',';
        if (!one) {
            out += "NULL";
            continue;
        }
        out += '"';
        for (const char c : *one) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out + '}';
}

std::optional<parameters> array_elements(std::string_view text) {
    if (text.size() < 2 || !text.starts_with('{') || !text.ends_with('}')) return std::nullopt;
    text = text.substr(1, text.size() - 2);
    parameters all;
    if (text.empty()) return all;
    while (true) {
        std::string element;
        if (text.starts_with('"')) {
            const auto end = end_of_quoted(text, element);
            if (!end) return std::nullopt;
            text.remove_prefix(*end);
            all.emplace_back(std::move(element));
        } else {
            const auto plain = text.substr(0, text.find(','));
            if (plain.empty() || plain.find_first_of("{}\"\\") != plain.npos) return std::nullopt;
            text.remove_prefix(plain.size());
            if (plain == "NULL") all.emplace_back();
            else all.emplace_back(plain);
        }
        if (text.empty()) return all;
        if (!text.starts_with(',')) return std::nullopt;
        text.remove_prefix(1);
    }
}

}  // namespace detail

}  // namespace LARDER_NAMESPACE::pg
