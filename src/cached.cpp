#include "larder/cached.hpp"

#include <string_view>
#include <unordered_set>

namespace larder::detail {

awaitable<void> find_keys(pg::pool& connections, const std::vector<key_query>& queries,
                          std::vector<std::string>& keys) {
    for (const auto& one : queries) {
        const auto rows = co_await connections.run(one.sql, one.values);
        keys.push_back(one.family.all());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto value = rows.text(i, 0);
            if (!value) continue;
            auto entry = one.entry(one.family, *value);
            if (entry.empty())
                throw pg::error(pg::failure::misused, "what found_by() found for " +
                                                          std::string{one.family.family()} +
                                                          " is not of the type that it is read as");
            keys.push_back(std::move(entry));
        }
    }
}

awaitable<more_keys> find_more_keys(services& at, const std::vector<key_query>& queries,
                                    const std::vector<std::string>& known) {
    more_keys more;
    try {
        co_await find_keys(at.db.connections(), queries, more.keys);
    } catch (const pg::error& e) {
        more.failed = std::current_exception();
        spdlog::warn("What a write made untrue is not known, so that all is: {}", e.what());
    }
    if (more.failed) at.cache.invalidate_all();
    const std::unordered_set<std::string_view> held{known.begin(), known.end()};
    std::erase_if(more.keys, [&](const std::string& one) { return held.contains(one); });
    co_return more;
}

}  // namespace larder::detail
