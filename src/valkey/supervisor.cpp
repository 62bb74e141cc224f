#include "supervisor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "refusals.hpp"

namespace LARDER_NAMESPACE::valkey {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_reasons = 64;  // that are remembered as told
constexpr auto moment = 250ms;            // of silence; then the next address is tried

}  // namespace

supervisor::supervisor(waits& w, network& way, const client_options& options,
                       std::vector<std::string> scripts, link_events& events, owner& tells)
    : waits_(w),
      network_(way),
      options_(options),
      scripts_(std::move(scripts)),
      events_(events),
      owner_(tells),
      back_off_(w) {}

task<void> supervisor::first_attempt() {
    if (attempted_ || stopped_) co_return;
    starting_.push_back(waits_.make());
    co_await waits_.until(starting_.back());
}

void supervisor::stop() {
    stopped_ = true;
    network_.cancel();
    back_off_.end();
    if (link_) end("");
    for (const auto one : std::exchange(starting_, {})) waits_.end(one);
}

task<void> supervisor::keep_connected() {
    while (!stopped_) {
        auto found = co_await network_.find();
        if (!found.why_none.empty() && !stopped_) say_lost(found.why_none);
        auto& all = found.all;
        const auto last = std::find(all.begin(), all.end(), serving_);
        if (last != all.end()) std::rotate(all.begin(), last, all.end());
        co_await live_at_one_of(std::move(all));
        attempted_ = true;
        for (const auto one : std::exchange(starting_, {})) waits_.end(one);
        if (stopped_) break;
        next_pause_ =
            std::clamp(next_pause_ * 2, options_.reconnect_after, options_.reconnect_at_most);
        const auto least = next_pause_.count() / 2;
        const auto part = static_cast<std::uint64_t>(next_pause_.count() - least + 1);
        const auto jitter = static_cast<std::int64_t>(waits_.outside().random() % part);
        co_await back_off_(std::chrono::milliseconds{least + jitter});
    }
}

// Until one has served. Who says nothing for a moment has its whole time when no other serves.
task<void> supervisor::live_at_one_of(std::vector<std::string> all) {
    const auto tls = options_.server.tls ? options_.connect_timeout : 0ms;  // it has its own words
    const auto whole = options_.longest_silence() + tls;
    for (auto patience = all.size() > 1 ? std::min(moment, whole) : whole; !all.empty();
         patience = whole) {
        std::vector<std::string> silent;
        for (const auto& address : all) {
            const bool served = co_await live(address, patience);
            if (served) serving_ = address;
            if (served || stopped_) co_return;
            if (was_silent_ && patience < whole) silent.push_back(address);
        }
        all = std::move(silent);
    }
}

// Whether it served until it was lost. Where what the cache needs is refused, another address may
// serve.
task<bool> supervisor::live(std::string address, std::chrono::milliseconds patience) {
    std::string why;
    ended_ = refused_ = was_silent_ = false;
    ended_by_.clear();
    link_ = network_.open(address, events_, why);
    if (!link_) say_lost(why);
    if (!link_) co_return false;
    const auto sent = waits_.now();
    const bool shaken = co_await shake_hands(sent + patience);
    const bool confirmed = shaken && !ended_ && !stopped_;
    if (confirmed) publish(sent);
    if (!ended_) {
        end_of_life_ = waits_.make();
        co_await waits_.until(end_of_life_);
    }
    link_ = nullptr;
    if (stopped_) co_return true;
    was_refused_ = was_refused_ || refused_;
    doubted_ = doubted_ || refused_ || (confirmed && !proved_);
    say_lost(ended_by_);
    co_return confirmed && !refused_;
}

// Whether the connection is of use; else it has ended or is about to.
task<bool> supervisor::shake_hands(time_point until) {
    const auto first = std::make_shared<exchange>();
    first->commands = first_words(scripts_);
    first->replies.resize(first->commands.size());
    first->how = urgency::background;
    first->waiter = waits_.make();
    first_words_ = first;
    link_->send(first);
    if (!first->finished) co_await waits_.until(first->waiter, until);
    was_silent_ = !first->finished;
    if (was_silent_) end(std::string{no_answer} + (options_.server.tls ? is_it_tls : ""));
    first_words_ = nullptr;
    if (!first->answered || ended_) co_return false;
    shaken_ = read_handshake(first->replies);
    const bool is_served = shaken_.refused.empty();
    if (!is_served) refuse(shaken_.refused);
    co_return is_served;
}

// A server may accept every connection and refuse every write, or end it at once: then only one
// that is of use is news, and ends the back-off.
void supervisor::publish(time_point sent) {
    began_ = sent;
    proved_ = false;
    if (!doubted_) serve_again();
    published_ = true;
    ++lives_;
    attempted_ = true;
    for (const auto one : std::exchange(starting_, {})) waits_.end(one);
    owner_.began(sent);
}

void supervisor::served(time_point sent) {
    if (!refused_ && sent - began_ > 1s) prove();
}

// Before it refused a write one may be trusted as well; so there it is time that counts.
void supervisor::trusted() {
    if (!was_refused_) prove();
}

void supervisor::prove() {
    if (std::exchange(proved_, true)) return;
    was_refused_ = false;
    if (std::exchange(doubted_, false)) serve_again();
}

void supervisor::serve_again() {
    told_.clear();
    next_pause_ = {};
    spdlog::info("Connected to Valkey at {}", options_.server.address());
    if (!shaken_.tracking)
        spdlog::warn("Valkey at {} cannot tell what changes: no local tier ({})",
                     options_.server.address(),
                     with_help(shaken_.no_tracking, options_.server.user));
}

void supervisor::refuse(const std::string& why) {
    refused_ = true;
    end(with_help(why, options_.server.user));
}

void supervisor::end(const std::string& why) {
    if (!link_ || ended_) return;
    link_->close();
    over(why);
}

void supervisor::link_ended(const std::string& why) {
    if (!ended_) over(why);
}

void supervisor::over(const std::string& why) {
    ended_ = true;
    ended_by_ = why;
    if (first_words_ && !first_words_->finished) {
        first_words_->finished = true;
        waits_.end(first_words_->waiter);
    }
    if (std::exchange(published_, false)) owner_.ended();
    waits_.end(std::exchange(end_of_life_, 0));
}

void supervisor::say_lost(const std::string& why) {
    if (std::ranges::find(told_, why) != told_.end()) return;
    if (told_.size() >= most_reasons) told_.clear();
    told_.push_back(why);
    spdlog::warn("No connection to Valkey at {}: {}", options_.server.address(), why);
}

}  // namespace LARDER_NAMESPACE::valkey
