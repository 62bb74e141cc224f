// Families whose entries become untrue all at once. Private to cache.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::cache {

/// What the entries of such families are called in Valkey: `products:3:20` is
/// `products:<generation>:3:20`, and `products:all` says which generation it is. That one is an
/// entry as any other: whoever writes holds and releases it, and who finds none stores a new one,
/// which nobody had before. So the whole family is untrue at the cost of one entry; what it leaves
/// ends by its time to live.
class generations {
public:
    using families = std::set<std::string, std::less<>>;

    explicit generations(families all) : all_(std::move(all)) {}

    /// Of a key that is read; empty if it is of another kind.
    std::string_view family_of(std::string_view key) const;
    /// Whether it is the key of an entry that says which generation it is.
    bool is_of_one(std::string_view key) const;
    /// The key in that generation of its family.
    static std::string entry(std::string_view family, std::string_view generation,
                             std::string_view key);
    /// Whether an entry's text can be one.
    static bool is_generation(std::string_view text);
    /// How long they do. What is found by one was loaded since, and has its own time to live; the
    /// end of a generation is the end of all that.
    static constexpr std::chrono::hours live{24};
    /// Of entries that are not kept.
    static constexpr std::string_view none = "-";

private:
    const families all_;
};

}  // namespace LARDER_NAMESPACE::cache
