#include "following.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "cache/rules.hpp"
#include "cache/scripts.hpp"

namespace LARDER_NAMESPACE::follow {

using cache::in_force;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr auto poll_every = 200ms;         // whether the one that follows is still there
constexpr auto look_around_every = 500ms;  // in the catalogue
constexpr auto looks_apart = 2ms;          // of the gate: one is for all that has come
constexpr std::size_t looks_behind = 3;    // that it may be
constexpr auto names_may_recur = cache::released_is_known + 1s;  // on a server that had less
constexpr milliseconds longest_pause = 100ms;    // between two looks for what is not visible yet
constexpr std::size_t most_waiting = 1'000'000;  // transactions and keys, 100 bytes each

std::set<std::string_view> lines_of(std::string_view text) {
    std::set<std::string_view> all;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        all.insert(line);
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return all;
}

// Of which table the catalogue says something else now; for people.
std::string changed_table(std::string_view before, std::string_view now) {
    const auto old_lines = lines_of(before), new_lines = lines_of(now);
    for (const auto& [some, others] :
         {std::pair{&new_lines, &old_lines}, std::pair{&old_lines, &new_lines}})
        for (const auto& line : *some)
            if (!others->contains(line)) return std::string{line.substr(0, line.find(':'))};
    return {};
}

}  // namespace

std::string in_one_line(const std::vector<std::string>& faults) {
    constexpr std::size_t most = 5;
    std::string all;
    for (std::size_t i = 0; i < std::min(faults.size(), most); ++i)
        all.append(i > 0 ? ", " : "").append(faults[i]);
    if (faults.size() > most) all += ", and " + std::to_string(faults.size() - most) + " more";
    return all;
}

// From the connections' begin to their end.
struct following::session : standing {
    explicit session(waits& w) : wake(w) {}

    std::string fingerprint = {};
    gate waiting = {};
    pause wake;                       // of who waits for what becomes visible
    position done = 0;                // all before it has come
    position told = 0;                // all before it that readers saw, too
    std::deque<position> ahead = {};  // the same of the last looks around
    struct look {
        position written;
        time_point when;
    };
    std::deque<look> untold = {};  // of which not all is told
    milliseconds late{0};          // the last one that is
    time_point since;
    std::exception_ptr failed;
    bool has_news = false;  // since the gate looked
    bool ended = false;
    bool gate_has_ended = false;
    wait_id gate_ends = 0;
};

following::following(waits& w, change_source& source, std::set<std::string> families, events then)
    : waits_(w),
      source_(source),
      families_(std::move(families)),
      then_(std::move(then)),
      between_(w) {}

void following::stop() {
    stopped_ = true;
    between_.end();
    source_.interrupt();
}

task<void> following::run() {
    while (!stopped_) {
        std::exception_ptr why;
        try {
            co_await follow();
        } catch (...) {
            why = std::current_exception();
        }
        const auto pause = std::max(poll_every, then_.pause_after(why));
        if (!stopped_) co_await between_(pause);
    }
}

task<void> following::follow() {
    session s{waits_};
    auto found = co_await source_.connect();
    if (!found.faults.empty()) throw cannot_follow{in_one_line(found.faults)};
    s.fingerprint = std::move(found.fingerprint);
    co_await stand_by(s);
    if (stopped_) co_return;
    co_await source_.take(s.slot);
    // What is committed and not visible yet when the slot is made, or was committed before, is not
    // in the log from then on.
    auto at = co_await source_.look();
    if (!in_force.wait_for_who_runs_at_the_begin) at.now.running.clear();
    if (in_force.forget_all_at_the_begin) s.waiting.add_all(at.now, families_);
    then_.begins();
    s.since = waits_.now();
    session_ = &s;
    home_.start(open_gate(s));
    try {
        co_await read_log(s);
    } catch (...) {
        if (!s.failed) s.failed = std::current_exception();
    }
    s.ended = true;
    source_.interrupt();
    s.wake.end();
    if (!s.gate_has_ended) {
        s.gate_ends = waits_.make();
        co_await waits_.until(s.gate_ends);
    }
    session_ = nullptr;
    then_.ends();
    if (s.failed) std::rethrow_exception(s.failed);
}

// Nobody waits inside the server, where who waits keeps others from their work.
task<void> following::stand_by(session& s) {
    while (!stopped_) {
        s.slot = then_.slot();
        if (!s.slot.empty()) {
            const bool is_held = co_await source_.is_held(s.slot);
            if (!is_held) co_return;
        }
        co_await between_(poll_every);
    }
}

