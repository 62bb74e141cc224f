// One text after the other for clients that stay: server-sent events. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace larder::http {

/// Has the last event alone: who is slow misses some, and who takes none in time is cut off by its
/// connection.
///
/// Threads  the executor's.
/// Cost     of a listener its connection's memory and one event. Without one nothing is said.
/// Source   server-sent events: the HTML standard, section 9.2.
class feed {
public:
    static constexpr std::string_view type = "text/event-stream";

    /// `begins` is called when somebody listens and nobody did.
    feed(boost::asio::io_context& io, std::size_t most_listeners, std::function<void()> begins);
    feed(const feed&) = delete;
    feed& operator=(const feed&) = delete;

    bool has_room() const { return listeners_ < most_ && !has_ended_; }
    bool has_listeners() const { return listeners_ > 0 && !has_ended_; }
    /// To all of them, and to those that come before the next one. `data` is one line.
    void say(std::string_view data);
    void end();

    class listener {
    public:
        explicit listener(feed& of);
        ~listener();
        listener(const listener&) = delete;
        listener& operator=(const listener&) = delete;

        /// The bytes of the next event; null: there are no more.
        boost::asio::awaitable<std::shared_ptr<const std::string>> next();
        /// Who waits for one is told that there are no more.
        void leave();

    private:
        feed& of_;
        std::uint64_t heard_ = 0;
        bool has_left_ = false;
    };

private:
    const std::size_t most_;
    const std::function<void()> begins_;
    boost::asio::steady_timer said_;  // never ends by itself
    std::size_t listeners_ = 0;
    std::uint64_t number_ = 0;  // of the last event
    std::shared_ptr<const std::string> last_;
    bool has_ended_ = false;
};

}  // namespace larder::http
