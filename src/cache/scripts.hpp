// The shared tier's scripts, which run in Valkey. Private to cache.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::cache {

/// The first six and the last take the three keys of one entry, as keys_of() gives them: the value,
/// its lease, its holds. The others take the two of a family, as marks_of() gives them: the mark of
/// whom its entries are, and the lock of who purges it. Durations are milliseconds.
namespace script {
enum index : std::size_t {
    lease,    ///< token, duration[, longest, a text that is no value or none[, what is left of
              ///< entries that are none any more or none[, again or anew]]]: `=<value>` granted
              ///< busy held. Who asks again has the value and its lease deleted if there is a
              ///< value, anew in any case; both are told `=<value>` or `~` behind the word, `~` of
              ///< an entry that is none any more
    fill,     ///< token, value, ttl[, how long it is said to be brief, by brief_of(), which is a
              ///< fourth key]: 1 if it was stored
    yield,    ///< token: deletes this lease
    hold,     ///< writer, duration: deletes value and lease
    release,  ///< transaction or empty, how long it is known, writers…: deletes value and lease
    renew,    ///< token, duration: 1 if the lease was still this token's
    lock,     ///< name, duration: 1 if the lock is this name's now
    unlock,   ///< name: ends this name's lock
    mark,     ///< name, mark: sets it and ends the lock; 1 if the lock was still this name's
    forget,   ///< transactions…: if not all are known as released, deletes value and lease; 1 if so
};
}  // namespace script

/// Their sources, by index.
const std::vector<std::string>& scripts();

/// For how long Valkey knows that a transaction is released.
constexpr std::chrono::milliseconds released_is_known{1'000};
/// Of script::release. Whoever hears of the transaction later need not delete what was loaded
/// since.
std::vector<std::string> release_arguments(const std::vector<std::string>& writers,
                                           std::string transaction = {});

/// The entry's three keys, which hash to one slot.
std::vector<std::string> keys_of(std::string_view key);
/// The key that is there as long as an entry is young that was stored while nobody followed the
/// writes of others.
std::string brief_of(std::string_view key);
/// The family's two keys, likewise.
std::vector<std::string> marks_of(std::string_view family);

}  // namespace LARDER_NAMESPACE::cache
