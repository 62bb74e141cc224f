// The source: counts of orders, snapshots of them, commits whose outcome may stay unknown, and what
// it remembers and announces for others.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "larder/cache/server_record.hpp"
#include "larder/fate.hpp"
#include "pg/announcements.hpp"
#include "simulation/model_valkey.hpp"
#include "simulation/schedule.hpp"
#include "valkey/link.hpp"

namespace larder::simulation {

class world;
class worker;

enum class outcome : std::uint8_t { nothing, written, unknown };
using order_number = std::int64_t;

/// A statement on its way.
struct statement {
    std::uint64_t id = 0;
    std::vector<std::size_t> keys;
    order_number order = 0;  ///< 0: it reads
    std::uint32_t transaction = 0;
    std::vector<std::string> announcements;
    std::uint32_t process = 0;
    std::uint8_t owner = 0;
    std::uint32_t incarnation = 0;
    wait_id waiter = 0;
    // At the server.
    bool taken = false;      ///< read, or committed
    bool dropped = false;    ///< it never will be
    bool is_orphan = false;  ///< nor may it ever be, and it stays open
    bool answered = false;
    // What its client knows.
    bool lost = false;
    std::int64_t value = 0;
};
using statement_ptr = std::shared_ptr<statement>;

class model_postgres {
public:
    static constexpr msec statement_timeout = 1'500;
    static constexpr msec reconnect_most = 300;  ///< of who listens
    /// A transaction whose client has gone is ended then, where a pooler keeps it.
    static constexpr msec orphans_last = 4'000;

    model_postgres(world& w, msec most) : world_(w), most_(most) {}

    struct loaded {
        bool succeeded = false;
        std::int64_t value = 0;
    };
    task<loaded> load(worker& by, std::size_t key);
    struct committed {
        outcome is = outcome::nothing;
        statement_ptr by = nullptr;
    };
    task<committed> commit(worker& by, std::vector<std::size_t> keys, order_number order,
                           std::vector<std::string> announcements);
    task<fate> what_became(worker& by, statement_ptr s);

    /// What was announced and is not known to be released.
    using row = pg::announcements::row;
    const std::vector<row>& rows() const { return rows_; }
    void delete_rows(const std::vector<std::string>& ids);
    /// To all processes that listen, and whoever listens later.
    void announce_again(const std::string& payload);
    bool has_table = true;
    /// How often a commit could not note what it announced.
    unsigned unnoted = 0;
    /// Which Valkey a family's entries are in.
    task<cache::server_record> recorded_server(worker& by);
    task<bool> record_server(worker& by, std::string before, std::string server);

    void take(std::uint64_t id);
    void lose(std::uint64_t id);
    void end_orphan(std::uint64_t id);
    /// Somebody who does not use the cache; and that readers see it.
    void others_write(std::vector<std::size_t> keys);
    void others_seen(std::uint32_t transaction);
    /// Ends all that runs: what is not committed never will be.
    void go_down();
    void come_up();
    bool is_down() const { return down_; }
    /// Nothing can be committed any more.
    bool is_idle() const;

    std::int64_t count(std::size_t key) const { return counts_[key]; }
    std::uint64_t loads(std::size_t key) const { return loads_[key]; }
    int lose_percent = 0;  ///< of commits
    /// Of each key; 0: as long as any other.
    msec first_load_takes = 0;
    /// Whether the worker there makes it.
    bool is_first_to_load(std::uint8_t place, std::size_t key) const {
        return first_loads_[key] == place;
    }

private:
    statement_ptr send(worker& by, std::vector<std::size_t> keys, order_number order);
    statement_ptr find(std::uint64_t id) const;
    void answer(statement& s, msec after);
    void drop(statement& s) const;
    void notify(const std::string& payload);
    void remember(const std::string& payload);
    void count_order(order_number order, const std::vector<std::size_t>& keys);

    struct others_order {
        order_number order;
        std::vector<std::size_t> keys;
    };
    world& world_;
    const msec most_;  // of an answer's delay
    bool down_ = false;
    std::array<std::int64_t, max_keys> counts_{};
    std::array<std::uint64_t, max_keys> loads_{};
    std::array<std::uint8_t, max_keys> first_loads_{};  // who makes them
    std::vector<statement_ptr> running_;
    std::map<std::uint32_t, others_order> others_;  // that readers do not see yet
    std::vector<row> rows_;
    std::uint64_t last_id_ = 0;
    std::string server_;  // Valkey, as it was recorded
};

}  // namespace larder::simulation
