#include "local_tier.hpp"

#include <algorithm>

#include "rules.hpp"

namespace larder::cache {

namespace {

// What an entry costs beside its texts: the list's and the map's nodes, malloc's own.
constexpr std::size_t overhead = 256;

}  // namespace

std::size_t local_tier::entry::bytes() const { return overhead + key.size() + value.size(); }

local_tier::local_tier(local_tier_options options) : options_(options) {}

bool local_tier::is_current(time_point now) const {
    const bool is_silent = now - heard_ > options_.max_silence && in_force.proof_of_life;
    const bool was_late = is_late(now) || heard_ < late_;
    return connected_ && !is_silent && (!was_late || !in_force.late_workers_hear_valkey_out);
}

std::optional<local_tier::hit> local_tier::find(std::string_view key, time_point now,
                                                std::uint32_t generation) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || !is_current(now)) return std::nullopt;
    auto& e = *found->second;
    if (e.reserved != 0 || e.generation != generation || e.expires <= now) return std::nullopt;
    e.visited = true;
    return hit{e.value, e.expires, e.version, e.is_brief};
}

local_tier::place local_tier::reserve(std::string_view key, std::uint32_t generation) {
    if (!is_on() || !connected_) return 0;
    if (const auto found = entries_.find(key); found != entries_.end()) {
        auto& e = *found->second;
        bytes_ -= e.bytes();
        e.value.clear();
        bytes_ += e.bytes();
        e.reserved = ++last_place_;
        e.generation = generation;
        return e.reserved;
    }
    queue_.push_front(
        {.key = std::string{key}, .reserved = ++last_place_, .generation = generation});
    entries_.emplace(queue_.front().key, queue_.begin());
    bytes_ += queue_.front().bytes();
    evict();
    return last_place_;
}

local_tier::queue::iterator local_tier::reserved_at(place at, std::string_view key) {
    const auto found = entries_.find(key);
    if (at == 0 || found == entries_.end()) return queue_.end();
    if (found->second->reserved != at && in_force.place_has_identity) return queue_.end();
    if (found->second->reserved == 0) return queue_.end();
    return found->second;
}

void local_tier::settle(place at, std::string_view key, std::string_view value, time_point expires,
                        bool is_brief) {
    const auto e = reserved_at(at, key);
    if (e == queue_.end()) return;
    e->reserved = 0;
    e->version = at;
    e->value = value;
    e->expires = expires;
    e->is_brief = is_brief;
    bytes_ += value.size();
    evict();
}

void local_tier::abandon(place at, std::string_view key) {
    const auto e = reserved_at(at, key);
    if (e != queue_.end()) remove(e);
}

void local_tier::invalidated(std::string_view key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    if (found->second->reserved == 0) ++invalidations_;
    remove(found->second);
}

void local_tier::invalidated_all() {
    entries_.clear();
    queue_.clear();
    hand_ = queue_.end();
    bytes_ = 0;
}

void local_tier::connected(time_point sent) {
    invalidated_all();
    connected_ = true;
    heard_ = sent;
}

void local_tier::lost() {
    invalidated_all();
    connected_ = false;
}

void local_tier::heard(time_point sent) { heard_ = std::max(heard_, sent); }

void local_tier::woke(time_point now) {
    if (is_late(now)) late_ = now;
}

void local_tier::remove(queue::iterator at) {
    bytes_ -= at->bytes();
    if (hand_ == at) ++hand_;
    entries_.erase(at->key);
    queue_.erase(at);
}

// The hand walks from the oldest entry to the newest and takes the first that was not used since it
// came by.
void local_tier::evict() {
    while (bytes_ > options_.max_bytes && !queue_.empty()) {
        if (hand_ == queue_.end()) hand_ = std::prev(queue_.end());
        while (hand_->visited) {
            hand_->visited = false;
            hand_ = hand_ == queue_.begin() ? std::prev(queue_.end()) : std::prev(hand_);
        }
        const auto victim = hand_;
        // remove() would move the hand to the older neighbour; it goes on to the newer one.
        hand_ = victim == queue_.begin() ? queue_.end() : std::prev(victim);
        remove(victim);
        ++evictions_;
    }
}

}  // namespace larder::cache
