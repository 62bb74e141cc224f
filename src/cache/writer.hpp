// What a write does to the cache: hold, commit, release, answer. Private to cache.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cache/shared_tier.hpp"
#include "larder/cache/own_writes.hpp"
#include "larder/fate.hpp"
#include "task.hpp"
#include "valkey/client.hpp"

namespace LARDER_NAMESPACE::cache {

/// Asks the source what became of a write.
using ask_fate = std::function<task<fate>()>;

/// One write, and what Valkey was told of it.
struct change {
    std::vector<std::string> keys;
    std::string name = {};            ///< its mark in the holds; empty if none was sent
    bool is_left_to_the_log = false;  ///< nothing was held, as somebody follows that
    bool is_untold = false;           ///< the other instances are told by the commit itself
    std::string transaction = {};     ///< the source's name of what was committed, if it is known
    time_point held_at = {};          ///< or was to be
};

/// Threads  one worker's; own_writes is shared.
class writer {
public:
    /// What the rest of the engine does for a writer.
    class owner {
    public:
        virtual std::string next_name() = 0;
        /// Whether the server is one that all instances believe, and the next process will know of.
        virtual bool is_trusted() const = 0;
        /// Something is remembered as unreleased.
        virtual void release_soon() = 0;

    protected:
        ~owner() = default;
    };

    writer(waits& w, valkey::client& client, shared_tier& shared, own_writes& own,
           const tiers_options& options, owner& asks);

    /// Before the commit; again before a further one. What Valkey could not be told, so that the
    /// commit itself has to announce it to the other instances; mostly nothing.
    task<std::vector<std::string>> hold(change& one);
    /// Whether it may be committed without one: whoever follows the source's log would hear of it.
    /// Then it begins now.
    bool needs_no_hold(change& one);
    /// The write is over; `may_be_written` unless it certainly is not. With `what_became`, it is
    /// not known whether it is committed, and it may still be: the holds stay until that says that
    /// it cannot any more; where that cannot be known, until their time ends. What had no hold is
    /// left to who follows. What is to be announced before anybody is answered; mostly nothing.
    task<std::vector<std::string>> end(change& one, bool may_be_written, ask_fate what_became);
    task<std::vector<std::string>> release(change& one);
    /// Nobody will end it any more.
    void forget(change& one);

    /// The connection was lost; it was made then.
    void lost(time_point connected_at);
    /// What is left is left.
    void stop() { stopped_ = true; }
    /// How many writes of unknown outcome are being settled.
    std::size_t settling() const { return settling_; }

private:
    void leave(change& one, ask_fate what_became);
    task<void> settle(change one, ask_fate what_became);
    task<fate> ask(const ask_fate& what_became);
    task<bool> tell_hold(const change& one);
    task<bool> tell_release(const change& one);
    bool is_told_by_the_log() const;
    task<void> let_others_hear();
    task<bool> reconnected();
    void remember(const change& one);

    waits& waits_;
    valkey::client& client_;
    shared_tier& shared_;
    own_writes& own_;
    const tiers_options& options_;
    owner& owner_;
    // A connection that is lost mostly comes back at once. One that had just begun does not count,
    // nor one to a server that was silent: that has cost its deadline already.
    time_point reconnects_until_ = time_point::min();
    std::size_t settling_ = 0;
    bool stopped_ = false;
    nursery home_;  // ends first
};

}  // namespace LARDER_NAMESPACE::cache
