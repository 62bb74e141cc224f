// The lookup of many keys at once, without loads.

#include <algorithm>
#include <memory>
#include <utility>

#include "engine.hpp"
#include "larder/cache/escaped.hpp"

namespace LARDER_NAMESPACE::cache {

// What is asked before any reply is there travels together. Not all of a long list at once: Valkey
// would not answer others in time. All keys are of one family.
task<std::vector<std::optional<found>>> engine::look_all(std::vector<std::string> keys,
                                                         check is_value) {
    constexpr std::size_t most_at_a_time = 200;
    const auto to = std::make_shared<gathered>();
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        to->all.push_back(find_value(keys[i], is_value));
        if (!to->all[i]) missing.push_back(i);
    }
    const auto family = missing.empty() ? std::string_view{} : generations_.family_of(keys[0]);
    if (!family.empty()) {
        const auto now = co_await reader_.look(generation_of(family), &generations::is_generation);
        if (!now) co_return std::move(to->all);
        for (const auto i : missing) keys[i] = generations::entry(family, now->text, keys[i]);
    }
    for (std::size_t first = 0; first < missing.size(); first += most_at_a_time) {
        const auto end = std::min(missing.size(), first + most_at_a_time);
        to->left = end - first;
        to->done = waits_.make();
        for (auto i = first; i < end; ++i)
            home_.start(look_into(to, missing[i], std::move(keys[missing[i]]), is_value));
        if (to->left > 0) co_await waits_.until(to->done);
    }
    co_return std::move(to->all);
}

task<void> engine::look_into(std::shared_ptr<gathered> to, std::size_t place, std::string key,
                             check is_value) {
    auto one = co_await reader_.look(std::move(key), is_value);
    to->all[place] = std::move(one);
    if (--to->left == 0) waits_.end(to->done);
}

}  // namespace LARDER_NAMESPACE::cache
