// What whoever follows PostgreSQL's log decides, without any I/O. Private to larder.
#pragma once

#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "follow/changes.hpp"
#include "task.hpp"
#include "world.hpp"

namespace LARDER_NAMESPACE::follow {

/// PostgreSQL, as one who follows its log asks it. Whatever is thrown ends the session.
class change_source {
public:
    /// What is known of the tables besides their rows.
    struct tables {
        /// Lines, `<table>: …`. If one of them is another one, entries may be untrue.
        std::string fingerprint = {};
        std::vector<std::string> faults = {};  ///< why they cannot be followed; empty if they can
        bool are_others = false;               ///< than those whose rows are read
    };
    /// What readers see, and how far the server has written its log, or a time instead.
    struct view {
        snapshot now = {};
        position written = 0;
    };
    struct piece {
        std::vector<transaction> complete = {};
        untrue seen = {};   ///< the same of others, which readers see already
        position done = 0;  ///< everything before it has come
    };

    /// Anew, whatever was before.
    virtual task<tables> connect() = 0;
    virtual task<bool> is_held(std::string slot) = 0;
    /// From then on what commits comes by read().
    virtual task<void> take(std::string slot) = 0;
    /// Asks the very server that the slot is of.
    virtual task<view> look() = 0;
    virtual task<tables> look_up() = 0;
    /// What has come since, for which it waits a moment.
    virtual task<piece> read() = 0;
    /// What is under way throws soon.
    virtual void interrupt() = 0;

    change_source() = default;
    change_source(const change_source&) = delete;
    change_source& operator=(const change_source&) = delete;
    virtual ~change_source() = default;
};

/// How far whoever follows is, for people.
struct progress {
    std::chrono::milliseconds since{0};  ///< how long ago the session began
    /// How long it took until the last known place in the log was told, or takes already.
    std::chrono::milliseconds late{0};
    position behind = 0;  ///< the part of the log that is not told, in bytes; by triggers of no use
};

/// The first of them, for one line of the log.
std::string in_one_line(const std::vector<std::string>& faults);

/// Thrown by what cannot be followed before somebody changes it.
struct cannot_follow : std::exception {
    explicit cannot_follow(std::string because, bool by_setup = true)
        : why(std::move(because)), is_mended_by_setup(by_setup) {}
    const char* what() const noexcept override { return why.c_str(); }
    const std::string why;
    const bool is_mended_by_setup;
};

/// One of the processes that share a Valkey follows; the others wait for its end. Who begins does
/// not know what was committed before, so it has everything forgotten.
///
/// Threads  one worker's.
/// Cost     while a transaction is not visible yet a look() each millisecond, then less often; else
///          two questions twice a second.
class following {
public:
    using milliseconds = std::chrono::milliseconds;
    struct events {
        /// What readers see to have changed.
        std::function<void(untrue what)> broken;
        /// The slot, which is of the Valkey that is served; empty while that is not known.
        std::function<std::string()> slot;
        std::function<void()> begins = [] {};
        /// What was committed a second ago is told: several times a second, while that is so.
        std::function<void(const progress& how)> follows = [](const progress&) {};
        /// It does not any more.
        std::function<void()> ends = [] {};
        /// Why a session ended, if one did; says when the next may begin.
        std::function<milliseconds(std::exception_ptr why)> pause_after;
    };

    following(waits& w, change_source& source, std::set<std::string> families, events then);
    following(const following&) = delete;
    following& operator=(const following&) = delete;

    void start() { home_.start(run()); }
    void stop();
    /// It has told all that was committed a second before it looked last, and Valkey is not another
    /// one since, for which it would begin anew.
    bool is_calm() const { return session_ && session_->is_calm && session_->slot == then_.slot(); }

private:
    struct session;
    struct standing {
        bool is_calm = false;
        std::string slot = {};
    };

    task<void> run();
    task<void> follow();
    task<void> stand_by(session& s);
    task<void> read_log(session& s);
    task<void> open_gate(session& s);
    task<void> let_through(session& s);
    task<void> look_around(session& s);
    void note_told(session& s);
    progress progress_of(const session& s) const;

    waits& waits_;
    change_source& source_;
    const std::set<std::string> families_;
    const events then_;
    pause between_;
    const standing* session_ = nullptr;
    bool stopped_ = false;
    nursery home_;  // ends first
};

}  // namespace LARDER_NAMESPACE::follow
