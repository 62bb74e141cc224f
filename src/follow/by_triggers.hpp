// What triggers tell of rows, as one who follows hears it. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "asio_world.hpp"
#include "follow/following.hpp"
#include "larder/follow.hpp"
#include "larder/pg/pool.hpp"

namespace larder::pg {
class connection;
}

namespace larder::follow {

/// Where the log cannot be read. Two connections: one LISTENs, and its session has the slot, which
/// is an advisory lock. PostgreSQL notifies when readers see the rows, so there is nothing to wait
/// for.
class by_triggers final : public change_source {
public:
    by_triggers(asio_world& outside, waits& w, pg::pool_options options,
                std::vector<followed> what);
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
    const std::vector<followed> what_;
    std::shared_ptr<connections> now_;
};

/// Of a notification: a family, and in lines of their own the values of its column; without any
/// line all of them. Nothing of other families: anybody may notify.
untrue read_notification(std::string_view payload, const std::vector<followed>& what);

/// What has to be done still so that rows are told, as SQL.
boost::asio::awaitable<std::vector<std::string>> plan_triggers(pg::connection& with,
                                                               const std::vector<followed>& what);
/// The same to take all of it back.
boost::asio::awaitable<std::vector<std::string>> plan_no_triggers(pg::connection& with);
/// Lines for a person: the tables, and who listens.
boost::asio::awaitable<std::vector<std::string>> status_of_triggers(
    pg::connection& with, const std::vector<followed>& what);
/// Throws pg::error.
boost::asio::awaitable<change_source::tables> look_up_triggers(pg::connection& with,
                                                               const std::vector<followed>& what);

}  // namespace larder::follow
