#include "larder/cached.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

namespace larder::detail {

namespace {

void add_found(const key_query& by, const pg::result& rows, std::vector<std::string>& keys) {
    const auto fault = [&](const char* what) {
        return pg::error(pg::failure::misused,
                         "what found_by() found for " + std::string{by.family.family()} + what);
    };
    if (rows.columns() < by.family.parameters()) throw fault(" has fewer columns than the key");
    std::vector<std::optional<std::string_view>> found(by.family.parameters());
    std::unordered_set<std::string> known{by.family.broken_by_any()};
    keys.push_back(by.family.broken_by_any());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t column = 0; column < found.size(); ++column)
            found[column] = rows.text(i, column);
        const auto entries = by.entries(by.family, found);
        if (entries.empty()) throw fault(" is not of the type that it is read as");
        for (const auto& one : entries)
            if (known.insert(one).second) keys.push_back(one);
    }
}

}  // namespace

awaitable<void> find_keys(pg::pool& connections, const std::vector<key_query>& queries,
                          std::vector<std::string>& keys, trace::context within) {
    for (const auto& one : queries) {
        const auto rows =
            co_await connections.run(one.sql, one.values, pg::pool::time_point::max(), within);
        add_found(one, rows, keys);
    }
}

awaitable<more_keys> find_more_keys(services& at, const std::vector<key_query>& queries,
                                    const std::vector<std::string>& known) {
    more_keys more;
    try {
        co_await find_keys(at.db.connections(), queries, more.keys, at.db.trace());
    } catch (const pg::error& e) {
        more.failed = std::current_exception();
        spdlog::warn("What a write made untrue is not known, so that all is: {}", e.what());
    }
    std::set<std::string> families;
    for (const auto& one : queries) families.emplace(one.family.family());
    if (more.failed)
        at.cache.invalidate_all_of(families, "which entries a write made untrue was not known");
    const std::unordered_set<std::string_view> held{known.begin(), known.end()};
    std::erase_if(more.keys, [&](const std::string& one) { return held.contains(one); });
    co_return more;
}

}  // namespace larder::detail
