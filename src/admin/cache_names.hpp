// How entries are named by operators, and how in Valkey. Does no I/O. Private to larder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "larder/cache/key.hpp"

namespace larder::admin {

/// `num_orders:7`, and where its entry is.
struct named_entry {
    std::string key;
    const cache::key* family = nullptr;
    std::string kept_as;  ///< with the prefix; of a family by generation without the generation
};

/// The families of a service, and the prefix of its keys.
///
/// Errors   throws std::invalid_argument with a sentence for what no family has.
class cache_names {
public:
    /// `prefix` is CACHE_PREFIX, without a colon.
    cache_names(const std::vector<cache::key>& families, const std::string& prefix);

    const std::vector<cache::key>& families() const { return families_; }
    named_entry entry(const std::string& key) const;
    const cache::key& family(const std::string& name) const;
    std::string full(std::string_view name) const { return prefix_ + std::string{name}; }
    const std::string& declared() const { return declared_; }  ///< see tiers_options
    /// The names of all families with the prefix.
    std::vector<std::string> full_names() const;
    /// Which keys are the service's at least, for SCAN.
    std::string pattern() const { return prefix_.empty() ? "*" : '*' + prefix_ + '*'; }

    enum class kind { entry, generation, lease, hold };
    struct kept {
        std::size_t family = 0;  ///< its place
        kind is = kind::entry;
        std::string_view generation = {};  ///< that the entry is of, if its family has them
    };
    /// What a key in Valkey is; nothing if it is none of these families'.
    std::optional<kept> find(std::string_view key_in_valkey) const;

private:
    std::string list() const;

    std::vector<cache::key> families_;
    std::string prefix_;  // with a colon
    std::string declared_;
};

}  // namespace larder::admin
