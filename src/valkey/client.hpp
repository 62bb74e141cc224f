// A worker's connection to Valkey: commands, and what becomes of them. Private to larder.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "larder/valkey/options.hpp"
#include "valkey/breaker.hpp"
#include "valkey/in_flight.hpp"
#include "valkey/link.hpp"
#include "valkey/supervisor.hpp"

namespace LARDER_NAMESPACE::valkey {

/// What a client tells its owner. They must not throw.
class client_events {
public:
    /// A new connection, which tells changes of what is read from now on.
    virtual void connected(time_point sent) = 0;
    virtual void lost() = 0;
    /// The key was changed since it was read.
    virtual void changed(std::string_view key) = 0;
    /// Any key may have changed.
    virtual void all_changed() = 0;

protected:
    ~client_events() = default;
};

/// How late a script is sent once more that Valkey has forgotten: what it says may be out of date.
constexpr std::chrono::milliseconds repeats_within{250};

/// One connection, replaced whenever it ends. Commands fail at once while there is none and while
/// the server is silent: after one command missed its deadline, none is sent for a request before
/// a PING was answered in time.
///
/// Errors   never throws for a server that is missing, slow or refuses; logs when that changes.
/// Threads  one worker's. It knows no socket and no clock: see link.hpp, world.hpp.
/// Cost     one round trip a call; concurrent calls travel together.
class client final : private link_events, private supervisor::owner, private in_flight::owner {
public:
    client(waits& w, network& way, client_options options, std::vector<std::string> scripts,
           client_events& tells);
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    void start() { supervisor_.start(home_); }
    /// Returns when the first attempt to connect has ended one way or the other.
    task<void> first_attempt() { return supervisor_.first_attempt(); }
    /// Ends the connection for good. Everybody who waits is answered that there is no answer.
    void stop();

    /// The number of the connection, which counts up; 0 while there is none.
    std::uint64_t life() const { return supervisor_.life(); }
    /// Whether a request's command would be sent now.
    bool is_answering() const { return supervisor_.current() && !breaker_.is_open(); }
    /// Whether the server missed a deadline, and has answered nothing in time since; also once that
    /// connection is lost, until there is another one.
    bool is_silent() const { return breaker_.is_open(); }
    /// Whether this connection tells changes: the server may not allow it.
    bool is_tracking() const { return supervisor_.is_tracking(); }
    /// Whether Valkey said something that was not handled yet, or closed the connection; also where
    /// there is none. One system call.
    bool has_unread() const override;

    /// Why there is no connection, for people.
    std::string why_lost() const { return supervisor_.why_lost(); }
    /// What the server refused last, with what helps; empty: nothing.
    const std::string& refused_last() const { return refused_last_; }
    /// As the server said when the connection was made.
    const valkey::standing& standing() const { return supervisor_.standing(); }
    /// Whether the server is known to have one thread for connections; see handshake.
    bool has_one_thread() const { return supervisor_.has_one_thread(); }

    /// The replies, one for each command.
    task<std::vector<reply>> call(std::vector<command> commands, urgency how = urgency::request);
    task<reply> call(command only, urgency how = urgency::request);
    /// The command that runs a script.
    command script(std::size_t index, const std::vector<std::string>& keys,
                   const std::vector<std::string>& arguments) const;
    /// The server refuses for good what the cache needs: another connection may lead to another.
    void refuse(const std::string& why) { supervisor_.refuse(why); }
    /// This connection is of use: the pauses between connections begin anew.
    void trusted() { supervisor_.trusted(); }
    /// Another connection is to be made.
    void reconnect(const std::string& why) { supervisor_.end(why); }

    /// Of a command that a request waits for.
    std::chrono::milliseconds deadline() const { return options_.deadline; }
    /// Commands that somebody waits for.
    std::size_t unanswered() const { return in_flight_.size(); }
    /// How many connections were made, and how often the server fell silent.
    std::uint64_t lives() const { return supervisor_.lives(); }
    std::uint64_t breaker_openings() const { return breaker_openings_; }

private:
    void replied(const exchange_ptr& to) override;
    void lost(const exchange_ptr& what) override;
    void changed(std::string_view key) override;
    void all_changed() override;
    void ended(const std::string& why) override { supervisor_.link_ended(why); }
    void began(time_point sent) override;
    void ended() override;
    void missed() override;
    void unanswered() override;

    task<exchange_ptr> exec(std::vector<command> commands, urgency how);
    task<void> probe();
    command with_text(command script) const;
    void say_refused(const std::string& why);

    waits& waits_;
    const client_options options_;
    client_events& events_;
    breaker breaker_;
    supervisor supervisor_;
    in_flight in_flight_;
    time_point heard_{};  // a reply
    bool stopped_ = false;
    bool probing_ = false;
    std::uint64_t breaker_openings_ = 0;
    std::string refused_last_;
    std::map<std::string, time_point, std::less<>> said_refused_;  // by the reason
    nursery home_;                                                 // ends first
};

}  // namespace LARDER_NAMESPACE::valkey
