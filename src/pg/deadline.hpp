// How long a connection waits. Private to pg.
#pragma once

#include <chrono>
#include <memory>

#include "connection.hpp"

namespace LARDER_NAMESPACE::pg {

// Cancels the connection's waits when the time is over. The timer may have ended just before it is
// cancelled: what it calls then finds that the deadline is gone.
class connection::deadline {
public:
    /// Without an end until one is set.
    explicit deadline(connection& c) : connection_(c) { c.timed_out_ = false; }
    deadline(connection& c, std::chrono::milliseconds timeout) : deadline{c} { set(timeout); }
    ~deadline() { connection_.timer_.cancel(); }
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    /// In place of the one before, from now on.
    void set(std::chrono::milliseconds timeout) {
        after(timeout, [&c = connection_] {
            c.timed_out_ = true;
            if (c.socket_.is_open()) c.socket_.cancel();
        });
    }
    /// As long as a statement may take. When the server has been silent for so long that it may be
    /// dead, somebody is told; not behind a pooler, which is silent while all its connections are
    /// busy.
    void set_for_statement() {
        const auto& c = connection_;
        const auto all = c.statement_timeout() + std::chrono::milliseconds{500};
        if (c.pooled_ || !c.when_silent_) return set(all);
        const auto suspicious = c.options_.connect_timeout / 2;
        if (suspicious >= all) return set(all);
        after(suspicious, [this, rest = all - suspicious] {
            set(rest);
            connection_.when_silent_();
        });
    }

private:
    // In place of what was to be done before.
    template <class Then>
    void after(std::chrono::milliseconds time, Then then) {
        here_ = std::make_shared<char>();
        connection_.timer_.expires_after(time);
        connection_.timer_.async_wait(
            [then, here = std::weak_ptr{here_}](boost::system::error_code) {
                if (!here.expired()) then();
            });
    }

    connection& connection_;
    std::shared_ptr<char> here_;
};

}  // namespace LARDER_NAMESPACE::pg
