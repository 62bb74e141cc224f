#include "larder/pg/conninfo.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace LARDER_NAMESPACE::pg {

namespace {

// libpq finds a wrong port only when it connects; a service should not start with one.
bool are_ports(std::string_view list) {
    while (true) {
        const auto comma = std::min(list.find(','), list.size());
        const auto port = list.substr(0, comma);
        int number = 0;
        const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), number);
        const bool valid =
            ec == std::errc{} && end == port.data() + port.size() && number > 0 && number <= 65535;
        if (!valid && !port.empty()) return false;
        if (comma == list.size()) return true;
        list.remove_prefix(comma + 1);
    }
}

// libpq ends a URI's password at the first `@`, and takes what stands behind it for the host: where
// one in it is not percent-encoded, a part of the password would be told as a host's name.
bool has_clear_password(std::string_view text) {
    const bool is_uri = text.starts_with("postgresql://") || text.starts_with("postgres://");
    return !is_uri || std::ranges::count(text.substr(0, text.find('?')), '@') <= 1;
}

}  // namespace

std::optional<conninfo> conninfo::parse(const std::string& text) {
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{
        PQconninfoParse(text.c_str(), &message), &PQconninfoFree};
    if (message) PQfreemem(message);
    if (!options) return std::nullopt;

    conninfo result;
    for (const auto* option = options.get(); option->keyword; ++option)
        if (option->val) result.parameters_.emplace_back(option->keyword, option->val);
    if (!has_clear_password(text) || !are_ports(result.get("port"))) return std::nullopt;
    return result;
}

void conninfo::set(std::string_view keyword, std::string value) {
    for (auto& [name, old] : parameters_)
        if (name == keyword) {
            old = std::move(value);
            return;
        }
    parameters_.emplace_back(keyword, std::move(value));
}

std::string conninfo::get(std::string_view keyword) const {
    for (const auto& [name, value] : parameters_)
        if (name == keyword) return value;
    return {};
}

}  // namespace LARDER_NAMESPACE::pg
