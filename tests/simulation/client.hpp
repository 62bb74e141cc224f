// A worker's connection to the model Valkey, as src/valkey/client.cpp keeps it.
#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "simulation/model_valkey.hpp"
#include "simulation/schedule.hpp"
#include "simulation/task.hpp"
#include "valkey/breaker.hpp"

namespace larder::simulation {

class world;
class worker;

enum class verb : std::uint8_t {
    ping,
    info,
    get,
    lease,
    renew,
    fill,
    yield,
    hold,
    release,
    marker,
    lock,
    mark,
    find_leases,
    delete_leases,
    find_values,
    delete_values
};

struct command {
    verb what = verb::ping;
    std::size_t key = 0;
    text name = 0;      ///< token, writer, run id, or bits of keys
    text value = 0;     ///< to fill with; or the duration's
    msec duration = 0;  ///< also a ttl
    std::vector<text> writers = {};
    std::optional<text> no_value = {};

    std::uint32_t keys_bits() const { return static_cast<std::uint32_t>(name); }
};

struct reply {
    bool was_answered = false;
    bool succeeded = false;
    cache::lease_answer lease = cache::lease_answer::none;
    std::optional<text> value = {};
    msec pttl = -2;
    std::uint32_t keys = 0;
};
using replies = std::vector<reply>;

enum class urgency : std::uint8_t { request, background };

/// One request under way.
struct operation {
    std::vector<command> commands;
    simulation::replies replies;
    std::size_t handled = 0;
    urgency how = urgency::request;
    msec sent = 0;
    msec deadline = 0;
    bool answered = false;
    bool finished = false;
    std::coroutine_handle<> waiter = nullptr;

    void finish() {
        finished = true;
        if (auto who = std::exchange(waiter, nullptr)) who.resume();
    }
};
using operation_ptr = std::shared_ptr<operation>;

/// One physical connection: two ordered streams.
struct connection {
    struct upward {
        operation_ptr op;
        std::size_t index;
    };
    struct downward {
        enum class kind : std::uint8_t { answer, changed, all_changed, end } is;
        operation_ptr op = nullptr;
        std::size_t index = 0;
        simulation::reply reply = {};
        std::size_t key = 0;
    };

    std::uint32_t id = 0;
    std::uint8_t owner = 0;
    std::uint32_t incarnation = 0;
    std::deque<upward> up;
    std::deque<downward> down;
    std::deque<downward> parsed;         // replies that wait for their handlers
    std::vector<operation_ptr> pending;  // not all of their replies are parsed
    msec up_blocked_until = 0;
    msec down_blocked_until = 0;
    bool cut = false;    // nothing new gets in
    bool ended = false;  // the client knows
};
using connection_ptr = std::shared_ptr<connection>;

class client {
public:
    static constexpr msec deadline = 100, patient_deadline = 1'000, reconnect_after = 20,
                          reconnect_at_most = 500, probe_after = 50;

    client(world& w, worker& owner);

    void start();
    std::uint64_t life() const { return current_ ? lives_ : 0; }
    bool is_answering() const { return current_ && !breaker_.is_open(); }
    task<replies> call(std::vector<command> commands, urgency how = urgency::request);
    task<reply> call(command only, urgency how = urgency::request);

    // Events.
    void check_deadlines();
    void parse(const connection_ptr& c);
    void handle(const connection_ptr& c);

    /// Commands that somebody waits for.
    std::size_t unanswered() const;
    const connection_ptr& newest() const { return newest_; }

private:
    using operations = std::deque<operation_ptr>;

    task<void> keep_connected();
    task<bool> confirm(connection_ptr c);
    task<void> probe();
    operation_ptr make(std::vector<command> commands, urgency how) const;
    void drop_finished(operations& from, msec now);
    void give_up_requests();
    void ended(const connection_ptr& c);

    world& world_;
    worker& owner_;
    valkey::breaker breaker_;
    connection_ptr newest_;
    connection_ptr current_;  // confirmed, not ended
    std::uint64_t lives_ = 0;
    std::coroutine_handle<> waits_for_end_ = nullptr;
    bool probing_ = false;
    operations requests_;
    operations background_;
};

}  // namespace larder::simulation
