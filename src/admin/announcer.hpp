// Tells Valkey now and then how this instance is, for `status`. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <string>

#include "admin/instances.hpp"
#include "admin/observer.hpp"

namespace LARDER_NAMESPACE::admin {

/// Beside the instance's work: worker 0 sends two commands every two seconds, which nobody waits
/// for. What it tells ends by itself six seconds later.
///
/// Threads  the executor's, which is none of the workers'.
class announcer {
public:
    /// `address` is where the service listens.
    announcer(boost::asio::io_context& io, observer& of, std::string address);

    void start();
    void stop();

private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<std::string> text();

    observer& observer_;
    const std::string address_;
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    recent_totals totals_;
    boost::asio::steady_timer pause_;
    unsigned told_ = 0;  // times
    bool stopped_ = false;
};

}  // namespace LARDER_NAMESPACE::admin
