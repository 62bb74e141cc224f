#include "cache_names.hpp"

#include <algorithm>
#include <stdexcept>

#include "cache/declared.hpp"
#include "larder/json.hpp"

namespace larder::admin {

namespace {

// Of `num_orders:7`, behind the family and a colon: no value has a colon in it.
std::optional<std::string_view> behind(std::string_view family, std::string_view key) {
    if (key.size() <= family.size() || !key.starts_with(family) || key[family.size()] != ':')
        return std::nullopt;
    return key.substr(family.size() + 1);
}

// Whether each value is one that a reader's key can have.
bool may_be(const cache::key& family, std::string_view rest) {
    for (std::size_t i = 0; i < family.parameters(); ++i) {
        if (!family.may_have(i, rest.substr(0, rest.find(':')))) return false;
        rest.remove_prefix(std::min(rest.find(':'), rest.size() - 1) + 1);
    }
    return true;
}

std::size_t values_in(std::string_view rest) {
    return static_cast<std::size_t>(std::ranges::count(rest, ':')) + 1;
}

}  // namespace

cache_names::cache_names(const std::vector<cache::key>& families, const std::string& prefix)
    : prefix_(prefix.empty() ? "" : prefix + ':'), declared_(cache::declared_by(families)) {
    for (const auto& one : families)
        if (std::ranges::find(families_, one.family(), &cache::key::family) == families_.end())
            families_.push_back(one);
}

std::string cache_names::list() const {
    std::string names;
    for (const auto& one : families_)
        names += (names.empty() ? "" : ", ") + std::string{one.family()};
    return names.empty() ? "there are none" : "there are: " + names;
}

named_entry cache_names::entry(const std::string& key) const {
    const cache::key* nearly = nullptr;
    for (const auto& one : families_) {
        const auto rest = behind(one.family(), key);
        if (rest && values_in(*rest) == one.parameters() && may_be(one, *rest))
            return {.key = key, .family = &one, .kept_as = full(key)};
        if (rest) nearly = &one;
    }
    std::string shown;  // a terminal obeys what is not printable
    json::append_string(shown, key);
    shown = '\'' + shown.substr(1, shown.size() - 2) + '\'';
    if (nearly)
        throw std::invalid_argument(shown + " is no key of " + std::string{nearly->family()} +
                                    ", whose entries are like " + nearly->all() +
                                    ", with values for 'all' as the log spells them");
    throw std::invalid_argument(shown + " is no key of a family; " + list());
}

const cache::key& cache_names::family(const std::string& name) const {
    const auto found = std::ranges::find(families_, name, &cache::key::family);
    if (found == families_.end())
        throw std::invalid_argument("there is no family '" + name + "'; " + list());
    return *found;
}

std::vector<std::string> cache_names::full_names() const {
    std::vector<std::string> all;
    all.reserve(families_.size());
    for (const auto& one : families_) all.push_back(full(one.family()));
    return all;
}

std::optional<cache_names::kept> cache_names::find(std::string_view key) const {
    kept found;
    for (const auto& [ending, is] : {std::pair{std::string_view{"}:lease"}, kind::lease},
                                     std::pair{std::string_view{"}:hold"}, kind::hold}}) {
        if (!key.starts_with('{') || !key.ends_with(ending)) continue;
        key = key.substr(1, key.size() - 1 - ending.size());
        found.is = is;
    }
    if (!key.starts_with(prefix_)) return std::nullopt;
    key.remove_prefix(prefix_.size());
    for (; found.family < families_.size(); ++found.family) {
        const auto& family = families_[found.family];
        const auto rest = behind(family.family(), key);
        if (!rest) continue;
        if (!family.is_by_generation()) {
            if (values_in(*rest) == family.parameters()) return found;
        } else if (*rest == cache::no_value) {
            if (found.is == kind::entry) found.is = kind::generation;
            return found;
        } else if (values_in(*rest) == family.parameters() + 1) {
            found.generation = rest->substr(0, rest->find(':'));
            return found;
        }
    }
    return std::nullopt;
}

}  // namespace larder::admin
