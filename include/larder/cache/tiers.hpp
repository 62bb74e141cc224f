// The two tiers of a worker's cache: its own entries, and those that all instances share.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "larder/cache/entry.hpp"
#include "larder/cache/key_reads.hpp"
#include "larder/cache/options.hpp"
#include "larder/cache/own_writes.hpp"
#include "larder/cache/server_record.hpp"
#include "larder/cache/stats.hpp"
#include "larder/fate.hpp"
#include "larder/valkey/options.hpp"

namespace larder::cache {

/// Values under keys with a TTL, kept true: a reader that begins after a write was answered never
/// gets what was true before it.
///
/// Read     local tier; shared tier; a lease, the source, and a fill that counts only if nobody
///          invalidated meanwhile. One reader of a key does that at a time, for all who wait.
/// Write    class write.
/// Errors   never throws for a dead or silent Valkey: a read loads, a write is remembered and its
///          keys are not read from here until their release got through.
/// Threads  call on the worker it was made for; own_writes is shared.
/// Cost     local hit: one system call, which looks, for all of a turn. shared hit: one round trip.
/// miss: three, and
///          one load.
/// Source   leases: Nishtala et al., NSDI 2013, section 3.2.1.
class tiers {
public:
    /// Runs the source's query; the text of its value.
    using loader = std::function<boost::asio::awaitable<std::string>()>;
    using check = cache::check;
    using found = cache::found;
    using local_hit = cache::local_hit;

    tiers(const boost::asio::any_io_executor& executor, const valkey::client_options& server,
          own_writes& own, tiers_options options);
    ~tiers();
    tiers(const tiers&) = delete;
    tiers& operator=(const tiers&) = delete;

    /// Asks and tells the source which server a family's entries are in; before start().
    struct server_memory {
        std::function<boost::asio::awaitable<server_record>(std::string family)> read;
        /// If it is still the one that was read, it is replaced. Whether it was.
        std::function<boost::asio::awaitable<bool>(std::string family, std::string before,
                                                   std::string server)>
            write;
    };
    void remember_servers(server_memory how);

    /// Connects; returns when entries can be read, or when that failed for now.
    boost::asio::awaitable<void> start();
    /// Until what this process wrote is released in Valkey, or that time. Call it when no request
    /// is left, before stop().
    boost::asio::awaitable<void> drain(std::chrono::steady_clock::time_point until);
    /// Ends the connection and what goes on in the background.
    void stop();

    /// A hit in the local tier; of that version only, if it is not 0.
    std::optional<local_hit> find(std::string_view key, std::uint64_t version = 0);
    /// Runs `all`, in which find() is for those alone who have asked before: it looks once.
    void find_together(const std::function<void()>& all);
    /// A hit in either tier.
    boost::asio::awaitable<std::optional<found>> look(std::string key, check is_value,
                                                      trace::context within = {});
    /// The same for each of these keys, in their order.
    /// Cost     one round trip for each 200 keys that the local tier has not got.
    boost::asio::awaitable<std::vector<std::optional<found>>> look_all(
        std::vector<std::string> keys, check is_value, trace::context within = {});
    /// The value from wherever it is. `load` may run after the caller has gone; it throws what
    /// every reader of this load then gets.
    boost::asio::awaitable<found> read(std::string key, loader load, check is_value, wish how = {});

    /// What a reader would get from a tier.
    struct sight {
        std::string text;
        origin from = origin::local;
        std::chrono::steady_clock::time_point expires;
    };
    /// The same as look(), for who only compares.
    boost::asio::awaitable<std::optional<sight>> peek(std::string key, check is_value);
    /// Is told of each read that may need a load, and of that; nothing: nobody is.
    void watch_reads(
        std::function<void(const std::string& key, const loader& load, check is_value)> told);

    /// An entry that look() found is the answer: counts it as a hit.
    void count_hit(origin in, std::string_view key);
    /// Since the start, of this worker.
    cache::stats stats() const;
    /// An estimate of the keys that are read most; none without tiers_options::counts_keys.
    key_reads hottest(std::size_t most) const;

    /// Whether an announcement names a key of these tiers.
    bool concerns(std::string_view announcement) const;
    /// What another instance announced.
    void hear(std::string_view announcement);
    /// Somebody who may not use this cache made these keys untrue, and readers of the source see
    /// it. An entry that was loaded after the release of all those transactions stays. What cannot
    /// be told to Valkey now is told later, and to the other instances meanwhile.
    void invalidate(std::vector<changed_key> keys);
    /// The same of all keys of these families. `why` is kept in Valkey, for people.
    /// Cost     a walk over Valkey's whole key space for each, in the background.
    void invalidate_all_of(const std::set<std::string>& families, const std::string& why);
    /// Such writes are told to invalidate(), and will be: to be said again within two seconds. See
    /// tiers_options::unfollowed. `how` is kept in Valkey, for people.
    void say_followed(followed_how how = {});
    /// Whether somebody who uses the same Valkey said so.
    bool is_followed() const;
    /// They are not any more; who said it says this.
    void say_unfollowed();
    /// What this process tells of itself, which is kept in Valkey for people, for six seconds.
    void tell_of_instance(const std::string& name, std::string text);
    /// Deletes all entries of the families, and marks them as this source's from now on. How many;
    /// nothing if Valkey does not answer, or another instance purges.
    /// Cost     a walk over Valkey's whole key space.
    boost::asio::awaitable<std::optional<std::size_t>> take_over();

private:
    friend class write;
    struct state;
    std::shared_ptr<state> state_;
};

/// A write to the source, seen from the cache: hold, commit, release, answer.
///
/// With the holds in place no reader fills the keys, on any instance; the release makes them
/// fillable again and deletes what they hold. Valkey out of reach delays neither by more than a
/// deadline.
class write {
public:
    /// Asks the source what became of the write.
    using ask_fate = std::function<boost::asio::awaitable<fate>()>;

    write(tiers& of, std::vector<std::string> keys, trace::context within = {});
    ~write();
    write(const write&) = delete;
    write& operator=(const write&) = delete;

    /// More keys that it makes untrue. Those that no hold() was called for are released by end()
    /// all the same.
    void add(std::vector<std::string> keys);
    /// Before the commit; again before a further one. What Valkey could not be told, so that the
    /// commit itself has to announce it to the other instances (tiers::hear()); mostly nothing.
    boost::asio::awaitable<std::vector<std::string>> hold();
    /// Whether it may be committed without hold(): somebody follows the source's log, and would
    /// invalidate its keys if this process died. Asked right before the write begins.
    bool needs_no_hold();
    /// The write is over; `may_be_written` unless it certainly is not. With `what_became`, it is
    /// not known whether it is committed, and it may still be: the holds stay until that says that
    /// it cannot any more; where that cannot be known, until their time ends.
    /// `transaction`: what the source calls it, so that who follows the source's log knows it
    /// again.
    /// What is to be announced to the other instances before anybody is answered, as nobody told
    /// them: there was no hold, and Valkey did not take the release. Mostly nothing.
    boost::asio::awaitable<std::vector<std::string>> end(bool may_be_written,
                                                         ask_fate what_became = {},
                                                         std::string transaction = {});

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace larder::cache
