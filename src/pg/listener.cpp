#include "listener.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "connection.hpp"
#include "pool_state.hpp"
#include "tables.hpp"

namespace LARDER_NAMESPACE::pg {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto lock_timeout = std::chrono::milliseconds{100};  // others wait for what is notified

pool_options to_listen(pool_options options) {
    options = kept_alive(std::move(options));
    options.lock_timeout = std::min(options.lock_timeout, lock_timeout);
    return options;
}

}  // namespace

listener::listener(const asio::any_io_executor& executor, pool_options options,
                   std::shared_ptr<logins> shared, events then, pool* lends)
    : options_(to_listen(std::move(options))),
      logins_(std::move(shared)),
      decides_(std::move(then)),
      lends_(lends),
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
            const bool has_own = !lends_ || logins_->may_listen();
            if (!has_own) co_await look_in_turn();
            else if (!logins_->has_to_wait()) co_await listen();
        } catch (const error& e) {
            if (e.kind() == failure::rejected && !std::exchange(said_why_, true))
                spdlog::warn("Cannot hear what other instances announce: {}", e.detail());
        } catch (const std::exception& e) {
            if (!std::exchange(said_why_, true)) spdlog::error("Cannot LISTEN: {}", e.what());
        }
        on_ = nullptr;
        hears_ = false;
        connection_.reset();
        started_.expires_at(clock::time_point::min());
        if (stopped_) break;
        pause_.expires_after(again_after);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

// What is unreleased is told before who the database is, as nothing is to be trusted before.
asio::awaitable<void> listener::log_in() {
    connection_ = std::make_unique<connection>(pause_.get_executor(), options_);
    try {
        auto served_last = logins_->served_last();
        co_await connection_->connect(std::move(served_last), 0);
    } catch (const error& e) {
        logins_->told.was_refused(e);
        throw;
    }
    logins_->was_accepted(connection_->at());
    on_ = connection_.get();
    co_await begin();
}

asio::awaitable<void> listener::begin() {
    has_tables_ = co_await tables::make(*on_);
    logins_->has_tables = has_tables_;
    logins_->lacks_tables = !has_tables_;
    const bool is_told = co_await subscribe();
    is_notified_ = false;
    decides_.connected(has_tables_, is_told, logins_->unnoted);
    if (has_tables_) co_await read_rows();
    auto database = co_await tables::identity(*on_);
    decides_.then().identified(std::move(database));
    hears_ = true;
}

asio::awaitable<void> listener::listen() {
    co_await log_in();
    started_.expires_at(clock::time_point::min());
    auto look_at = clock::now();
    while (!stopped_ && (!lends_ || logins_->may_listen())) {
        take_notifications();
        const bool is_due = clock::now() >= look_at;
        if (is_due) look_at = clock::now() + decides_.then().say_every;
        co_await look(is_due);
        take_notifications();  // that came meanwhile: nothing more may come to wait for
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(look_at - clock::now());
        if (!is_notified_ && left.count() > 0) co_await connection_->listen(left);
    }
}

// Where there is no connection to listen with, as the last one is for requests, it has one of
// theirs now and then.
asio::awaitable<void> listener::look_in_turn() {
    bool has_begun = false;
    while (!stopped_ && !logins_->may_listen()) {
        {
            auto with = co_await lends_->state_->acquire();
            on_ = &*with;
            if (!has_begun) co_await begin();
            else co_await look(true);
            has_begun = true;
            on_ = nullptr;
        }
        started_.expires_at(clock::time_point::min());
        pause_.expires_after(decides_.then().say_every);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

void listener::take_notifications() {
    for (const auto& one : connection_->notifications()) {
        is_notified_ = true;
        decides_.notified(*one.payload);
    }
}

// A pooler would go on listening for whoever has that connection to the server next.
asio::awaitable<bool> listener::subscribe() {
    static constexpr statement begin{"LISTEN larder"};
    const parameters none;
    std::string why = connection_ ? "a pooler is in between" : "it has no connection left for that";
    try {
        if (connection_ && !on_->is_pooled()) {
            co_await on_->execute(begin, none);
            co_return true;
        }
    } catch (const error& e) {
        if (e.kind() != failure::rejected) throw;
        why = e.what();
    }
    if (!has_tables_ && !std::exchange(said_why_, true))
        spdlog::warn(
            "PostgreSQL lets nobody LISTEN here ({}): writes of an instance that is cut off from "
            "Valkey are seen late by the others",
            why);
    co_return false;
}

asio::awaitable<void> listener::look(bool is_due) {
    is_notified_ = false;
    try {
        const auto settled = decides_.to_delete(is_due);
        if (!settled.empty()) {
            co_await tables::remove(*on_, settled);
            decides_.deleted();
        }
        if (decides_.has_to_read(is_due)) co_await read_rows();
        if (is_due) co_await say();
        const bool is_quiet = on_->heard_at() + asked_every <= clock::now();
        if (is_due && is_quiet) co_await ask();
    } catch (const error& e) {
        if (e.kind() != failure::unavailable || !on_->is_usable()) throw;
        spdlog::debug("larder.unreleased cannot be used now: {}", e.detail());
        decides_.could_not_read();
    }
}

// A server that is frozen, or cut off, says nothing of it.
asio::awaitable<void> listener::ask() {
    static constexpr statement one{"SELECT 1", true};
    const parameters none;
    co_await on_->execute(one, none);
}

asio::awaitable<void> listener::read_rows() {
    const auto rows = co_await tables::unreleased(*on_);
    decides_.read(rows);
    if (rows.size() == tables::most_rows && !std::exchange(said_limit_, true))
        spdlog::warn("larder.unreleased has {} rows or more: the newer ones are read later",
                     rows.size());
}

asio::awaitable<void> listener::say() {
    for (auto& one : decides_.to_say(logins_->unnoted))
        co_await tables::announce_again(*on_, std::move(one), has_tables_);
    decides_.said();
}

}  // namespace LARDER_NAMESPACE::pg
