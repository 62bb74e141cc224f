// What this process knows that writes have made untrue: its own, and those it was told of.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace larder::cache {

/// A key that a write made untrue, and that write's mark on it in Valkey.
struct broken_key {
    std::string key;
    std::string writer;  ///< empty if no hold was sent
};

/// A key that somebody else made untrue.
struct changed_key {
    std::string key;
    /// In which transactions of the source; none: it is not known in which.
    std::vector<std::string> transactions = {};
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
    /// `name` is one that no other process has; a random one if it is empty.
    explicit own_writes(std::size_t max_remembered = 65'536, std::string name = {});
    ~own_writes();

    /// A name that nobody has, in no process.
    std::string new_name();

    /// A number that changes with each write on the key, and now and then without one.
    std::uint32_t generation(std::string_view key) const;
    /// A write on these keys is over, one way or the other.
    void count(const std::vector<std::string>& keys);

    /// `is_announced`: their commit tells the other instances.
    void remember(const std::vector<broken_key>& keys, bool is_announced = false);
    /// Every key of these families may be untrue: none is trusted before its family was purged.
    void remember_all_of(const std::set<std::string>& families, const std::string& why);
    /// A number that changes when something is remembered that no commit announces.
    unsigned unannounced() const { return unannounced_.load(); }
    /// Another instance's announcement: it wrote, and may not have reached Valkey. Keys of other
    /// families are disregarded. False if there was nothing to remember, or it was an own one.
    bool hear(std::string_view announcement, const std::vector<std::string>& families);
    /// Whether an announcement names a key of the families: else it is another service's.
    static bool concerns(std::string_view announcement, const std::vector<std::string>& families);
    /// What to tell the other instances of a write on these keys. Texts of at most 7,900 bytes.
    std::vector<std::string> announcements(const std::vector<std::string>& keys) const;
    /// The same of all writes that are remembered; not of those that it was told of, nor of those
    /// for which there was no room.
    std::vector<std::string> announcements() const;
    /// A write whose holds did not get through begins and ends: its commit announces its keys, and
    /// until its release they count as unreleased, whatever was released before.
    void untold_begins() { ++untold_; }
    void untold_ends() { --untold_; }
    /// Whether everything that was announced, by anybody, has been released.
    bool is_settled() const { return !remembers_any() && untold_.load() == 0; }

    bool is_remembered(std::string_view key) const;
    bool remembers_any() const { return remembered_.load() != 0; }
    /// How many; what found no room counts as one.
    std::size_t remembered() const { return remembered_.load(); }
    /// How many of them this process wrote.
    std::size_t remembered_own() const;

    /// A key that Valkey could not be told of yet.
    struct unreleased {
        std::string key;
        std::vector<std::string> writers;
        std::uint64_t change;  ///< which remember() it was; a later one is not undone by an earlier
    };
    /// At most `limit` of them.
    std::vector<unreleased> some(std::size_t limit) const;
    void forget(const std::vector<unreleased>& released);

    /// A family all of whose entries are to be invalidated.
    struct untrue_family {
        std::string family;    ///< empty: each of them, as there were more keys than it remembers
        std::uint64_t change;  ///< which it was; a later one is not undone by an earlier
        std::string why;       ///< for people
    };
    /// To be purged, and then to be forgotten by forget_family().
    std::vector<untrue_family> untrue_families() const;
    void forget_family(const untrue_family& purged);
    /// Counts what is remembered, and what not to trust.
    std::uint64_t last_change() const;
    /// Whether nothing is remembered any more since that change or before.
    bool is_released(std::uint64_t change) const;

    // ---- What who follows is told of the process's own writes.

    using time_point = std::chrono::steady_clock::time_point;
    /// Valkey has just been told that these keys are released, of a write that the source calls
    /// this.
    void was_released(const std::string& transaction, const std::vector<std::string>& keys,
                      time_point now);
    /// Whether that is so of this key and all these transactions, since less than a second: the
    /// source may call another one so later.
    bool is_released_lately(const changed_key& one, time_point now) const;

    // ---- Which servers these are.

    /// Nothing in Valkey is trusted before the source has said which database it is, and what was
    /// left unreleased in it: see identify(). Call it before the first tier starts.
    void expect_source() { expects_source_ = true; }
    /// The source's identity; what is unreleased there was told by hear() before.
    void identify(std::string database);
    /// Whose entries may be trusted. Nothing while that is not known; "-" if nobody will say.
    std::optional<std::string> database() const;

    /// A worker is connected to the Valkey of this run id. The number of the visit: another one
    /// whenever that is another server than the one before, also if it was seen earlier.
    std::uint32_t visit(const std::string& run_id);
    std::uint32_t last_visit() const { return visit_.load(); }
    /// The run id of the last one; empty before the first.
    std::string visited() const;
    /// Whether a family has to be purged before it is trusted on this visit, whatever its mark
    /// says: others may have written to the server before this one.
    bool must_purge(const std::string& family) const;
    void was_purged(const std::string& family, std::uint32_t visit);
    /// A worker found entries of another database, or none. True if that is news.
    bool found_foreign(bool is_foreign) {
        return finds_foreign_.exchange(is_foreign) != is_foreign;
    }
    bool finds_foreign() const { return finds_foreign_; }

private:
    static constexpr std::size_t slots = 4096;
    struct state;

    const std::size_t max_remembered_;
    std::atomic<std::uint32_t> names_{0};
    std::array<std::atomic<std::uint32_t>, slots> generations_{};
    std::atomic<std::size_t> remembered_{0};
    std::atomic<unsigned> unannounced_{0};
    std::atomic<std::size_t> untold_{0};
    std::atomic<std::uint32_t> visit_{0};
    std::atomic<bool> expects_source_{false};
    std::atomic<bool> finds_foreign_{false};
    std::unique_ptr<state> state_;
};

}  // namespace larder::cache
