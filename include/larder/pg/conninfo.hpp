// Where a PostgreSQL server is and how to log in there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::pg {

/// libpq's connection parameters: keyword and value, as libpq's PQconnectdbParams takes them.
class conninfo {
public:
    using parameters = std::vector<std::pair<std::string, std::string>>;

    /// Reads a libpq URI or a `keyword=value` string. Empty if libpq cannot parse it or a port is
    /// no port; says nothing more, since libpq's own sentence may quote the password.
    static std::optional<conninfo> parse(const std::string& text);

    void set(std::string_view keyword, std::string value);
    /// The value of a keyword; empty if it is not set.
    std::string get(std::string_view keyword) const;
    const parameters& all() const { return parameters_; }

private:
    parameters parameters_;
};

}  // namespace LARDER_NAMESPACE::pg
