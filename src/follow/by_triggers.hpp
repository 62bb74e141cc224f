// What triggers tell of rows, as one who follows hears it. Private to larder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "asio_world.hpp"
#include "follow/following.hpp"
#include "larder/follow.hpp"
#include "larder/pg/pool.hpp"

namespace LARDER_NAMESPACE::follow {

/// Where the log cannot be read. Two connections: one LISTENs, and its session has the slot, which
/// is an advisory lock. PostgreSQL notifies when readers see the rows, so there is nothing to wait
/// for.
class by_triggers final : public change_source {
public:
    by_triggers(asio_world& outside, waits& w, pg::pool_options options,
                std::optional<pg::pool_options> served, std::vector<followed> what);
    ~by_triggers() override;
    by_triggers(const by_triggers&) = delete;
    by_triggers& operator=(const by_triggers&) = delete;

    task<tables> connect() override;
    task<bool> is_held(std::string slot) override;
    task<void> take(std::string slot) override;
    task<view> look() override;
    task<tables> look_up() override;
    task<piece> read() override;
    void interrupt() override;

    struct connections;

private:
    asio_world& outside_;
    waits& waits_;
    const pg::pool_options options_;
    const std::optional<pg::pool_options> served_;
    const std::vector<followed> what_;
    std::shared_ptr<connections> now_;
};

}  // namespace LARDER_NAMESPACE::follow
