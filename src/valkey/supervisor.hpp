// Keeps one connection to Valkey: finds it, makes it, replaces it when it ends. Private to valkey.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "larder/valkey/options.hpp"
#include "valkey/handshake.hpp"
#include "valkey/link.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Lives of a connection, one after the other. A life is published when its handshake succeeded,
/// and unpublished when the connection ends or is ended.
///
/// Threads  one worker's.
class supervisor {
public:
    /// Told of lives; never from within a call but end().
    class owner {
    public:
        virtual void began(time_point sent) = 0;  ///< a life; its first words were sent then
        virtual void ended() = 0;                 ///< the life that began last

    protected:
        ~owner() = default;
    };

    supervisor(waits& w, network& way, const client_options& options,
               std::vector<std::string> scripts, link_events& events, owner& tells);
    ~supervisor() {
        if (link_ && !ended_) link_->close();
    }
    supervisor(const supervisor&) = delete;
    supervisor& operator=(const supervisor&) = delete;

    void start(nursery& home) { home.start(keep_connected()); }
    /// Returns when the first attempt to connect has ended one way or the other.
    task<void> first_attempt();
    void stop();

    /// The published connection, or null.
    link* current() const { return published_ ? link_.get() : nullptr; }
    /// Its number, which counts up; 0 while there is none.
    std::uint64_t life() const { return published_ ? lives_ : 0; }
    /// How many were published.
    std::uint64_t lives() const { return lives_; }
    bool is_tracking() const { return published_ && shaken_.tracking; }
    /// As the server said when the connection was made.
    const valkey::standing& standing() const { return shaken_.standing; }
    bool has_one_thread() const { return shaken_.has_one_thread; }
    /// Empty where no connection has told it: then there is none to send it by.
    std::string digest(std::size_t script) const {
        return script < shaken_.digests.size() ? shaken_.digests[script] : std::string{};
    }
    const std::vector<std::string>& digests() const { return shaken_.digests; }
    const std::vector<std::string>& scripts() const { return scripts_; }

    /// Ends the connection, in the hope that the next one leads to a server that does not refuse.
    void refuse(const std::string& why);
    /// Ends it as one that served.
    void end(const std::string& why);
    /// A command that was sent then was answered, and not refused.
    void served(time_point sent);
    /// What the server remembers is believed.
    void trusted();
    /// The link says so.
    void link_ended(const std::string& why);
    bool is_handshake(const exchange_ptr& one) const { return one == first_words_; }
    /// Why there is no connection.
    std::string why_lost() const {
        if (!ended_by_.empty()) return ended_by_;
        return told_.empty() ? no_answer : told_.back();
    }

private:
    task<void> keep_connected();
    task<void> live_at_one_of(std::vector<std::string> all);
    task<bool> live(std::string address, std::chrono::milliseconds patience);
    task<bool> shake_hands(time_point until);
    void publish(time_point sent);
    void prove();
    void over(const std::string& why);
    void serve_again();
    void say_lost(const std::string& why);

    waits& waits_;
    network& network_;
    const client_options& options_;
    const std::vector<std::string> scripts_;
    link_events& events_;
    owner& owner_;
    std::shared_ptr<link> link_;
    exchange_ptr first_words_;
    handshake shaken_;
    bool published_ = false;
    bool ended_ = false;
    bool was_silent_ = false;  // until the first words' time was over
    bool refused_ = false;     // a command, in a way that another connection may mend
    bool stopped_ = false;
    bool attempted_ = false;
    std::uint64_t lives_ = 0;  // how many were published
    std::string ended_by_;
    std::vector<std::string> told_;  // reasons, since it served last
    std::string serving_;            // the address that served last
    time_point began_{};             // the life
    bool proved_ = false;            // it was of use
    bool doubted_ = false;           // one before it was not
    bool was_refused_ = false;       // and ended by a refusal
    std::chrono::milliseconds next_pause_{0};
    pause back_off_;
    wait_id end_of_life_ = 0;
    std::vector<wait_id> starting_;  // first_attempt()
};

}  // namespace LARDER_NAMESPACE::valkey
