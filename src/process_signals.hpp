// The signals that a service takes. Private to larder.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <functional>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// SIGTERM and SIGINT end the service, and a second one does so at once. SIGHUP renews; from a
/// terminal that is gone it ends the service like SIGTERM.
class process_signals {
public:
    struct handlers {
        std::function<void()> stop, cut_off, renew;
    };

    process_signals(boost::asio::io_context& io, handlers all);
    /// From then on the first two are ignored: the process is about to end.
    ~process_signals();
    process_signals(const process_signals&) = delete;
    process_signals& operator=(const process_signals&) = delete;
    /// Waits for none any more.
    void cancel();

private:
    using clock = std::chrono::steady_clock;

    void wait_for_end();
    void wait_for_renewal();
    void end();

    const handlers handlers_;
    boost::asio::signal_set ends_, renewals_;
    const bool had_terminal_;
    bool is_ending_ = false, is_cancelled_ = false;
    clock::time_point ending_since_;
};

}  // namespace LARDER_NAMESPACE
