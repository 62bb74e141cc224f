#include "larder/cache/own_writes.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace larder::cache {

namespace {

// Of one key. The hold of one more ends with its time.
constexpr std::size_t max_writers = 1000;

}  // namespace

struct own_writes::state {
    struct what {
        std::vector<std::string> writers;
        std::uint64_t change = 0;
    };
    mutable std::mutex mutex;  // guards the rest
    std::map<std::string, what, std::less<>> keys;
    std::uint64_t last_change = 0;
    std::uint64_t overflow = 0;  // the last change that found no room

    std::size_t size() const { return keys.size() + (overflow != 0 ? 1 : 0); }
};

own_writes::own_writes(std::size_t max_remembered)
    : max_remembered_(max_remembered), state_(std::make_unique<state>()) {}
own_writes::~own_writes() = default;

std::uint32_t own_writes::generation(std::string_view key) const {
    return generations_[std::hash<std::string_view>{}(key) % slots].load();
}

void own_writes::count(const std::vector<std::string>& keys) {
    for (const auto& key : keys) ++generations_[std::hash<std::string_view>{}(key) % slots];
}

void own_writes::remember(const std::vector<broken_key>& keys) {
    if (keys.empty()) return;
    const std::scoped_lock lock{state_->mutex};
    ++state_->last_change;
    for (const auto& [key, writer] : keys) {
        if (state_->keys.size() >= max_remembered_ && !state_->keys.contains(key)) {
            state_->overflow = state_->last_change;
            continue;
        }
        auto& one = state_->keys[key];
        one.change = state_->last_change;
        if (!writer.empty() && one.writers.size() < max_writers) one.writers.push_back(writer);
    }
    remembered_ = state_->size();
}

bool own_writes::is_remembered(std::string_view key) const {
    if (!remembers_any()) return false;
    const std::scoped_lock lock{state_->mutex};
    return state_->overflow != 0 || state_->keys.contains(key);
}

std::vector<own_writes::unreleased> own_writes::some(std::size_t limit) const {
    const std::scoped_lock lock{state_->mutex};
    std::vector<unreleased> result;
    for (const auto& [key, one] : state_->keys) {
        if (result.size() == limit) break;
        result.push_back({key, one.writers, one.change});
    }
    return result;
}

void own_writes::forget(const std::vector<unreleased>& released) {
    const std::scoped_lock lock{state_->mutex};
    for (const auto& one : released) {
        const auto found = state_->keys.find(one.key);
        if (found != state_->keys.end() && found->second.change == one.change)
            state_->keys.erase(found);
    }
    remembered_ = state_->size();
}

std::uint64_t own_writes::overflow() const {
    const std::scoped_lock lock{state_->mutex};
    return state_->overflow;
}

void own_writes::forget_all(std::uint64_t overflow) {
    const std::scoped_lock lock{state_->mutex};
    if (state_->overflow == overflow) state_->overflow = 0;
    remembered_ = state_->size();
}

}  // namespace larder::cache
