// The source: counts of orders, snapshots of them, and commits whose outcome may stay unknown.
#pragma once

#include <array>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <vector>

#include "simulation/model_valkey.hpp"
#include "simulation/schedule.hpp"
#include "simulation/task.hpp"

namespace larder::simulation {

inline constexpr msec never = 1'000'000'000;

class world;
class worker;

enum class outcome : std::uint8_t { nothing, written, unknown };

/// A statement on its way.
struct statement {
    std::uint64_t id = 0;
    std::vector<std::size_t> keys;
    text order = 0;  ///< 0: it reads
    std::vector<std::string> announcements;
    std::uint32_t process = 0;
    std::uint8_t owner = 0;
    std::uint32_t incarnation = 0;
    std::uint64_t waiter = 0;
    // At the server.
    bool taken = false;    ///< read, or committed
    bool dropped = false;  ///< it never will be
    bool answered = false;
    // What its client knows.
    bool lost = false;
    text value = 0;
};
using statement_ptr = std::shared_ptr<statement>;

class model_postgres {
public:
    static constexpr msec statement_timeout = 1'500;
    static constexpr msec reconnect_most = 300;  ///< of who listens

    model_postgres(world& w, msec most) : world_(w), most_(most) {}

    struct loaded {
        bool succeeded = false;
        text value = 0;
    };
    task<loaded> load(worker& by, std::size_t key);
    struct committed {
        outcome is = outcome::nothing;
        statement_ptr by = nullptr;
    };
    task<committed> commit(worker& by, std::vector<std::size_t> keys, text order,
                           std::vector<std::string> announcements);
    /// NOTIFY: to all processes that listen.
    void notify(std::uint32_t by, const std::string& payload);
    struct announcement {
        std::uint32_t by;
        msec sent;
        std::string payload;
    };
    const announcement& announced(std::uint64_t id) const { return announced_[id]; }
    /// Whether the statement can change nothing any more; false also where that is not known.
    task<bool> is_over(worker& by, statement_ptr s);

    void take(std::uint64_t id);
    void lose(std::uint64_t id);
    /// Ends all that runs: what is not committed never will be.
    void go_down();
    void come_up();
    /// When every process that runs since then listens again.
    msec all_listen_from() const { return down_ ? never : up_since_ + reconnect_most; }
    bool is_down() const { return down_; }
    /// Nothing can be committed any more.
    bool is_idle() const;

    text count(std::size_t key) const { return counts_[key]; }
    std::uint64_t loads(std::size_t key) const { return loads_[key]; }
    int lose_percent = 0;  ///< of commits

private:
    statement_ptr send(worker& by, std::vector<std::size_t> keys, text order);
    statement_ptr find(std::uint64_t id) const;
    void answer(statement& s, msec after);

    world& world_;
    const msec most_;  // of an answer's delay
    bool down_ = false;
    msec up_since_ = 0;
    std::array<text, max_keys> counts_{};
    std::array<std::uint64_t, max_keys> loads_{};
    std::vector<statement_ptr> running_;
    std::vector<announcement> announced_;
    std::uint64_t last_id_ = 0;
};

}  // namespace larder::simulation
