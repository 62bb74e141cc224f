// The connections between workers and the model Valkey, and what can happen to them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "simulation/client.hpp"

namespace larder::simulation {

/// Delivers each direction of a connection in order, late as chance has it.
class network {
public:
    network(world& w, msec most) : world_(w), most_(most) {}

    /// None where the server is down.
    connection_ptr connect(std::uint8_t owner, std::uint32_t incarnation);
    void send(const connection_ptr& c, const operation_ptr& op);
    /// What arrived at the owner; nothing if it is held up.
    std::optional<connection::downward> take_down(connection& c);
    /// A command arrived at the server.
    void arrive(const connection_ptr& c);
    /// What was on its way arrives in part; then both sides know, each at its time.
    void cut(const connection_ptr& c);
    void cut_all();
    void silence(const connection_ptr& c, bool up, bool down, msec until);

    connection_ptr find(std::uint64_t id) const;
    connection_ptr newest_of(std::uint8_t owner) const;
    void deliver_pushes(std::uint32_t behind_reply_of = 0);
    void forget_old();

    bool is_down = false;   ///< the server does not run
    msec frozen_until = 0;  ///< nor does it here
    msec most() const { return most_; }

private:
    void put_down(connection& c, connection::downward what);
    void schedule_up(const connection& c, msec at);
    void schedule_down(const connection& c, msec at);
    reply execute(const connection& c, const command& what);

    world& world_;
    const msec most_;
    std::vector<connection_ptr> all_;
    std::uint32_t last_id_ = 0;
};

}  // namespace larder::simulation
