// The shared tier's scripts, which run in Valkey. Private to cache.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder::cache {

/// Each takes the three keys of one entry, as keys_of() gives them: the value, its lease, its
/// holds. Durations are milliseconds.
namespace script {
enum index : std::size_t {
    lease,    ///< token, duration[, a text that is no value]: `=<value>` granted busy held
    fill,     ///< token, value, ttl: 1 if it was stored
    yield,    ///< token: deletes this lease
    hold,     ///< writer, duration: deletes value and lease
    release,  ///< writers…: deletes value and lease
    renew,    ///< token, duration: 1 if the lease was still this token's
};
}  // namespace script

/// Their sources, by index.
const std::vector<std::string>& scripts();

/// The entry's three keys, which hash to one slot.
std::vector<std::string> keys_of(std::string_view key);

}  // namespace larder::cache
