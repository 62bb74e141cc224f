// Whether what Valkey remembers may be believed. Private to cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/cache/options.hpp"
#include "larder/cache/own_writes.hpp"
#include "larder/cache/server_record.hpp"
#include "task.hpp"
#include "valkey/client.hpp"

namespace larder::cache {

/// How the source is asked and told which server a family's entries are in.
struct server_memory {
    std::function<task<server_record>(std::string family)> read;
    /// If it is still the one that was read, it is replaced. Whether it was.
    std::function<task<bool>(std::string family, std::string before, std::string server)> write;
};

/// A server may remember too much: one that was restarted from an old snapshot, a replica promoted
/// before it heard the last deletes, an old primary that the address leads back to. And what it
/// remembers may be another database's. So each family has a mark, which names the run of the
/// server that it was last trusted in and the database that its entries come from. A connection is
/// trusted when the marks of all families say so, and the source knows of no other server since;
/// where one names another run, one instance purges the family. Another database's entries are
/// neither used nor purged.
///
/// Threads  one worker's.
class trust {
public:
    trust(waits& w, valkey::client& client, own_writes& own, const tiers_options& options,
          std::string worker);

    /// Without it, each process knows only what it saw itself.
    void remember_servers(server_memory how) { memory_ = std::move(how); }

    /// A connection began.
    void begin();
    /// It was lost, or all is to end.
    void end();
    void stop();
    /// A key that was read changed. Whether it was a mark, of which more is found out then.
    bool changed(std::string_view key);
    /// Any key may have changed, so a mark, too.
    void all_changed();

    bool is_trusted() const {
        return client_.life() != 0 && trusted_life_ == client_.life() &&
               visit_ == own_.last_visit();
    }
    /// To be called every now and then.
    void tick();
    /// Returns when the connection is trusted or lost, or not trusted for a second.
    task<void> settled();
    /// Deletes all entries of a family and, before that, all leases, or a fill that was granted
    /// before lands behind the purge. One instance does at a time. How many values; nothing if it
    /// did not get through on the connection of that number, or another instance purges.
    /// Cost     a walk over the whole key space: never on the way of a request.
    /// `only`: of the keys that begin with the family's name, those; null: all.
    using of_family = std::function<bool(std::string_view key)>;
    task<std::optional<std::size_t>> purge(std::uint64_t life, std::string family, std::string why,
                                           const of_family* only = nullptr);
    /// The same for all families, and their marks name this database from now on, whatever they
    /// said before. How many values.
    task<std::optional<std::size_t>> take_over();

    /// Of families, by this worker, and how many values these deleted.
    std::uint64_t purges() const { return purges_; }
    std::uint64_t purged_entries() const { return purged_entries_; }

private:
    enum class verdict { trusted, not_yet, foreign };

    void look_again();
    task<void> look(std::uint64_t life);
    task<verdict> ask(std::uint64_t life);
    task<verdict> ask_family(std::uint64_t life, std::string family, std::string run,
                             std::string database);
    task<std::optional<std::size_t>> purge_and_mark(std::uint64_t life, std::string family,
                                                    std::string mark, std::string why);
    task<bool> lock(std::uint64_t life, std::string family);
    task<server_record> recorded(std::string family);
    task<std::optional<std::size_t>> purge_locked(std::uint64_t life, std::string family,
                                                  const of_family* only = nullptr);
    task<std::optional<std::size_t>> walk(std::uint64_t life, std::string family,
                                          std::string pattern, const of_family* only);
    task<std::string> run_id(std::uint64_t life);
    task<std::vector<valkey::reply>> tell(std::uint64_t life,
                                          std::vector<valkey::command> commands);
    task<valkey::reply> tell(std::uint64_t life, valkey::command only);
    void say_foreign(const std::string& family) const;
    void done();

    waits& waits_;
    valkey::client& client_;
    own_writes& own_;
    const tiers_options& options_;
    const std::string worker_;
    server_memory memory_;
    std::uint64_t trusted_life_ = 0;
    std::uint32_t visit_ = 0;
    unsigned changes_ = 0;  // of marks that were read
    std::string database_;  // that is trusted here
    time_point lock_renewed_{};
    std::uint64_t purges_ = 0, purged_entries_ = 0;
    bool stopped_ = false;
    std::string why_not_;  // for the log
    std::string told_;     // of these, since one was trusted
    pause between_;
    std::vector<wait_id> settling_;
    nursery home_;
};

}  // namespace larder::cache
