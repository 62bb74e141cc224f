// How a value is found: local tier, shared tier, lease, source, fill. Private to cache.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cache/flight.hpp"
#include "cache/local_tier.hpp"
#include "cache/shared_tier.hpp"
#include "larder/cache/entry.hpp"
#include "larder/cache/own_writes.hpp"
#include "task.hpp"

namespace LARDER_NAMESPACE::cache {

/// Runs the source's query; the text of its value.
using loader = std::function<task<std::string>()>;

/// Flies the flights of a worker, and knows who waits for which.
///
/// Threads  one worker's.
class reader {
public:
    /// What the rest of the engine knows, and a reader asks.
    class owner {
    public:
        /// Whether the shared tier may be asked for the key.
        virtual bool is_usable(std::string_view key) const = 0;
        /// A name that nobody has.
        virtual std::string next_name() = 0;

    protected:
        ~owner() = default;
    };

    reader(waits& w, shared_tier& shared, local_tier& local, own_writes& own,
           const tiers_options& options, owner& asks);

    /// A hit in the local tier; who asks has to see that nothing is unread.
    std::optional<local_hit> find(std::string_view key);
    /// A hit in the shared tier, which the local one then has as well.
    task<std::optional<found>> look(std::string key, check is_value);
    /// The value from wherever it is. `load` may run after the caller has gone; it throws what
    /// every reader of this load then gets.
    task<found> read(std::string key, loader load, check is_value, wish how);

    /// The key changed: whoever waits for that looks again.
    void wake(std::string_view key);
    void wake_all();
    void stop() { stopped_ = true; }

    /// Empty if nothing goes on; else what does.
    std::string what_goes_on() const;
    /// How many entries it has stored that nobody waited for.
    std::uint64_t filled_behind() const { return filled_behind_; }

private:
    using step = flight::step;

    // Those who boarded one flight, and what it brought.
    struct passage {
        std::string key;
        loader load;
        check is_value;
        time_point boarded;       // by the first
        trace::context within;    // his span, if another flight lets it take off
        wish how{.keep = false};  // of all together
        found brought{};
        demand of = demand::any;        // until Valkey was told
        bool waited = false;            // for another flight's fill
        bool is_behind_a_load = false;  // of the flight before, which may have brought the value
        bool is_to_be_renewed = false;  // what it brought
        std::exception_ptr failed;
        outage forgives = nullptr;     // of one who takes what is stale instead
        std::optional<found> instead;  // of a load that failed
        std::optional<found> before;   // the load, where that is not asked again
        bool landed = false;
        std::vector<wait_id> passengers;
    };
    using passage_ptr = std::shared_ptr<passage>;
    // A load that goes on, whose lease is renewed meanwhile.
    struct renewal {
        explicit renewal(waits& w) : between(w) {}
        pause between;
        bool ended = false;
    };

    void take_off(departures::flight_number number);
    void land(departures::flight_number number, const passage_ptr& p);
    task<void> fly(departures::flight_number number, passage_ptr p);
    task<void> fly(passage& p);
    task<void> go_on(flight& f, passage& p, const std::string& token, step next);
    void board(passage& p, const wish& how, bool is_first);
    bool is_renewed_behind(const passage& p, const shared_tier::kept& of) const;
    task<void> find_instead(passage& p);
    void renew_behind(const passage& p);
    task<void> load_behind(passage_ptr p);
    task<step> read(flight& f, passage& p, std::optional<std::string>& unreadable);
    task<step> ask(flight& f, passage& p, const std::string& token,
                   const std::optional<std::string>& unreadable);
    task<step> wait(flight& f, const std::string& key);
    task<step> load(flight& f, passage& p, const std::string& token);
    task<step> fill(flight& f, passage& p, const std::string& token);
    task<step> yield(flight& f, const std::string& key, const std::string& token);
    task<void> renew(std::string key, std::string token, std::shared_ptr<renewal> during);
    void settle(local_tier::place at, const std::string& key, const shared_tier::kept& of);
    found shared_hit(std::string_view key, shared_tier::kept of) const;
    std::string_view why_unusable(std::string_view key) const;

    waits& waits_;
    shared_tier& shared_;
    local_tier& local_;
    own_writes& own_;
    const tiers_options& options_;
    owner& owner_;
    departures flights_;
    std::unordered_map<departures::flight_number, passage_ptr> passages_;
    // Flights that wait for a key to change.
    std::multimap<std::string, wait_id, std::less<>> waiting_;
    std::set<std::string, std::less<>> renewed_behind_;  // keys of what is loaded for nobody
    std::set<std::string, std::less<>> told_too_large_;  // families
    std::uint64_t filled_behind_ = 0;
    bool stopped_ = false;
    nursery home_;  // ends first
};

}  // namespace LARDER_NAMESPACE::cache
