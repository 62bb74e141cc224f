// A worker's connection to Valkey.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "larder/valkey/uri.hpp"

namespace larder::valkey {

struct client_options {
    valkey::server server;                             ///< where and who
    std::chrono::milliseconds deadline{100};           ///< for any one command
    std::chrono::milliseconds connect_timeout{1'000};  ///< name, TCP and TLS, each
    std::chrono::milliseconds health_interval{1'000};  ///< a PING; twice unanswered ends it
    std::chrono::milliseconds reconnect_after{20};     ///< the first time, doubled up to
    std::chrono::milliseconds reconnect_at_most{500};  ///< this, with jitter
};

/// What GET said: nothing at all (no server, no answer in time), no value, or a value.
struct lookup {
    bool answered = false;
    std::optional<std::string> value = {};
};

/// One connection, replaced whenever it ends. Commands fail at once while there is none and while
/// the server is silent: after one command missed its deadline, none is sent before it speaks
/// again.
///
/// Errors   never throws for a server that is missing, slow or refuses; logs when that changes.
/// Threads  call on the worker it was made for.
/// Cost     one round trip a call; concurrent calls travel together.
class client {
public:
    client(boost::asio::any_io_executor executor, client_options options);
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// Connects, and returns when the first attempt ended one way or the other.
    boost::asio::awaitable<void> start();
    /// Ends the connection for good.
    void stop();
    /// The number of the connection, which counts up; 0 while there is none.
    std::uint64_t life() const;
    /// Calls `then` whenever a new connection is there. Set it before start().
    void on_connect(std::function<void()> then);

    boost::asio::awaitable<lookup> get(std::string_view key);
    /// True if the value is known to be stored.
    boost::asio::awaitable<bool> set(std::string_view key, std::string_view value,
                                     std::optional<std::chrono::seconds> ttl);
    /// True if the keys are known to be gone.
    boost::asio::awaitable<bool> del(const std::vector<std::string>& keys);
    /// What the server calls this run of itself; another one after a restart or a failover. Empty
    /// if it does not say.
    boost::asio::awaitable<std::string> run_id();
    /// Deletes all keys that start with `prefix` (letters, digits, `_` and `:`), in small steps.
    /// How many; empty if it did not get through.
    /// Cost     a walk over the whole key space: never on the way of a request.
    boost::asio::awaitable<std::optional<std::size_t>> purge(std::string_view prefix);

private:
    class supervisor;
    std::shared_ptr<supervisor> supervisor_;
};

}  // namespace larder::valkey
