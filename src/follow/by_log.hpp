// PostgreSQL's log, as one who follows reads it. Private to larder.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "asio_world.hpp"
#include "follow/following.hpp"
#include "larder/follow.hpp"
#include "larder/pg/pool.hpp"

namespace LARDER_NAMESPACE::follow {

/// Two connections, one of them for replication; and one to `served`, if that has another address.
class by_log final : public change_source {
public:
    by_log(asio_world& outside, waits& w, pg::pool_options options,
           std::optional<pg::pool_options> served, std::vector<followed> what);
    ~by_log() override;
    by_log(const by_log&) = delete;
    by_log& operator=(const by_log&) = delete;

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
    const pg::pool_options options_, log_options_;
    const std::optional<pg::pool_options> served_;
    const std::vector<followed> what_;
    std::shared_ptr<connections> now_;
};

}  // namespace LARDER_NAMESPACE::follow
