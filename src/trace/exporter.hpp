// Tells a collector the spans of a process. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "names.hpp"
#include "trace/otlp.hpp"
#include "trace/recorder.hpp"

namespace larder::trace {

/// Posts what waits once a second, or sooner if much does, on a connection that it keeps. What a
/// collector does not take for now is told again, for as long as it takes; meanwhile the recorder
/// drops what finds no room.
///
/// Errors   the log says once that the collector takes nothing, and why, and once that it does
///          again. It never says what the headers are.
/// Threads  the executor's, which is none of the workers'.
class exporter {
public:
    /// Throws std::system_error for authorities that cannot be read.
    exporter(boost::asio::io_context& io, recorder& from, options o, resource who,
             std::string version);
    ~exporter();
    exporter(const exporter&) = delete;
    exporter& operator=(const exporter&) = delete;

    void start();
    /// Once more, for a second at most, and then no more.
    void stop();
    /// At once.
    void close();

private:
    class line;
    enum class outcome { taken, refused, later };

    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> tell_all();
    boost::asio::awaitable<outcome> post(std::string body);
    boost::asio::awaitable<outcome> ask(std::string body);
    outcome judge(unsigned status, std::string_view retry_after);
    boost::asio::awaitable<void> connect();
    void settle(outcome is, std::size_t spans);

    boost::asio::io_context& io_;
    recorder& from_;
    const options options_;
    const resource who_;
    const std::string version_;
    boost::asio::ssl::context tls_;
    look_up names_;
    boost::asio::steady_timer pause_, give_up_;
    std::unique_ptr<line> line_;
    std::vector<span> batch_;  // that is being told
    std::chrono::milliseconds wait_{0};
    std::string why_;  // it was not taken
    bool is_refused_ = false, stopping_ = false, closed_ = false;
};

}  // namespace larder::trace
