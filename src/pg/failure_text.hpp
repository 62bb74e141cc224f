// What libpq tells of a failure, as text. Private to pg.
#pragma once

#include <libpq-fe.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "sqlstate.hpp"

namespace LARDER_NAMESPACE::pg {

// libpq's messages end with a line break. There is a line for each address that was tried, and
// lines of hints, which are indented.
inline std::string in_one_line(std::string_view text) {
    std::string all;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.empty() || line.starts_with('\t') || line.starts_with("LOCATION:")) continue;
        if (!all.empty()) all += "; ";
        all += line;
    }
    return all;
}

inline std::string field(const PGresult* from, int code) {
    const char* text = PQresultErrorField(from, code);
    return text ? text : "";
}

// The server ends the session with it. It may do so right after a commit.
inline bool ends_session(const PGresult* refused) {
    const auto severity = field(refused, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity == "FATAL" || severity == "PANIC" ||
           sqlstate::ends_session(field(refused, PG_DIAG_SQLSTATE));
}

}  // namespace LARDER_NAMESPACE::pg
