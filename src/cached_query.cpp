#include "larder/cached_query.hpp"

#include <spdlog/spdlog.h>

namespace larder {

awaitable<std::string> read_through(services& at, std::string key, cache::tiers::loader load,
                                    cache::tiers::check is_value) {
    spdlog::debug("Checking cache key {}", key);
    if (const auto local = at.cache.find(key); local && is_value(*local)) {
        spdlog::debug("Found {}, value is {}", key, *local);
        co_return std::string{*local};
    }
    auto found = co_await at.cache.read(key, std::move(load), is_value);
    if (found.from != cache::origin::source)
        spdlog::debug("Found {}, value is {}", key, found.text);
    co_return std::move(found.text);
}

}  // namespace larder
