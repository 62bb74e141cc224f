#include "larder/cached_query.hpp"

#include <spdlog/spdlog.h>

namespace larder {

std::optional<std::string_view> find_local(services& at, std::string_view key,
                                           cache::tiers::check is_value) {
    spdlog::debug("Checking cache key {}", key);
    const auto found = at.cache.find(key);
    if (!found || !is_value(*found)) return std::nullopt;
    spdlog::debug("Found {}, value is {}", key, *found);
    return found;
}

awaitable<std::string> read_through(services& at, std::string key, cache::tiers::loader load,
                                    cache::tiers::check is_value) {
    auto found = co_await at.cache.read(key, std::move(load), is_value);
    if (found.from != cache::origin::source)
        spdlog::debug("Found {}, value is {}", key, found.text);
    co_return std::move(found.text);
}

}  // namespace larder
