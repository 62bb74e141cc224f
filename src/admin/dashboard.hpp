// The page that shows a process while it works, and what it is told. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "admin/observer.hpp"
#include "http/feed.hpp"
#include "http/file.hpp"
#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE::admin {

/// /dashboard, what that loads, and /dashboard/events: server-sent events, one a second, each as
/// dashboard_event() writes it.
///
/// Threads  the executor's.
/// Cost     while somebody looks, one question a second to the workers and to PostgreSQL, however
///          many look.
class dashboard {
public:
    /// How many may look at a time; the next one is answered 503.
    static constexpr std::size_t most_listeners = 16;

    /// `host` is the name that the listener was given; empty: any name will do, as no browser gets
    /// here by itself.
    dashboard(boost::asio::io_context& io, observer& of, std::string host);

    /// Nothing if the path is none of its own. To GET and HEAD.
    std::optional<http::response> answer(const http::request& r) const;
    http::feed& events() { return events_; }
    /// Nobody is told any more.
    void end();

private:
    void begin();
    boost::asio::awaitable<void> tell();
    boost::asio::awaitable<void> tell_once();
    bool is_own_name(std::string_view host) const;
    http::response answer_with_events(const http::request& r) const;

    boost::asio::io_context& io_;
    observer& observer_;
    const std::string host_;
    const std::map<std::string, http::file, std::less<>> files_;
    http::feed events_;
    boost::asio::steady_timer pause_;
    bool is_telling_ = false;
};

}  // namespace LARDER_NAMESPACE::admin
