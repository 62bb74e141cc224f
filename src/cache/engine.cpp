#include "engine.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "larder/cache/escaped.hpp"
#include "notes.hpp"
#include "rules.hpp"
#include "scripts.hpp"

namespace LARDER_NAMESPACE::cache {

using namespace std::chrono_literals;

namespace {

constexpr auto tick = 20ms;                     // how often a worker looks after its tiers
constexpr auto prove_every = 300ms;             // then Valkey is asked for a sign of life
constexpr auto max_silence = 900ms;             // before no entry is used
constexpr auto local_lateness = 10ms;           // of the worker's own loop, likewise
constexpr std::size_t most_transactions = 100;  // of one key, to be known again

}  // namespace

engine::engine(world& outside, valkey::network& way, const valkey::client_options& server,
               own_writes& own, tiers_options options)
    : waits_(outside),
      own_(own),
      options_(std::move(options)),
      generations_(options_.by_generation),
      name_(own.new_name()),
      sign_(sign_of(options_.families, options_.declared)),
      local_({.max_bytes = options_.local_bytes,
              .max_silence = max_silence,
              .max_lateness = local_lateness}),
      client_(waits_, way, server, scripts(), *this),
      shared_(waits_, client_, options_, generations_),
      trust_(waits_, client_, own, options_, name_),
      releases_(waits_, client_, trust_, own, options_),
      reader_(waits_, shared_, local_, own, options_, *this),
      writer_(waits_, client_, shared_, own, options_, *this) {}

task<void> engine::start() {
    home_.start(look_after());
    client_.start();
    co_await client_.first_attempt();
    co_await trust_.settled();
}

task<void> engine::drain(time_point until) {
    while (in_force.release_before_the_end && !stopped_ && waits_.now() < until &&
           (own_.remembered_own() > 0 || writer_.settling() > 0)) {
        releases_.soon();
        co_await waits_.sleep(tick);
    }
}

void engine::stop() {
    stopped_ = true;
    writer_.stop();
    reader_.stop();
    releases_.stop();
    trust_.stop();
    reader_.wake_all();
    client_.stop();
}

// ---- What the client tells.

void engine::connected(time_point sent) {
    connected_at_ = waits_.now();
    proved_ = sent;
    asked_ = waits_.now();
    const bool keeps = !in_force.new_epoch_on_lost_connection && was_connected_;
    if (client_.is_tracking() && !keeps) local_.connected(sent);
    was_connected_ = true;
    trust_.begin();
}

void engine::lost() {
    writer_.lost(connected_at_);
    trust_.end();
    if (in_force.new_epoch_on_lost_connection) local_.lost();
    reader_.wake_all();
}

void engine::changed(std::string_view key) {
    if (trust_.changed(key)) return;
    local_.invalidated(key);
    reader_.wake(key);
}

void engine::all_changed() {
    trust_.all_changed();
    local_.invalidated_all();
    reader_.wake_all();
}

// ---- Whether tiers may be used.

bool engine::is_proved() const { return waits_.now() - proved_ <= max_silence; }

bool engine::is_usable(std::string_view key) const {
    return trust_.is_trusted() && client_.is_answering() &&
           (is_proved() || !in_force.role_is_part_of_the_proof) && !own_.is_remembered(key);
}

// What Valkey said and this worker has not read yet may be that the key changed. And what was kept
// may be another database's, of which that one was not told.
std::optional<local_hit> engine::find_entry(std::string_view key) {
    const auto hit = reader_.find(key);
    if (hit && !trust_.is_trusted()) return std::nullopt;
    if (hit && in_force.no_hit_while_unread && has_unread()) return std::nullopt;
    return hit;
}

bool engine::has_unread() {
    if (!looks_once_) return client_.has_unread();
    if (!has_seen_unread_) has_seen_unread_ = client_.has_unread();
    return *has_seen_unread_;
}

// ---- Where the family is kept by generation, each of these is done twice.

std::optional<local_hit> engine::find(std::string_view key) {
    const auto family = generations_.family_of(key);
    if (family.empty()) return find_entry(key);
    const auto now = find_entry(generation_of(family));
    if (!now || !generations::is_generation(now->text)) return std::nullopt;
    return find_entry(generations::entry(family, now->text, key));
}

std::optional<found> engine::find_value(std::string_view key, check is_value) {
    const auto hit = find(key);
    if (!hit || !is_value(hit->text)) return std::nullopt;
    return found{std::string{hit->text}, origin::local, hit->age, hit->left};
}

// What the local tier does not have as a whole is looked up as a whole: it may not have heard yet
// that its generation has ended.
task<std::optional<found>> engine::look(std::string key, check is_value) {
    if (auto local = find_value(key, is_value)) co_return local;
    const auto family = generations_.family_of(key);
    if (!family.empty()) {
        const auto now = co_await reader_.look(generation_of(family), &generations::is_generation);
        if (!now) co_return std::nullopt;
        key = generations::entry(family, now->text, key);
    }
    auto entry = co_await reader_.look(std::move(key), is_value);
    co_return entry;
}

task<found> engine::read(std::string key, loader load, check is_value, wish how) {
    if (!generations_.family_of(key).empty())
        return read_in_generation(std::move(key), std::move(load), is_value, how);
    return reader_.read(std::move(key), std::move(load), is_value, how);
}

// A generation that could not be stored is known to nobody else: a write goes on, or Valkey is out
// of reach.
task<found> engine::read_in_generation(std::string key, loader load, check is_value, wish how) {
    const auto family = generations_.family_of(key);
    loader begin = [this]() -> task<std::string> {
        auto name = next_name();
        std::ranges::replace(name, ':', '-');
        co_return name;
    };
    const auto now = co_await reader_.read(generation_of(family), std::move(begin),
                                           &generations::is_generation, wish{});
    const bool is_kept = now.from != origin::source || now.stored;
    if (!is_kept) how = {.anew = false, .keep = false};
    auto entry = generations::entry(family, is_kept ? now.text : generations::none, key);
    auto value = co_await reader_.read(std::move(entry), std::move(load), is_value, how);
    if (!is_kept) value.bypassed = now.bypassed;
    co_return value;
}

void engine::hear(std::string_view announcement) {
    if (own_.hear(announcement, options_.families)) releases_.soon();
}

// Until Valkey knows of it, the process trusts none of them. But the log tells of the service's own
// writes, too, of which nearly all are released: by this process, or by another one, and of those
// Valkey is asked first.
void engine::invalidate(std::vector<changed_key> keys) {
    const auto now = waits_.now();
    std::erase_if(keys, [&](const auto& one) { return own_.is_released_lately(one, now); });
    const auto may_be_released = [this](const changed_key& one) {
        return !one.transactions.empty() && one.transactions.size() <= most_transactions &&
               trust_.is_trusted();
    };
    const auto others = std::ranges::partition(keys, may_be_released);
    remember(others);
    keys.erase(others.begin(), others.end());
    if (!keys.empty()) home_.start(forget(std::move(keys)));
}

void engine::remember(std::span<const changed_key> keys) {
    if (keys.empty()) return;
    std::vector<broken_key> broken;
    broken.reserve(keys.size());
    for (const auto& one : keys) broken.push_back({one.key, {}});
    own_.remember(broken);
    releases_.soon();
}

// Not all of a long list at once: Valkey would not answer others in time.
task<void> engine::forget(std::vector<changed_key> keys) {
    constexpr std::size_t most_at_a_time = 200;
    const auto mine = ++last_forget_;
    forgetting_.insert(mine);
    std::span<const changed_key> left{keys};
    while (!left.empty()) {
        const auto some = left.first(std::min(left.size(), most_at_a_time));
        co_await forget_some(some);
        left = left.subspan(some.size());
    }
    forgetting_.erase(mine);
}

task<void> engine::forget_some(std::span<const changed_key> keys) {
    std::vector<valkey::command> commands;
    commands.reserve(keys.size());
    for (const auto& one : keys)
        commands.push_back(client_.script(script::forget, keys_of(one.key), one.transactions));
    const auto replies = co_await client_.call(std::move(commands), valkey::urgency::background);
    std::vector<std::string> gone;
    std::vector<changed_key> failed;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!replies[i].succeeded()) failed.push_back(keys[i]);
        else if (replies[i].text == "1") gone.push_back(keys[i].key);
    }
    own_.count(gone);
    if (failed.empty()) co_return;
    ++failed_forgets_;
    remember(failed);
}

