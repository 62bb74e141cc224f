// One physical connection to Valkey as the engine sees it, and how one is made. Private to larder.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "task.hpp"
#include "valkey/command.hpp"
#include "world.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Who waits for a command.
enum class urgency {
    request,    ///< a request: it fails at once while the server is known to be silent
    background  ///< nobody: it has more time, and is sent as long as there is a connection
};

/// Commands that are sent together, and their replies in that order. Who waits may give it up at
/// its deadline; the link goes on with it, since what was sent cannot be taken back.
struct exchange {
    std::vector<command> commands;
    std::vector<reply> replies;
    urgency how = urgency::request;
    time_point sent{};
    time_point deadline{};
    bool answered = false;  ///< in time: the replies are there
    bool finished = false;  ///< answered, lost or given up
    wait_id waiter = 0;
};
using exchange_ptr = std::shared_ptr<exchange>;

/// What a link tells its owner; never from within a call of the owner.
class link_events {
public:
    /// All replies are there.
    virtual void replied(const exchange_ptr& to) = 0;
    /// The connection ended before they were.
    virtual void lost(const exchange_ptr& what) = 0;
    /// Valkey says that the key was changed since it was read. As it is parsed, so before replied()
    /// of whatever was answered behind it.
    virtual void changed(std::string_view key) = 0;
    /// Any key may have changed.
    virtual void all_changed() = 0;
    /// The connection has ended, or could not be made; its last event. `why` is for the log.
    virtual void ended(const std::string& why) = 0;

protected:
    ~link_events() = default;
};

/// From connecting to its end. It goes on until it has ended, also when nobody has it any more.
class link {
public:
    virtual ~link() = default;
    /// Once it is connected. Replies come in the order of sending.
    virtual void send(const exchange_ptr& what) = 0;
    /// Whether anything was received that has not been handled, in any buffer; or the connection
    /// was closed.
    virtual bool has_unread() const = 0;
    /// Ends it. Nothing is told from now on.
    virtual void close() = 0;
};

/// The way to a server.
class network {
public:
    struct addresses {
        std::vector<std::string> all;  ///< to be tried one after the other, in that order
        std::string why_none = {};     ///< for the log; empty while the process ends
    };
    virtual task<addresses> find() = 0;
    /// Connects and logs in, and tells `events` how it goes. Null where not even that can be tried:
    /// then `why` says why.
    virtual std::shared_ptr<link> open(const std::string& address, link_events& events,
                                       std::string& why) = 0;
    /// Nobody waits for find() any more.
    virtual void cancel() = 0;

protected:
    ~network() = default;
};

}  // namespace LARDER_NAMESPACE::valkey
