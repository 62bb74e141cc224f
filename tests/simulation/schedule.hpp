// Virtual time: events, the chance that orders them, and coroutines that wait for them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace larder::simulation {

/// Milliseconds since the simulation began.
using msec = std::int64_t;
inline constexpr msec for_good = 1'000'000;
using time_point = std::chrono::steady_clock::time_point;

/// As the engine takes it. Long after the clock's beginning, so that no time is before it.
inline time_point time_of(msec t) { return time_point{std::chrono::milliseconds{1'000'000 + t}}; }
/// Not before that time.
inline msec msec_of(time_point t) {
    if (t == time_point::max()) return 1'000'000'000'000;
    return std::chrono::ceil<std::chrono::milliseconds>(t.time_since_epoch()).count() - 1'000'000;
}

/// The one source of chance of a seed (splitmix64).
class chance {
public:
    explicit chance(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15U + 1) {}

    std::uint64_t next() {
        auto z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    /// From 0 up to, but not, `bound`.
    std::int64_t below(std::int64_t bound) {
        return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
    }
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least + below(most - least + 1);
    }
    bool in(std::int64_t percent) { return below(100) < percent; }
    /// Mostly short, at times as long as may be.
    msec delay(msec most) { return in(60) ? below(std::min<msec>(most, 2) + 1) : below(most + 1); }
    template <class T>
    T any_of(std::initializer_list<T> of) {
        return of.begin()[below(static_cast<std::int64_t>(of.size()))];
    }

private:
    std::uint64_t state_;
};

struct event {
    enum class kind : std::uint8_t {
        resume,        ///< a coroutine of the owner; id: which
        arrive_up,     ///< a command arrives at a server; id: the connection
        arrive_down,   ///< a reply or push arrives at a worker's machine; id: the connection
        parse,         ///< the owner reads it; id: the connection
        handle,        ///< a reply reaches its handler; id: the connection
        get,           ///< a reader comes to the owner; id: the key
        post,          ///< a writer comes to the owner; id: the customer's key
        end,           ///< the owner is asked to end
        ended,         ///< and has; id: its place
        hear,          ///< an announcement reaches the owner; id: which
        pg_take,       ///< a statement arrives at PostgreSQL; id: the statement
        pg_lost,       ///< a statement's connection is lost; id: the statement
        pg_orphan,     ///< a transaction without a client is ended; id: the statement
        others_write,  ///< somebody who does not use the cache; id: the customer's key
        others_seen,   ///< and readers see it from now on; id: the transaction
        log_arrives,   ///< at the owner, who follows
        fault,         ///< id: which of the plan
        end_of_fault,  ///< id: which of the plan
        expire         ///< Valkey looks for what is past its time
    };
    static constexpr std::uint8_t nobody = 255;

    msec at = 0;
    std::uint32_t tie = 0;
    kind what = kind::resume;
    std::uint8_t owner = nobody;    ///< a worker's place; while that one is stopped it waits
    std::uint32_t incarnation = 0;  ///< of the owner, whose events die with it; 0: of any
    std::uint64_t id = 0;

    bool operator<(const event& b) const { return at != b.at ? at > b.at : tie > b.tie; }
};

/// What is going to happen; of what may happen at once, chance picks.
///
/// Cost     most events are near: those of one millisecond are a short list, which is found by its
///          bit. A heap of all took a sixth of the simulation's time.
class schedule {
public:
    explicit schedule(chance& c) : chance_(c) {
        lists_.fill(none);
        nodes_.reserve(256);
    }

    msec now() const { return now_; }
    void add(event e) {
        e.at = std::max(e.at, now_);
        e.tie = static_cast<std::uint32_t>(chance_.next());
        if (e.at < now_ + near) return put(e);
        later_.push_back(e);
        std::push_heap(later_.begin(), later_.end());
    }
    event take() {
        if (count_ == 0) now_ = later_.front().at;
        while (!later_.empty() && later_.front().at < now_ + near) {
            std::pop_heap(later_.begin(), later_.end());
            put(later_.back());
            later_.pop_back();
        }
        const auto list = next_list();
        now_ += static_cast<msec>((list - list_of(now_)) % lists);
        return take_from(list);
    }

private:
    static constexpr std::uint32_t none = ~0U;
    static constexpr msec near = 1'024;  // each of them has its own list
    static constexpr std::size_t lists = near, bits = 64;
    struct node {
        event what;
        std::uint32_t next;
    };

    static std::size_t list_of(msec at) { return static_cast<std::size_t>(at) % lists; }

    void put(const event& e) {
        auto place = free_;
        if (place == none) {
            place = static_cast<std::uint32_t>(nodes_.size());
            nodes_.emplace_back();
        } else {
            free_ = nodes_[place].next;
        }
        const auto list = list_of(e.at);
        nodes_[place] = {e, std::exchange(lists_[list], place)};
        in_use_[list / bits] |= std::uint64_t{1} << list % bits;
        ++count_;
    }
    /// The first one in use, from now on.
    std::size_t next_list() const {
        const auto from = list_of(now_);
        auto word = from / bits;
        auto found = in_use_[word] & ~std::uint64_t{0} << from % bits;
        while (found == 0) {
            word = (word + 1) % in_use_.size();
            found = in_use_[word];
        }
        return word * bits + static_cast<std::size_t>(std::countr_zero(found));
    }
    event take_from(std::size_t list) {
        auto* least = &lists_[list];
        for (auto* one = &nodes_[*least].next; *one != none; one = &nodes_[*one].next)
            if (nodes_[*one].what.tie < nodes_[*least].what.tie) least = one;
        const auto place = *least;
        *least = std::exchange(nodes_[place].next, std::exchange(free_, place));
        if (lists_[list] == none) in_use_[list / bits] &= ~(std::uint64_t{1} << list % bits);
        --count_;
        return nodes_[place].what;
    }

    chance& chance_;
    std::array<std::uint32_t, lists> lists_{};
    std::array<std::uint64_t, lists / bits> in_use_{};
    std::vector<node> nodes_;  // of all lists, and of what is free
    std::uint32_t free_ = none;
    std::size_t count_ = 0;  // in the lists
    std::vector<event> later_;
    msec now_ = 0;
};

}  // namespace larder::simulation