void engine::invalidate_all_of(const std::set<std::string>& families, const std::string& why) {
    own_.remember_all_of(families, why);
    releases_.soon();
}

void engine::say_followed(followed_how how) {
    if (!std::exchange(signing_, true)) home_.start(put_sign(times_unfollowed_, std::move(how)));
}

void engine::say_unfollowed() {
    ++times_unfollowed_;
    home_.start(take_sign_away());
}

void engine::tell_of_instance(const std::string& name, std::string text) {
    home_.start(tell(notes_of_instance(options_.families, name, std::move(text))));
}

task<void> engine::tell(std::vector<valkey::command> notes) {
    co_await client_.call(std::move(notes), valkey::urgency::background);
}

task<void> engine::take_sign_away() {
    const valkey::command take{"DEL", sign_};
    co_await client_.call(take, valkey::urgency::background);
}

// Not before Valkey knows what was told before. The sign ends at a time of Valkey's clock: what is
// sent to a server that is frozen is carried out when that goes on.
task<void> engine::put_sign(unsigned told, followed_how how) {
    const auto last = own_.last_change();
    const auto last_forget = last_forget_;
    const auto failed = failed_forgets_;
    const auto life = client_.life();
    const auto since = waits_.now();
    const auto until = since + sign_lives / 4;
    const valkey::command ask(1, "TIME");
    const auto time = co_await client_.call(ask, valkey::urgency::background);
    const auto lives =
        std::chrono::duration_cast<std::chrono::milliseconds>(since + sign_lives - waits_.now());
    const auto has_to_wait = [&] {
        const bool forgets = !forgetting_.empty() && *forgetting_.begin() <= last_forget;
        return in_force.sign_only_when_all_is_forgotten && (forgets || !own_.is_released(last));
    };
    while (has_to_wait() && waits_.now() < until && !stopped_) co_await waits_.sleep(tick);
    signing_ = false;
    const bool is_told = !has_to_wait() && failed == failed_forgets_;
    if (!is_told || told != times_unfollowed_ || stopped_) co_return;
    if (time.milliseconds() == 0 || client_.life() != life) co_return;  // another server's clock
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(waits_.now() - since);
    how.since += waited;
    how.late += waited;
    valkey::command put{"SET", sign_, text_of_sign(how), "PXAT",
                        std::to_string(time.milliseconds() + lives.count())};
    if (!in_force.sign_that_comes_late_is_none) {
        put[3] = "PX";
        put[4] = std::to_string(sign_lives.count());
    }
    co_await client_.call(put, valkey::urgency::background);
}

