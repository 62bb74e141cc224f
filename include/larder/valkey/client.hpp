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
    valkey::server server;                              ///< where and who
    std::chrono::milliseconds deadline{100};            ///< for a command that a request waits for
    std::chrono::milliseconds patient_deadline{1'000};  ///< for any other
    std::chrono::milliseconds connect_timeout{1'000};   ///< name, TCP and TLS, each
    std::chrono::milliseconds health_interval{
        1'000};                                     ///< of PINGs, at least; two unanswered end it
    std::chrono::milliseconds reconnect_after{20};  ///< the first time, doubled up to
    std::chrono::milliseconds reconnect_at_most{500};  ///< this, with jitter
    std::chrono::milliseconds probe_after{50};         ///< while the server is silent: a PING
    std::vector<std::string> scripts = {};             ///< to be called by their index here
    bool tracking = false;                             ///< tell changes of what was read
};

using command = std::vector<std::string>;

struct reply {
    enum class kind { no_answer, nothing, text, error, list };
    kind is = kind::no_answer;  ///< no_answer: in time; the command may have run all the same
    std::string text = {};      ///< also of an integer or an error
    std::vector<std::string> list = {};  ///< the texts in it, however deep

    bool was_answered() const { return is != kind::no_answer; }
    bool succeeded() const { return was_answered() && is != kind::error; }
};

/// What a client tells its owner. Called between two commands; they must not throw.
struct client_events {
    using time_point = std::chrono::steady_clock::time_point;

    /// A new connection, which tells changes of what is read from now on.
    std::function<void(time_point sent)> connected = [](time_point) {};
    std::function<void()> lost = [] {};
    /// A reply came to what was sent then. Changes before that have been told.
    std::function<void(time_point sent)> heard = [](time_point) {};
    /// The key was changed since it was read.
    std::function<void(std::string_view key)> changed = [](std::string_view) {};
    /// Any key may have changed.
    std::function<void()> all_changed = [] {};
};

/// Who waits for a command.
enum class urgency {
    request,    ///< a request: it fails at once while the server is known to be silent
    background  ///< nobody: it has more time, and is sent as long as there is a connection
};

/// One connection, replaced whenever it ends. Commands fail at once while there is none and while
/// the server is silent: after one command missed its deadline, none is sent for a request before
/// a PING was answered in time.
///
/// Errors   never throws for a server that is missing, slow or refuses; logs when that changes.
/// Threads  call on the worker it was made for.
/// Cost     one round trip a call; concurrent calls travel together.
class client {
public:
    client(boost::asio::any_io_executor executor, client_options options,
           client_events events = {});
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// Connects, and returns when the first attempt ended one way or the other.
    boost::asio::awaitable<void> start();
    /// Ends the connection for good.
    void stop();
    /// The number of the connection, which counts up; 0 while there is none.
    std::uint64_t life() const;
    /// Whether a request's command would be sent now.
    bool is_answering() const;
    /// Whether this connection tells changes: it was asked for, and the server allows it.
    bool is_tracking() const;
    /// Whether Valkey said something that was not read yet, or closed the connection. One system
    /// call.
    bool has_unread() const;

    /// The replies, one for each command.
    boost::asio::awaitable<std::vector<reply>> call(std::vector<command> commands,
                                                    urgency how = urgency::request);
    boost::asio::awaitable<reply> call(command only, urgency how = urgency::request);
    /// The command that runs a script of the options.
    command script(std::size_t index, const std::vector<std::string>& keys,
                   const std::vector<std::string>& arguments) const;

    /// What the server calls this run of itself; another one after a restart or a failover. Empty
    /// if it does not say.
    boost::asio::awaitable<std::string> run_id();
    /// Deletes all keys that match (as in SCAN), in small steps. How many; empty if it did not get
    /// through.
    /// Cost     a walk over the whole key space: never on the way of a request.
    boost::asio::awaitable<std::optional<std::size_t>> purge(std::string_view pattern);

private:
    class supervisor;
    std::shared_ptr<supervisor> supervisor_;
};

}  // namespace larder::valkey
