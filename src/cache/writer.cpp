#include "writer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "rules.hpp"

namespace LARDER_NAMESPACE::cache {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

writer::writer(waits& w, valkey::client& client, shared_tier& shared, own_writes& own,
               const tiers_options& options, owner& asks)
    : waits_(w), client_(client), shared_(shared), own_(own), options_(options), owner_(asks) {}

void writer::lost(time_point connected_at) {
    const auto now = waits_.now();
    if (client_.is_silent()) return;
    if (now - connected_at > client_.deadline()) reconnects_until_ = now + client_.deadline();
}

task<bool> writer::reconnected() {
    while (!stopped_ && client_.life() == 0 && waits_.now() < reconnects_until_)
        co_await waits_.sleep(5ms);
    co_return client_.is_answering();
}

void writer::remember(const change& one) {
    std::vector<broken_key> broken;
    broken.reserve(one.keys.size());
    for (const auto& key : one.keys) broken.push_back({key, one.name});
    own_.remember(broken, one.is_untold && in_force.announce_what_valkey_cannot_tell);
    owner_.release_soon();
}

// A server that is not trusted yet may be left again before anybody knows of it. So what it was
// told does not count.
task<bool> writer::tell_hold(const change& one) {
    const bool told = co_await shared_.hold(one.keys, one.name);
    co_return told && (owner_.is_trusted() || !in_force.tell_only_a_trusted_server);
}

// A transaction's name may be another one's, once a server has taken the place of one that had
// more.
task<bool> writer::tell_release(const change& one) {
    const std::vector<std::string> names(one.name.empty() ? 0 : 1, one.name);
    const bool is_late = waits_.now() - one.held_at > released_is_known - valkey::repeats_within;
    const std::string transaction = is_late ? "" : one.transaction;
    const bool told = co_await shared_.release(one.keys, names, transaction);
    const bool is_known = told && (owner_.is_trusted() || !in_force.tell_only_a_trusted_server);
    if (is_known && options_.unfollowed && !transaction.empty())
        own_.was_released(transaction, one.keys, waits_.now());
    co_return is_known;
}

// Others hear of the release before the answer only if one thread of the server writes to all. If
// this process dies after the commit, whoever follows the source's log invalidates the keys; and
// who begins to follow invalidates everything.
bool writer::is_told_by_the_log() const {
    if (!in_force.hold_where_nobody_follows) return true;
    return options_.is_followed_by_log && shared_.is_followed() && owner_.is_trusted() &&
           client_.is_answering() && client_.has_one_thread();
}

bool writer::needs_no_hold(change& one) {
    one.held_at = waits_.now();
    one.is_left_to_the_log = !one.keys.empty() && is_told_by_the_log();
    return one.is_left_to_the_log;
}

task<std::vector<std::string>> writer::hold(change& one) {
    const std::vector<std::string> nothing;
    if (one.keys.empty() || !in_force.hold_before_commit) co_return nothing;
    if (needs_no_hold(one)) co_return nothing;
    // Other instances trust what they have until they hear of a hold, so it is worth a wait.
    const bool is_answering = co_await reconnected();
    // Nobody has to take back a hold that is not even sent.
    if (one.name.empty() && is_answering) one.name = owner_.next_name();
    bool held = co_await tell_hold(one);
    if (!held && !one.name.empty() && client_.life() == 0) {  // lost with the hold on its way
        const bool again = co_await reconnected();
        if (again) held = co_await tell_hold(one);
    }
    if (held) co_return nothing;
    if (!std::exchange(one.is_untold, true)) own_.untold_begins();
    if (!in_force.announce_what_valkey_cannot_tell) co_return nothing;
    co_return own_.announcements(one.keys);
}

// Where nothing was held, the others hear of the write only now: by Valkey, or else by the source.
task<std::vector<std::string>> writer::release(change& one) {
    std::vector<std::string> untold;
    const bool was_held = !one.name.empty() || one.is_untold;
    if (!one.keys.empty() && in_force.release_after_commit) {
        const bool released = co_await tell_release(one);
        if (!released) remember(one);
        if (!was_held && released && in_force.others_hear_before_the_answer)
            co_await let_others_hear();
        if (!was_held && !released && in_force.announce_before_the_answer)
            untold = own_.announcements(one.keys);
    }
    own_.count(one.keys);
    forget(one);
    co_return untold;
}

// Valkey sends what it tells the others after its reply to who made it tell them, so that the
// answer to a request could overtake it. One more reply comes behind all of that.
task<void> writer::let_others_hear() {
    const valkey::command ping(1, "PING");
    co_await client_.call(ping);
}

task<std::vector<std::string>> writer::end(change& one, bool may_be_written, ask_fate what_became) {
    std::vector<std::string> untold;
    const bool is_unknown = static_cast<bool>(what_became);
    if (is_unknown && !one.is_left_to_the_log) leave(one, std::move(what_became));
    else if (is_unknown || may_be_written || !one.name.empty()) untold = co_await release(one);
    forget(one);
    co_return untold;
}

void writer::forget(change& one) {
    if (std::exchange(one.is_untold, false)) own_.untold_ends();
}

void writer::leave(change& one, ask_fate what_became) {
    if (one.keys.empty()) return;
    if (!in_force.release_after_unknown_outcome) return forget(one);
    change rest = one;
    one.is_untold = false;  // it goes on with the rest
    ++settling_;
    home_.start(settle(std::move(rest), std::move(what_became)));
}

task<fate> writer::ask(const ask_fate& what_became) {
    try {
        co_return co_await what_became();
    } catch (const std::exception& e) {
        spdlog::debug("Cannot ask what became of a write: {}", e.what());
    }
    co_return fate::unknown;
}

// A commit may wait as long as it likes, for a standby say. What was held before stays held. A hold
// that fails to be set anew must not be taken back, so nothing is remembered before the end. While
// the machine is stopped nobody asks, so of each question a moment counts at the most.
task<void> writer::settle(change one, ask_fate what_became) {
    const auto begun = waits_.now();
    const auto longest = in_force.a_stop_is_no_silence ? options_.hold / 10 : milliseconds::max();
    milliseconds unknown_for{0};
    auto hold_anew = begun;
    milliseconds between = 20ms;
    if (one.name.empty()) one.name = owner_.next_name();
    auto known = fate::pending;
    while (!stopped_) {
        if (waits_.now() >= hold_anew) {
            const bool held = co_await tell_hold(one);
            if (held) hold_anew = waits_.now() + options_.hold / 2;
        }
        const auto asked = waits_.now();
        known = co_await ask(what_became);
        if (known == fate::over) break;
        if (known == fate::unknown && unknown_for >= options_.hold) break;
        co_await waits_.sleep(between);
        const auto took = std::chrono::duration_cast<milliseconds>(waits_.now() - asked);
        unknown_for = known == fate::unknown ? unknown_for + std::min(took, longest) : 0ms;
        const milliseconds most = waits_.now() - begun < options_.hold ? 320ms : 2'000ms;
        between = std::min(between * 2, most);
    }
    if (!stopped_ || known == fate::over) {
        const bool released = co_await tell_release(one);
        if (!released) remember(one);
    }
    forget(one);
    --settling_;
}

}  // namespace LARDER_NAMESPACE::cache
