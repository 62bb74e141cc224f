#include "reader.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "rules.hpp"

namespace LARDER_NAMESPACE::cache {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

reader::reader(waits& w, shared_tier& shared, local_tier& local, own_writes& own,
               const tiers_options& options, owner& asks)
    : waits_(w), shared_(shared), local_(local), own_(own), options_(options), owner_(asks) {}

std::optional<local_hit> reader::find(std::string_view key) {
    if (!local_.is_on() || own_.is_remembered(key)) return std::nullopt;
    const auto now = waits_.now();
    const auto hit = local_.find(key, now, own_.generation(key));
    if (!hit) return std::nullopt;
    const auto left = std::chrono::ceil<milliseconds>(hit->expires - now);
    const auto longest = shared_.longest(key, hit->value, hit->is_brief);
    if (left > longest) return std::nullopt;
    return local_hit{hit->value, shared_tier::age_of(key, longest, left), left, hit->version};
}

task<std::optional<found>> reader::look(std::string key, check is_value) {
    if (!owner_.is_usable(key)) co_return std::nullopt;
    const auto place = local_.reserve(key, own_.generation(key));
    auto entry = co_await shared_.get(key);
    const bool has_value = entry && entry->text && is_value(*entry->text);
    const bool is_there = has_value && !entry->is_stale;
    if (is_there) settle(place, key, *entry);
    else local_.abandon(place, key);
    if (!is_there) co_return std::nullopt;
    co_return shared_hit(key, std::move(*entry));
}

// ---- Boarding.

task<found> reader::read(std::string key, loader load, check is_value, wish how) {
    const auto boarded = flights_.board(key);
    if (boarded.is_first) {
        auto fresh = std::make_shared<passage>();
        fresh->key = std::move(key);
        fresh->load = std::move(load);
        fresh->is_value = is_value;
        fresh->boarded = waits_.now();
        if (!boarded.takes_off) fresh->within = waits_.trace();
        passages_.emplace(boarded.number, std::move(fresh));
    }
    const auto mine = passages_.at(boarded.number);
    board(*mine, how, boarded.is_first);
    if (boarded.takes_off) take_off(boarded.number);
    if (!mine->landed) {
        mine->passengers.push_back(waits_.make());
        co_await waits_.until(mine->passengers.back());
    }
    if (mine->failed && how.stale && mine->instead) {
        auto instead = *mine->instead;
        if (instead.is_stale()) instead.instead_of = mine->failed;
        co_return instead;
    }
    if (mine->failed) std::rethrow_exception(mine->failed);
    auto landed = mine->brought;
    landed.loaded = landed.from == origin::source && boarded.is_first;
    landed.collapsed = mine->waited || (landed.from == origin::source && !boarded.is_first);
    landed.joined = !landed.loaded && (landed.collapsed || mine->is_behind_a_load);
    co_return landed;
}

// All have to take what is stale at once; what a load that failed is worth each says for himself.
void reader::board(passage& p, const wish& how, bool is_first) {
    if (how.anew) p.of = demand::anew;
    else if (how.again) p.of = std::max(p.of, demand::again);
    p.how.keep = p.how.keep || how.keep;
    if (is_first || !how.stale) p.how.stale = how.stale;
    if (how.stale) p.forgives = how.stale;
}

// A flight belongs to nobody: a reader who goes away leaves it to the others.
void reader::take_off(departures::flight_number number) {
    home_.start(fly(number, passages_.at(number)));
}

task<void> reader::fly(departures::flight_number number, passage_ptr p) {
    try {
        co_await fly(*p);
    } catch (...) {
        p->failed = std::current_exception();
    }
    if (p->is_to_be_renewed) renew_behind(*p);
    land(number, p);
}

void reader::land(departures::flight_number number, const passage_ptr& p) {
    p->landed = true;
    for (const auto one : std::exchange(p->passengers, {})) waits_.end(one);
    passages_.erase(number);
    const auto next = flights_.landed(p->key);
    if (!next) return;
    const bool brought_it = p->brought.from == origin::source || p->waited;
    const auto behind = passages_.at(*next);
    behind->is_behind_a_load = brought_it && !p->failed;
    waits_.start(home_, fly(*next, behind), behind->within);
}

// ---- In the air.

task<void> reader::fly(passage& p) {
    flight f{{}, p.boarded};  // nobody waits twice
    const auto token = owner_.next_name();
    const bool asks = p.how.keep && owner_.is_usable(p.key);
    if (p.how.keep && !asks) p.brought.bypassed = why_unusable(p.key);
    co_await go_on(f, p, token, f.take_off(asks, p.of));
    if (p.failed && p.forgives && p.forgives(p.failed)) co_await find_instead(p);
}

task<void> reader::go_on(flight& f, passage& p, const std::string& token, step next) {
    std::optional<std::string> unreadable;
    while (next != step::land) switch (next) {
            case step::read: next = co_await read(f, p, unreadable); break;
            case step::ask: next = co_await ask(f, p, token, unreadable); break;
            case step::wait: next = co_await wait(f, p.key); break;
            case step::load: next = co_await load(f, p, token); break;
            case step::fill: next = co_await fill(f, p, token); break;
            case step::yield: next = co_await yield(f, p.key, token); break;
            case step::land: break;
        }
}

// Who would not be told that it changed may not have it.
void reader::settle(local_tier::place at, const std::string& key, const shared_tier::kept& of) {
    const bool may_be_kept = of.is_tracked && (of.left > 0ms || !in_force.nothing_stale_is_kept);
    if (may_be_kept) local_.settle(at, key, *of.text, of.expires, of.is_brief);
    else local_.abandon(at, key);
}

found reader::shared_hit(std::string_view key, shared_tier::kept of) const {
    const auto age = shared_tier::age_of(key, shared_.longest(key, *of.text, of.is_brief), of.left);
    return {std::move(*of.text), origin::shared, age, of.left};
}

std::string_view reader::why_unusable(std::string_view key) const {
    return own_.is_remembered(key) ? "unreleased-write" : "valkey-unavailable";
}

// The reply enters the place that was reserved before the GET was sent. What happened meanwhile is
// none of the passengers', who asked before, and a write that could not be told took the place.
task<reader::step> reader::read(flight& f, passage& p, std::optional<std::string>& unreadable) {
    local_tier::place place = 0;
    if (in_force.place_reserved_before_get) place = local_.reserve(p.key, own_.generation(p.key));
    auto entry = co_await shared_.get(p.key);
    if (!in_force.place_reserved_before_get) place = local_.reserve(p.key, own_.generation(p.key));
    const bool has_value = entry && entry->text && p.is_value(*entry->text);
    const bool is_stale = has_value && entry->is_stale;
    p.is_to_be_renewed = is_stale && is_renewed_behind(p, *entry);
    const bool found = has_value && (!is_stale || p.is_to_be_renewed);
    const bool answered = entry.has_value();
    if (!in_force.nothing_stale_is_kept && is_stale) entry->expires += shared_.stale_for(p.key);
    if (!in_force.ask_again_for_what_is_stale && is_stale) {
        auto copy = *entry;
        p.before = shared_hit(p.key, std::move(copy));
    }
    if (found) settle(place, p.key, *entry);
    else local_.abandon(place, p.key);
    if (found) p.brought = shared_hit(p.key, std::move(*entry));
    else if (answered && entry->is_stale) p.brought.was_stale = true;
    else if (answered) unreadable = std::move(entry->text ? entry->text : entry->unreadable);
    else p.brought.bypassed = why_unusable(p.key);
    co_return f.read_answered(answered, found);
}

task<reader::step> reader::ask(flight& f, passage& p, const std::string& token,
                               const std::optional<std::string>& unreadable) {
    if (!owner_.is_usable(p.key)) co_return f.lease_answered(lease_answer::none, waits_.now());
    const auto of = std::exchange(p.of, demand::any);
    auto reply = co_await shared_.lease(p.key, token, unreadable, of);
    auto answer = reply.is;
    if (of != demand::any) {
        p.brought.was_stale = reply.was_stale;
        p.brought.was_kept = p.is_value(reply.value);
    }
    if (answer == lease_answer::value) {
        const auto ttl = shared_.ttl_of(p.key, reply.value);  // it has just come
        if (p.is_value(reply.value)) p.brought = {std::move(reply.value), origin::shared, 0ms, ttl};
        else answer = lease_answer::none;
    }
    if (answer == lease_answer::held) p.brought.bypassed = "write-in-progress";
    if (answer == lease_answer::none) p.brought.bypassed = why_unusable(p.key);
    if (answer == lease_answer::busy) p.waited = true;
    co_return f.lease_answered(answer, waits_.now());
}

task<reader::step> reader::wait(flight& f, const std::string& key) {
    const auto id = waits_.make();
    const auto mine = waiting_.emplace(key, id);
    co_await waits_.until(id, waits_.now() + f.ask_again());
    waiting_.erase(mine);
    co_return f.woken(owner_.is_usable(key));
}

void reader::wake(std::string_view key) {
    const auto [first, last] = waiting_.equal_range(key);
    for (auto it = first; it != last; ++it) waits_.end(it->second);
}

void reader::wake_all() {
    for (const auto& [key, id] : waiting_) waits_.end(id);
}

task<reader::step> reader::load(flight& f, passage& p, const std::string& token) {
    const auto during = std::make_shared<renewal>(waits_);
    if (f.may_fill()) home_.start(renew(p.key, token, during));
    try {
        auto text = co_await p.load();
        p.brought.text = std::move(text);
    } catch (...) {
        p.failed = std::current_exception();
    }
    during->ended = true;
    during->between.end();
    co_return f.loaded(!p.failed, owner_.is_usable(p.key));
}

// A lease is short, so that a crash does not keep others waiting; a load may be long.
task<void> reader::renew(std::string key, std::string token, std::shared_ptr<renewal> during) {
    while (!stopped_) {
        co_await during->between(options_.lease / 3);
        if (during->ended || !owner_.is_usable(key)) co_return;
        const bool renewed = co_await shared_.renew(key, token);
        if (!renewed) co_return;
    }
}

task<reader::step> reader::fill(flight& f, passage& p, const std::string& token) {
    if (const auto most = shared_.largest_of(p.key); p.brought.text.size() > most) {
        p.brought.bypassed = "too-large";
        if (told_too_large_.emplace(shared_.family_of(p.key)).second)
            spdlog::warn(
                "{} has {} bytes, more than the {} that are kept (largest_value): it is served, "
                "and not stored, as are all such entries of its family",
                p.key, p.brought.text.size(), most);
        co_await shared_.yield(p.key, token);
        co_return f.filled();
    }
    spdlog::debug("Caching {}, value is {}", p.key, p.brought.text);
    p.brought.left = shared_.ttl_of(p.key, p.brought.text);
    p.brought.unfollowed = shared_.is_shortened(p.key, p.brought.text);
    const auto sent = waits_.now();
    p.brought.stored =
        co_await shared_.fill(p.key, token, p.brought.text, p.brought.left, p.brought.unfollowed);
    if (!in_force.only_gets_are_kept && p.brought.stored)
        local_.settle(local_.reserve(p.key, own_.generation(p.key)), p.key, p.brought.text,
                      sent + p.brought.left, p.brought.unfollowed);
    co_return f.filled();
}

task<reader::step> reader::yield(flight& f, const std::string& key, const std::string& token) {
    co_await shared_.yield(key, token);
    co_return f.yielded();
}

std::string reader::what_goes_on() const {
    if (!passages_.empty()) return "a flight of " + passages_.begin()->second->key;
    if (!renewed_behind_.empty()) return "a load behind of " + *renewed_behind_.begin();
    if (!waiting_.empty()) return "a wait for " + waiting_.begin()->first;
    return {};
}

}  // namespace LARDER_NAMESPACE::cache
