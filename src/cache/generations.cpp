#include "generations.hpp"

#include "larder/cache/escaped.hpp"

namespace LARDER_NAMESPACE::cache {

std::string_view generations::family_of(std::string_view key) const {
    if (all_.empty()) return {};
    for (auto end = key.find(':'); end != key.npos; end = key.find(':', end + 1))
        if (const auto found = all_.find(key.substr(0, end)); found != all_.end()) return *found;
    return {};
}

bool generations::is_of_one(std::string_view key) const {
    if (all_.empty()) return false;
    const auto end = key.rfind(':');
    return end != key.npos && key.substr(end + 1) == no_value && all_.contains(key.substr(0, end));
}

std::string generations::entry(std::string_view family, std::string_view generation,
                               std::string_view key) {
    std::string all;
    all.reserve(key.size() + 1 + generation.size());
    return all.append(family).append(1, ':').append(generation).append(key.substr(family.size()));
}

// It is a part of names.
bool generations::is_generation(std::string_view text) {
    constexpr std::size_t longest = 100;
    return !text.empty() && text != none && text.size() <= longest && text.find(':') == text.npos;
}

}  // namespace LARDER_NAMESPACE::cache