// Nothing here waits for anybody but the server. What is in the log and not known to Valkey is not
// asked for again, but everything forgotten by who follows next; so all that has come is done.
task<void> following::read_log(session& s) {
    while (!s.ended && !stopped_) {
        auto more = co_await source_.read();
        for (auto& each : more.complete) s.waiting.add(std::move(each));
        if (!more.seen.is_empty()) then_.broken(std::move(more.seen));
        s.done = std::max(s.done, more.done);
        if (s.waiting.size() > most_waiting)  // whoever begins anew has everything forgotten
            throw std::length_error{"too much waits to become visible"};
        s.has_news = s.has_news || !more.complete.empty();
        s.is_calm = s.is_calm && !s.has_news;
        if (s.has_news) s.wake.end();
        note_told(s);
    }
}

// What is in the log may not be visible yet: who loaded the old value now would keep it.
task<void> following::open_gate(session& s) {
    try {
        co_await let_through(s);
    } catch (...) {
        s.failed = std::current_exception();
    }
    s.ended = s.gate_has_ended = true;
    source_.interrupt();
    waits_.end(s.gate_ends);
}

task<void> following::let_through(session& s) {
    milliseconds pause = 1ms;
    auto look_around_at = waits_.now();
    auto looked = waits_.now() - looks_apart;
    while (!s.ended) {
        const auto since = std::chrono::duration_cast<milliseconds>(waits_.now() - looked);
        if (since < looks_apart) co_await waits_.sleep(looks_apart - since);
        s.has_news = false;
        const auto come = s.done;
        if (!s.waiting.is_empty()) {
            looked = waits_.now();
            auto seen = co_await source_.look();
            if (!in_force.wait_until_readers_see_it)
                seen.now = {.xmin = seen.now.xmax + 1'000'000, .xmax = seen.now.xmax + 1'000'000};
            auto what = s.waiting.take(seen.now);
            pause = what.is_empty() ? std::min(pause * 2, longest_pause) : 1ms;
            if (waits_.now() < s.since + names_may_recur) what.made_by.clear();
            if (!what.is_empty() && !s.ended) then_.broken(std::move(what));
        }
        s.told = come;
        note_told(s);
        if (s.ended) co_return;
        if (waits_.now() >= look_around_at) {  // not before the first look
            co_await look_around(s);
            look_around_at = waits_.now() + look_around_every;
        }
        if (s.ended) co_return;
        if (s.has_news) pause = 1ms;
        const auto soon = waits_.now() + pause;
        co_await s.wake.until(s.waiting.is_empty() ? look_around_at
                                                   : std::min(soon, look_around_at));
        if (s.has_news) pause = 1ms;
    }
}

// Changes of tables are in no log. And one that is read late is as good as none.
task<void> following::look_around(session& s) {
    if (then_.slot() != s.slot) throw std::runtime_error{"Valkey is another one"};
    auto found = co_await source_.look_up();
    if (found.fingerprint != s.fingerprint && !s.ended)
        then_.broken({.families = families_,
                      .why = "the catalogue says something else of the table " +
                             changed_table(s.fingerprint, found.fingerprint)});
    if (!found.faults.empty()) throw cannot_follow{in_one_line(found.faults)};
    if (found.are_others) throw std::runtime_error{"other tables are to be followed now"};
    s.fingerprint = std::move(found.fingerprint);
    const auto asked = waits_.now();
    const auto seen = co_await source_.look();
    s.untold.push_back({seen.written, asked});
    note_told(s);
    s.ahead.push_back(seen.written);
    if (s.ahead.size() > looks_behind) s.ahead.pop_front();
    const bool is_behind = s.ahead.size() == looks_behind && s.ahead.front() > s.told;
    if (s.ended || (is_behind && in_force.sign_only_of_who_is_not_behind)) co_return;
    then_.follows(progress_of(s));
    s.is_calm = s.waiting.is_empty() && !s.has_news && !is_behind;
}

// Where nothing waits to become visible, all that has come is told.
void following::note_told(session& s) {
    const auto told = s.waiting.is_empty() ? s.done : s.told;
    const auto now = waits_.now();
    for (; !s.untold.empty() && s.untold.front().written <= told; s.untold.pop_front())
        s.late = std::chrono::duration_cast<milliseconds>(now - s.untold.front().when);
}

progress following::progress_of(const session& s) const {
    const auto ago = [now = waits_.now()](time_point when) {
        return std::chrono::duration_cast<milliseconds>(now - when);
    };
    const auto waits = s.untold.empty() ? milliseconds{0} : ago(s.untold.front().when);
    const auto told = s.waiting.is_empty() ? s.done : s.told;
    const auto written = s.ahead.empty() ? told : s.ahead.back();
    return {.since = ago(s.since),
            .late = std::max(s.late, waits),
            .behind = written > told ? written - told : 0};
}

}  // namespace LARDER_NAMESPACE::follow