void engine::read_sign(const valkey::reply& left, time_point sent) {
    long milliseconds = 0;
    std::from_chars(left.text.data(), left.text.data() + left.text.size(), milliseconds);
    if (left.was_answered())
        shared_.followed_until(sent + std::chrono::milliseconds{std::max(0L, milliseconds)});
}

// ---- What goes on in the background.

task<void> engine::look_after() {
    while (!stopped_) {
        const auto due = waits_.now() + tick;
        local_.wakes_at(due);
        co_await waits_.until(waits_.make(), due);
        const auto now = waits_.now();
        local_.woke(now);
        trust_.tick();
        const bool is_late = local_.is_connected() && !local_.is_current(now);
        if (client_.life() != 0 && !asking_ && (now - asked_ >= prove_every || is_late))
            home_.start(ask_for_proof());
        releases_.tick();
    }
}

// A reply proves that all changes before its command were told, and its text that the server still
// is one that hears of changes first.
task<void> engine::ask_for_proof() {
    const auto life = client_.life();
    asking_ = true;
    asked_ = waits_.now();
    const auto sent = asked_;
    std::vector<valkey::command> questions(1, valkey::ask_standing);
    if (options_.unfollowed) questions.push_back({"PTTL", sign_});
    const auto said = co_await client_.call(std::move(questions), valkey::urgency::background);
    asking_ = false;
    // Who may not ask has no proof; that is no other server.
    if (!said.front().succeeded() || client_.life() != life) co_return;
    const auto now = valkey::standing_of(said.front());
    if (in_force.role_is_part_of_the_proof && now != client_.standing()) {
        if (now.is_replica) client_.refuse(valkey::is_a_replica);
        else client_.reconnect("it was a replica for a moment");
        co_return;
    }
    proved_ = sent;
    local_.heard(sent);
    if (options_.unfollowed) read_sign(said.back(), sent);
}

// ---- What is left over.

bool engine::is_calm() const {
    return trust_.is_trusted() && client_.is_answering() && is_proved() && !own_.remembers_any() &&
           forgetting_.empty() && writer_.settling() == 0 && reader_.what_goes_on().empty();
}

void engine::complete(stats& s) const {
    s.fills += reader_.filled_behind();
    s.purges = trust_.purges();
    s.purged_entries = trust_.purged_entries();
    s.evictions = local_.evictions();
    s.invalidations = local_.invalidations();
    s.connections = client_.lives();
    s.breaker_openings = client_.breaker_openings();
    s.is_connected = client_.life() != 0;
    s.is_trusted = trust_.is_trusted();
    s.is_silent = s.is_connected && !client_.is_answering();
    s.is_followed = is_followed();
    s.is_local_usable = local_.is_on() && local_.is_current(waits_.now());
    s.local_entries = local_.size();
    s.local_bytes = local_.bytes();
    s.commands = client_.unanswered();
}

std::string engine::leftover() const {
    if (auto what = reader_.what_goes_on(); !what.empty()) return what;
    constexpr std::size_t proof_probe_and_sign = 3;
    if (client_.unanswered() > proof_probe_and_sign) return "commands are left in the queue";
    if (own_.remembered() != 0) return "own_writes remembers a key";
    if (!own_.is_settled()) return "a write is untold";
    return {};
}

}  // namespace LARDER_NAMESPACE::cache
