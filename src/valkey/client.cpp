#include "client.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "refusals.hpp"
#include "trace/recorder.hpp"

namespace LARDER_NAMESPACE::valkey {

namespace {

// After a failover the address may lead to another server.
bool means_new_connection(std::string_view error) {
    return error.starts_with("MASTERDOWN") || error.starts_with("NOAUTH");
}

constexpr std::size_t most_refusals = 64;  // that are remembered as said

bool forgot_script(const reply& r) {
    return r.is == reply::kind::error && r.text.starts_with("NOSCRIPT");
}

// What OpenTelemetry calls it. The last command is the one that matters: GETRANGE behind PTTL.
trace::active span_of(const trace::context& within, const std::vector<command>& commands,
                      time_point now) {
    if (!within) return {};
    trace::active one{within, trace::kind::client, commands.back().front(), now};
    one.say("db.system.name", "valkey");
    one.say("db.operation.name", commands.back().front());
    if (commands.size() > 1)
        one.say("db.operation.batch.size", static_cast<std::int64_t>(commands.size()));
    return one;
}

void end(trace::active& one, const exchange& of, time_point now) {
    if (!one) return;
    if (!of.answered) one.fail("no answer");
    for (const auto& r : of.replies)
        if (of.answered && r.is == reply::kind::error) one.fail(r.text);
    one.end(now);
}

}  // namespace

client::client(waits& w, network& way, client_options options, std::vector<std::string> scripts,
               client_events& tells)
    : waits_(w),
      options_(std::move(options)),
      events_(tells),
      breaker_(options_.deadline),
      supervisor_(w, way, options_, std::move(scripts), *this, *this),
      in_flight_(w, options_.deadline, options_.patient_deadline, *this) {}

void client::stop() {
    stopped_ = true;
    supervisor_.stop();
    in_flight_.give_up_all();
}

bool client::has_unread() const {
    const auto* link = supervisor_.current();
    return !link || link->has_unread();
}

// ---- Commands.

task<exchange_ptr> client::exec(std::vector<command> commands, urgency how) {
    auto one = std::make_shared<exchange>();
    one->replies.resize(commands.size());
    one->commands = std::move(commands);
    one->how = how;
    auto* link = supervisor_.current();
    if (!link || (how == urgency::request && breaker_.is_open())) co_return one;
    trace::active span;
    if (how == urgency::request) span = span_of(waits_.trace(), one->commands, waits_.now());
    one->waiter = waits_.make();
    in_flight_.add(one, home_);
    link->send(one);
    if (!one->finished) co_await waits_.until(one->waiter);
    end(span, *one, waits_.now());
    co_return one;
}

// A script that Valkey forgot (SCRIPT FLUSH) did not run: its text is sent, which it keeps again.
// Not to another server, by which what was asked before may not have been answered; nor by a
// process that was stopped meanwhile.
task<std::vector<reply>> client::call(std::vector<command> commands, urgency how) {
    const auto life = this->life();
    const auto sent = waits_.now();
    const auto one = co_await exec(std::move(commands), how);
    // Where it was given up, the replies may still come in.
    if (!one->answered) co_return std::vector<reply>(one->commands.size());
    std::vector<command> again;
    for (std::size_t i = 0; i < one->commands.size(); ++i)
        if (forgot_script(one->replies[i])) again.push_back(with_text(one->commands[i]));
    const bool is_late = waits_.now() - sent > repeats_within;
    if (again.empty() || is_late || this->life() != life) co_return std::move(one->replies);
    const auto repeated = co_await exec(std::move(again), how);
    auto next = repeated->replies.begin();
    for (auto& r : one->replies)
        if (forgot_script(r)) r = repeated->answered ? std::move(*next++) : reply{};
    co_return std::move(one->replies);
}

task<reply> client::call(command only, urgency how) {
    std::vector<command> commands;
    commands.push_back(std::move(only));
    auto replies = co_await call(std::move(commands), how);
    co_return std::move(replies.front());
}

command client::script(std::size_t index, const std::vector<std::string>& keys,
                       const std::vector<std::string>& arguments) const {
    command words;
    words.reserve(3 + keys.size() + arguments.size());
    words.emplace_back("EVALSHA");
    words.push_back(supervisor_.digest(index));
    words.push_back(std::to_string(keys.size()));
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

command client::with_text(command script) const {
    const auto& digests = supervisor_.digests();
    const auto found = std::find(digests.begin(), digests.end(), script[1]);
    if (found == digests.end()) return script;
    script[0] = "EVAL";
    script[1] = supervisor_.scripts()[static_cast<std::size_t>(found - digests.begin())];
    return script;
}

// ---- What the connection tells.

// Whoever waits takes the replies away, so they are looked at before anybody is resumed.
void client::replied(const exchange_ptr& to) {
    to->answered = !to->finished;
    heard_ = waits_.now();
    if (supervisor_.is_handshake(to)) return in_flight_.finish(*to);
    std::string refusal;
    for (const auto& r : to->replies) {
        if (r.is != reply::kind::error) continue;
        if (r.text.starts_with("READONLY")) refusal = is_a_replica;
        else if (means_new_connection(r.text)) refusal = r.text;
        else if (!forgot_script(r)) say_refused(r.text);
    }
    if (refusal.empty()) supervisor_.served(to->sent);
    else supervisor_.refuse(refusal);
    in_flight_.finish(*to);
}

void client::lost(const exchange_ptr& what) { in_flight_.finish(*what); }

// A connection that is not published any more has nothing to say.
void client::changed(std::string_view key) {
    if (supervisor_.current()) events_.changed(key);
}

void client::all_changed() {
    if (supervisor_.current()) events_.all_changed();
}

void client::began(time_point sent) {
    breaker_.connected();
    heard_ = waits_.now();
    events_.connected(sent);
}

void client::ended() {
    events_.lost();
    in_flight_.give_up_all();
}

// Once an hour for each reason, as every request may meet it. Each key of a cluster has its own.
void client::say_refused(const std::string& why) {
    spdlog::debug("Valkey refused a command: {}", why);
    const auto now = waits_.now();
    const auto reason = with_help(why, options_.server.user);
    refused_last_ = reason;
    const auto kind = is_of_cluster(why) ? std::string{"cluster"} : reason;
    if (said_refused_.size() >= most_refusals) said_refused_.clear();
    const auto [said, is_first] = said_refused_.try_emplace(kind, now);
    if (!is_first && now - said->second < std::chrono::hours{1}) return;
    said->second = now;
    spdlog::warn("Valkey at {} refuses what the cache needs; going on without that: {}",
                 options_.server.address(), reason);
}

// ---- Silence.

// One deadline was missed: nobody waits for his own.
void client::missed() {
    if (breaker_.missed()) {
        ++breaker_openings_;
        spdlog::warn("Valkey at {} is silent; going on without it", options_.server.address());
    }
    in_flight_.give_up_requests();
    if (!std::exchange(probing_, true)) home_.start(probe());
}

// It may be gone, and what is between it and us does not say so.
void client::unanswered() {
    if (waits_.now() - heard_ >= options_.longest_silence()) reconnect(no_answer);
}

task<void> client::probe() {
    while (!stopped_ && breaker_.is_open()) {
        const auto sent = waits_.now();
        const command ping(1, "PING");
        const auto pong = co_await call(ping, urgency::background);
        if (pong.was_answered() && breaker_.probed(waits_.now() - sent)) {
            spdlog::info("Valkey at {} answers again", options_.server.address());
            break;
        }
        co_await waits_.sleep(options_.probe_after);
    }
    probing_ = false;
}

}  // namespace LARDER_NAMESPACE::valkey
