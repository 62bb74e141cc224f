// Where the log of a process goes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

namespace log {
class writer;
}

/// Where the log goes, and in which form.
struct log_options {
    std::string level = "info";        ///< as spdlog names it: `warning`, `debug`
    bool json = false;                 ///< an object a line instead of text
    int descriptor = 2;                ///< standard error
    std::size_t most_bytes = 1 << 20;  ///< of lines that wait to be written
};

/// The log of the process: what spdlog's functions log, from construction on.
///
/// Nobody who logs waits for whoever reads the log. A line goes into a buffer, and a thread of the
/// log's own writes it. What finds no room there is dropped, and so is what cannot be written, on a
/// full disk say; a line tells how many were, as soon as one can be written again.
///
/// Errors   none: where no thread can be started, lines are written by who logs them.
/// Threads  any.
/// Cost     two mutexes and a copy of the line; neither is held while a line is written.
class process_log {
public:
    explicit process_log(const log_options& options = {});
    /// Waits until all is written, at most for a second.
    ~process_log();
    process_log(const process_log&) = delete;
    process_log& operator=(const process_log&) = delete;

    /// Text as it is, at any level, in its turn among the lines.
    void say(std::string_view text);
    /// From now on.
    static void set_level(const std::string& name);

private:
    std::shared_ptr<log::writer> lines_;
};

}  // namespace LARDER_NAMESPACE
