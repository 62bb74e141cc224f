// What committed transactions make untrue, from PostgreSQL's log. Without any I/O. Private to
// larder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "follow/pgoutput.hpp"
#include "follow/snapshot.hpp"
#include "larder/cache/own_writes.hpp"

namespace LARDER_NAMESPACE::follow {

/// A family of keys, whose entries are told apart by columns.
struct dependant {
    std::string family;
    std::string column;
    std::vector<std::string> more_columns = {};
    bool is_only_counted = false;  // an update that leaves these columns alone changes nothing
    bool is_by_generation = false;
    bool operator==(const dependant&) const = default;
};
/// The tables that are followed, by their oid: those that have rows, so of a partitioned table its
/// leaves.
using followed_tables = std::map<std::uint32_t, std::vector<dependant>>;

/// Entries that are untrue: of some families all.
struct untrue {
    std::set<std::string> keys = {};
    std::set<std::string> families = {};
    /// Of the keys all whose transactions are known, by their 64 bits: which they are.
    std::map<std::string, std::set<std::uint64_t>> made_by = {};
    std::string why = {};  ///< families are among it; for people

    bool is_empty() const { return keys.empty() && families.empty(); }
    void add(untrue more);
    /// As the cache is told of it.
    std::vector<cache::changed_key> changed_keys() const;
};

/// A transaction that is committed, and may not be seen by readers yet.
struct transaction {
    std::uint32_t id = 0;
    untrue what = {};
};

/// Reads a stream of messages, and maps rows to the keys that they are counted under.
///
/// Keys     `<family>:all` and `<family>:<value>`, as cache::key makes them of an integer, a text
///          or a UUID; of several columns, those with `all` in the place of some values, too. Where
///          the log does not tell a value, or it is none of these, the whole family. Of one that is
///          kept by generation always `<family>:all`.
/// Memory   of one transaction at most `most_keys`; beyond, it is the families.
class changes {
public:
    explicit changes(followed_tables of, std::size_t most_keys = 10'000)
        : tables_(std::move(of)), most_keys_(most_keys) {}

    /// The next message. False if it is none that can be here: the stream is of no use.
    bool read(std::string_view message);
    /// The transactions that were complete since the last call and made anything untrue.
    std::vector<transaction> take() { return std::exchange(complete_, {}); }
    const followed_tables& tables() const { return tables_; }
    /// Whether a transaction has begun and is not complete.
    bool is_within() const { return open_.has_value(); }
    /// The end of the last one that is complete.
    position end() const { return end_; }

private:
    struct watched {
        std::string family;
        std::vector<std::size_t> columns = {};  // none: a row does not tell the values
        bool are_key = false;                   // all of them
        bool is_only_counted = false;
        bool is_by_generation = false;
    };
    static watched watch(const dependant& one, const relation& about);
    void learn(const relation& about);
    bool apply(const changed_row& row);
    bool apply(const truncated& all);
    void break_keys(const watched& by, const changed_row& row);
    void break_all_of(const std::string& family, bool is_by_generation);
    void break_family(const std::string& family);

    const followed_tables tables_;
    const std::size_t most_keys_;
    pgoutput reader_;
    std::map<std::uint32_t, std::vector<watched>> known_;
    std::optional<transaction> open_;
    position end_ = 0;
    std::vector<transaction> complete_;
};

/// Keeps what is untrue until readers see why: who loads before would store the old value again.
class gate {
public:
    void add(transaction seen_later);
    /// What may have committed while nobody followed: all families, now and whenever one of those
    /// ends that are running.
    void add_all(const snapshot& at, const std::set<std::string>& families);
    bool is_empty() const { return waiting_.empty(); }
    /// How many transactions and keys.
    std::size_t size() const { return size_; }
    /// What a reader sees from now on.
    untrue take(const snapshot& now);

private:
    struct held {
        std::uint32_t id = 0;
        std::optional<std::uint64_t> wide = {};  // where all of it is known
        untrue what = {};
    };
    static std::size_t size_of(const held& one) { return 1 + one.what.keys.size(); }

    std::vector<held> waiting_;
    std::size_t size_ = 0;
};

}  // namespace LARDER_NAMESPACE::follow
