// One load in progress: what it asks next. Does no I/O.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace larder::cache {

/// What a flight wants of an entry that is there when it asks for the lease.
enum class demand {
    any,    ///< the entry
    again,  ///< a load in its place; where there is none, another one's load will do
    anew    ///< a load of its own, whatever there is and whoever loads
};

/// What the lease script says.
enum class lease_answer {
    value,    ///< the entry is there after all
    granted,  ///< load, and fill
    busy,     ///< another one loads: wait for its fill
    held,     ///< a write is under way: load, and store nothing
    none      ///< no answer in time, or no Valkey: likewise
};

/// From a miss in the local tier to a value: shared tier, lease, source, fill.
///
/// Call what happened; it says what to do next. Whoever does it names the time.
class flight {
public:
    using time_point = std::chrono::steady_clock::time_point;

    enum class step {
        read,   ///< GET, by the connection that is told about changes: read_answered()
        ask,    ///< the lease script: lease_answered()
        wait,   ///< until the key changed or for `ask_again`: woken()
        load,   ///< the source: loaded(). While it runs, the lease is renewed if may_fill()
        fill,   ///< the fill script: filled()
        yield,  ///< the load failed: the lease is given back. yielded()
        land    ///< there is a value, or the load failed
    };
    struct patience {
        std::chrono::milliseconds ask_again{50};   ///< while another one loads; sooner at first
        std::chrono::milliseconds give_up{2'000};  ///< waiting for it, and load without storing
    };

    flight(patience p, time_point now) : patience_(p), give_up_(now + p.give_up) {}

    /// `usable`: the shared tier may be trusted with this key.
    /// Who does not take an entry need not read it.
    step take_off(bool usable, demand of = demand::any) {
        if (!usable) return step::load;
        return of == demand::any ? step::read : step::ask;
    }
    /// `answered`: there was a reply; `found`: with a value.
    step read_answered(bool answered, bool found) {
        if (!answered) return step::load;
        return found ? step::land : step::ask;
    }
    step lease_answered(lease_answer a, time_point now);
    /// `usable`: still, as at take_off().
    step woken(bool usable) { return usable ? step::read : step::load; }
    /// `usable`: still, as at take_off().
    step loaded(bool succeeded, bool usable) {
        if (!usable || !may_fill_) return step::land;
        return succeeded ? step::fill : step::yield;
    }
    step filled() { return step::land; }
    step yielded() { return step::land; }

    bool may_fill() const { return may_fill_; }
    /// Nobody tells that the other one's lease was taken away, so soon at first.
    std::chrono::milliseconds ask_again() {
        return std::exchange(again_, std::min(2 * again_, patience_.ask_again));
    }

private:
    const patience patience_;
    const time_point give_up_;
    std::chrono::milliseconds again_ = patience_.ask_again / 10;
    bool may_fill_ = false;
};

/// Which flight a reader takes: the next one of its key to take off, and never one that is in the
/// air. So nobody is given a value that was read before he asked, and no key has more than one
/// flight in the air.
///
/// Threads  one worker's.
class departures {
public:
    using flight_number = std::uint64_t;

    struct boarding {
        flight_number number;
        bool is_first;   ///< the first passenger: nobody boarded this flight before
        bool takes_off;  ///< now: none is in the air
    };
    boarding board(std::string_view key);
    /// The flight in the air has landed. The next one, which takes off now, if anybody waits.
    std::optional<flight_number> landed(std::string_view key);

private:
    struct gate {
        flight_number in_the_air = 0;
        flight_number next = 0;  // boarding; 0: nobody waits
    };
    std::map<std::string, gate, std::less<>> in_the_air_;
    flight_number last_ = 0;
};

}  // namespace larder::cache
