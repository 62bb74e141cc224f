// PostgreSQL's log, which tells of commits before or after readers see them, and who follows it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "follow/following.hpp"
#include "simulation/schedule.hpp"

namespace larder::simulation {

class world;
class worker;
class model_follower;

/// Transactions, and slots, each of which one session has.
class model_log {
public:
    /// A server ends the session of who is silent for so long.
    static constexpr msec sender_timeout = 2'000;

    model_log(world& w) : world_(w) {}

    /// Written, and seen at once or, if it is pending, when `seen` is called.
    std::uint32_t commit(const std::vector<std::size_t>& keys, bool is_pending);
    void seen(std::uint32_t transaction);
    /// When, by its name.
    msec committed(const std::string& transaction) const;
    follow::snapshot snapshot() const;
    /// The log, or a time: what is answered comes behind the notifications before it.
    follow::position written() const;

    /// To everybody, for now.
    bool is_refused() const;
    bool is_held(const std::string& slot);
    /// False if somebody has it.
    bool take(const std::string& slot, model_follower& by);
    void leave(const model_follower& by, msec after);
    /// All sessions end, and what nobody saw may be lost; those transactions.
    std::vector<std::uint32_t> go_down();

private:
    struct record {
        std::uint32_t transaction;
        std::vector<std::size_t> keys;
        msec when;
    };
    struct session {
        model_follower* by = nullptr;  // null: gone, which the server does not know yet
        msec until = for_good;
        msec arrives = 0;  // the last that was sent
    };
    bool is_over(const session& s) const;
    void send(session& to, const record& what);
    void send_to_all(const record& what);

    world& world_;
    std::vector<record> log_;
    std::vector<std::uint64_t> pending_;  // ascending
    std::uint32_t last_ = 100;
    std::map<std::string, session> slots_;
};

/// A worker's two connections to it.
class model_follower final : public follow::change_source {
public:
    model_follower(world& w, worker& of) : world_(w), worker_(of) {}
    ~model_follower() override;
    model_follower(const model_follower&) = delete;
    model_follower& operator=(const model_follower&) = delete;

    task<tables> connect() override;
    task<bool> is_held(std::string slot) override;
    task<void> take(std::string slot) override;
    task<view> look() override;
    task<tables> look_up() override;
    task<piece> read() override;
    void interrupt() override;

    // What the server does.
    void sent(const std::vector<follow::transaction>& what, follow::position end, msec arrives);
    void arrived();
    void ended() { is_log_lost_ = true; }
    void lost() { is_lost_ = is_log_lost_ = true; }
    msec heard() const { return heard_; }  ///< by the server, last

private:
    struct coming {
        follow::transaction what;
        follow::position end;
        msec arrives;
    };
    task<void> answer();

    world& world_;
    worker& worker_;
    std::deque<coming> coming_;
    wait_id reads_ = 0;
    msec heard_ = 0;
    bool is_lost_ = true, is_log_lost_ = true;
};

}  // namespace larder::simulation
