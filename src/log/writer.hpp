// Writes lines to a descriptor by a thread of its own. Private to larder.
#pragma once

#include <pthread.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::log {

/// Lines stay in order. Whoever adds one never waits for the descriptor.
class writer {
public:
    /// Makes a line of a sentence about lines that are lost.
    using note = std::function<std::string(const std::string& sentence)>;

    writer(int descriptor, std::size_t most_bytes, note lost_note);
    /// Calls finish(), if nobody has.
    ~writer();
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    /// One line, with its end.
    void add(std::string_view line);
    /// Waits until all is written, or for that long. What is added later is lost.
    void finish(std::chrono::milliseconds patience);

    /// Lines of this process that were dropped, or could not be written. Call it on any thread.
    static std::uint64_t lost_lines();

private:
    struct state;

    static void* run(void* of_writer);

    // The thread's as well: it may be stuck in the middle of a write when the process ends.
    std::shared_ptr<state> state_;
    pthread_t thread_{};
    bool has_thread_ = false, is_finished_ = false;
};

}  // namespace LARDER_NAMESPACE::log
