#include "listener.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "connection.hpp"
#include "logins.hpp"
#include "tables.hpp"

namespace larder::pg {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto again_after = std::chrono::milliseconds{200};

// Nobody asks this connection anything, so it has to find out by itself that it is dead.
pool_options kept_alive(pool_options options) {
    options = with_defaults(std::move(options));
    for (const auto& [keyword, value] : {std::pair{"keepalives_idle", "2"},
                                         {"keepalives_interval", "1"},
                                         {"keepalives_count", "3"}})
        if (options.server.get(keyword).empty()) options.server.set(keyword, value);
    return options;
}

}  // namespace

listener::listener(const asio::any_io_executor& executor, pool_options options,
                   std::shared_ptr<logins> shared, events then)
    : options_(kept_alive(std::move(options))),
      logins_(std::move(shared)),
      events_(std::move(then)),
      pause_(executor),
      started_(executor, clock::time_point::max()) {}

listener::~listener() = default;

asio::awaitable<void> listener::start() {
    asio::co_spawn(pause_.get_executor(), run(), asio::detached);
    co_await started_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void listener::stop() {
    stopped_ = true;
    pause_.cancel();
    started_.expires_at(clock::time_point::min());  // also for who waits only later
    if (connection_) connection_->interrupt();
}

asio::awaitable<void> listener::run() {
    while (!stopped_) {
        try {
            if (!logins_->has_to_wait()) co_await listen();
        } catch (const error& e) {
            spdlog::debug("Cannot listen to PostgreSQL: {}", e.what());
        } catch (const std::exception& e) {
            if (!std::exchange(said_why_, true)) spdlog::error("Cannot LISTEN: {}", e.what());
        }
        connection_.reset();
        started_.expires_at(clock::time_point::min());
        if (stopped_) break;
        pause_.expires_after(again_after);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

// What is unreleased is told before who the database is, as nothing is trusted before that.
asio::awaitable<void> listener::listen() {
    static constexpr statement begin{"LISTEN larder"};
    const parameters none;
    known_.clear();
    connection_ = std::make_unique<connection>(pause_.get_executor(), options_);
    auto& with = *connection_;
    co_await with.connect();
    logins_->was_accepted();
    const bool has_tables = co_await tables::make(with);
    logins_->has_tables = has_tables;
    if (!with.is_pooled()) co_await listen_for(begin);
    if (has_tables) co_await read_rows();
    const auto database = co_await tables::identity(with);
    events_.identified(database);
    started_.expires_at(clock::time_point::min());
    auto look_at = clock::now();
    bool notified = false;
    while (!stopped_) {
        for (const auto& one : with.notifications()) {
            notified = true;
            events_.heard(one);
        }
        if (const auto now = clock::now(); now >= look_at) {
            look_at = now + events_.say_every;
            if (has_tables && !known_.empty() && events_.is_settled()) co_await forget_rows();
            const bool looks = notified || with.is_pooled() || !known_.empty();
            if (has_tables && looks) co_await read_rows();
            notified = false;
            for (auto& one : events_.say())
                co_await tables::announce_again(with, std::move(one), has_tables);
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(look_at - clock::now());
        co_await with.listen(left);
    }
}

asio::awaitable<void> listener::listen_for(const statement& begin) {
    const parameters none;
    std::optional<error> refused;
    try {
        const auto done = co_await connection_->execute(begin, none);
    } catch (const error& e) {
        if (e.kind() != failure::rejected) throw;
        refused = e;
    }
    if (!refused || std::exchange(said_why_, true)) co_return;
    spdlog::warn(
        "PostgreSQL lets nobody LISTEN here ({}): writes of an instance that is cut off from "
        "Valkey are seen late by the others",
        refused->what());
}

// Each row is heard once.
asio::awaitable<void> listener::read_rows() {
    const auto rows = co_await tables::unreleased(*connection_);
    for (const auto& row : rows) {
        if (!known_.insert(row.id).second) continue;
        events_.heard(row.payload);
    }
}

asio::awaitable<void> listener::forget_rows() {
    const std::vector<std::string> ids{known_.begin(), known_.end()};
    co_await tables::remove(*connection_, ids);
    known_.clear();
}

}  // namespace larder::pg
