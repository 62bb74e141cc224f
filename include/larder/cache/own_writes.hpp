// What this process knows that writes have made untrue: its own, and those it was told of.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace larder::cache {

/// A key that a write made untrue, and that write's mark on it in Valkey.
struct broken_key {
    std::string key;
    std::string writer;  ///< empty if no hold was sent
};

/// Shared by all workers of a process, so that none serves what another one's write made untrue.
///
/// It counts the writes on each key: an entry of a local tier that was asked for before the last
/// write is not used. And it remembers the keys whose release has not reached Valkey yet: their
/// entries may be untrue in the shared tier, so no worker reads or fills them until it got through.
/// Meanwhile the other instances have to be told by another way: announcements() says of what.
///
/// Threads  any.
/// Cost     of asking: one atomic read each; remembered keys are behind a mutex that is not taken
///          while there are none. Beyond `max_remembered` keys, no key at all is trusted.
class own_writes {
public:
    explicit own_writes(std::size_t max_remembered = 65'536);
    ~own_writes();

    /// A name that nobody has, in no process.
    std::string new_name();

    /// A number that changes with each write on the key, and now and then without one.
    std::uint32_t generation(std::string_view key) const;
    /// A write on these keys is over, one way or the other.
    void count(const std::vector<std::string>& keys);

    void remember(const std::vector<broken_key>& keys);
    /// Another instance's announcement: it wrote, and may not have reached Valkey. Keys of other
    /// families are disregarded. False if there was nothing to remember, or it was an own one.
    bool hear(std::string_view announcement, const std::vector<std::string>& families);
    /// What to tell the other instances of a write on these keys. Texts of at most 7,900 bytes.
    std::vector<std::string> announcements(const std::vector<std::string>& keys) const;
    /// The same of all writes that are remembered; not of those that it was told of.
    std::vector<std::string> announcements() const;

    bool is_remembered(std::string_view key) const;
    bool remembers_any() const { return remembered_.load() != 0; }
    /// How many; what found no room counts as one.
    std::size_t remembered() const { return remembered_.load(); }

    struct unreleased {
        std::string key;
        std::vector<std::string> writers;
        std::uint64_t change;  ///< which remember() it was; a later one is not undone by an earlier
    };
    /// At most `limit` of them.
    std::vector<unreleased> some(std::size_t limit) const;
    void forget(const std::vector<unreleased>& released);

    /// There were more keys than it can remember. Not 0: purge all families, then say which
    /// number it was with forget_all().
    std::uint64_t overflow() const;
    void forget_all(std::uint64_t overflow);

private:
    static constexpr std::size_t slots = 4096;
    struct state;

    const std::size_t max_remembered_;
    std::atomic<std::uint32_t> names_{0};
    std::array<std::atomic<std::uint32_t>, slots> generations_{};
    std::atomic<std::size_t> remembered_{0};
    std::unique_ptr<state> state_;
};

}  // namespace larder::cache
