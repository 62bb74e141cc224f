// The connections between workers and the model servers, and what can happen to them.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/model_valkey.hpp"
#include "simulation/schedule.hpp"
#include "valkey/link.hpp"

namespace larder::simulation {

class world;

/// One physical connection: two ordered streams. What arrived at the worker is unread until it is
/// parsed, one thing at a time.
struct connection {
    struct upward {
        valkey::exchange_ptr of;
        std::size_t index;
    };
    struct downward {
        enum class kind : std::uint8_t { answer, changed, all_changed, end } is;
        valkey::exchange_ptr of = nullptr;
        std::size_t index = 0;
        valkey::reply reply = {};
        std::string key = {};
    };

    std::uint32_t id = 0;
    std::uint8_t owner = 0;
    std::uint32_t incarnation = 0;
    std::size_t server = 0;
    msec made = 0;
    valkey::link_events* events = nullptr;  ///< null: nobody listens
    std::deque<upward> up;
    std::deque<downward> down;                 ///< on its way
    std::deque<downward> received;             ///< in the kernel, or some buffer
    std::deque<valkey::exchange_ptr> parsed;   ///< replies that wait for their handlers
    std::deque<valkey::exchange_ptr> pending;  ///< not all of their replies are parsed
    msec up_blocked_until = 0;
    msec down_blocked_until = 0;
    msec standing_at = -1;  ///< it was first asked then whether the server is a replica
    msec refused_at = -1;   ///< the worker knows since then that the server is a replica
    bool cut = false;       ///< nothing new gets in
    bool ended = false;     ///< the worker knows
};
using connection_ptr = std::shared_ptr<connection>;

/// The engine's end of a connection.
class model_link final : public valkey::link {
public:
    model_link(world& w, connection_ptr c) : world_(w), connection_(std::move(c)) {}
    void send(const valkey::exchange_ptr& what) override;
    bool has_unread() const override { return !connection_->received.empty(); }
    void close() override;

private:
    world& world_;
    const connection_ptr connection_;
};

/// Delivers each direction of a connection in order, late as chance has it. The address leads to
/// one of two servers, to one after the other.
class model_network {
public:
    static constexpr std::size_t servers = 2;

    model_network(world& w, msec most) : world_(w), most_(most) {}

    /// To where the address leads now. Where nothing runs it ends at once.
    connection_ptr connect(std::uint8_t owner, std::uint32_t incarnation,
                           valkey::link_events& events);
    void send(const connection_ptr& c, const valkey::exchange_ptr& what);

    // Events.
    void arrive_up(const connection_ptr& c);
    void arrive_down(const connection_ptr& c);
    void parse(const connection_ptr& c);
    void handle(const connection_ptr& c);

    /// What was on its way arrives in part; then both sides know, each at its time.
    void cut(const connection_ptr& c);
    void cut_all(std::size_t server);
    void silence(const connection_ptr& c, bool up, bool down, msec until);
    void deliver_pushes(std::size_t server, std::uint32_t behind_reply_of = 0);

    connection_ptr find(std::uint64_t id) const;
    connection_ptr newest_of(std::uint8_t owner) const;
    /// Whether a worker may not have received yet what a server said: so its local tier may be
    /// late.
    bool lags(std::uint8_t owner) const;
    /// Whether some worker has not heard yet that a key changed.
    bool tells_changes() const;
    /// Whether the server of a connection was replaced, if only for a moment.
    bool is_elsewhere(const connection& c) const {
        return c.server != leads_to || c.made < switched_at;
    }

    std::size_t leads_to = 0;            ///< the server that the address leads to
    msec first_switch = -1;              ///< when it was another one first
    msec switched_at = 0;                ///< and last
    bool is_down = false;                ///< that one does not run
    msec frozen_until = 0;               ///< nor does it here
    msec mute_from = 0, mute_until = 0;  ///< of connections that are made then nothing is heard
    bool pushes_wait = false;            ///< at the server, until it turns to what was sent next
    msec unread_most = 2;  ///< what has arrived is looked at sooner than after so long

private:
    void put_down(connection& c, connection::downward what);
    void schedule_up(const connection& c, msec at);
    void schedule_down(const connection& c, msec at);
    void schedule_owner(const connection& c, event::kind what, msec at);
    void forget_old();

    world& world_;
    const msec most_;
    std::vector<connection_ptr> all_;
    std::uint32_t last_id_ = 0;
    valkey::exchange_ptr last_asked_;
};

}  // namespace larder::simulation
