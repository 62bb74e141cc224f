#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace larder::test {

/// The build whose programs are driven, if it is not this one: LARDER_PROGRAMS.
inline const char* const other_build = std::getenv("LARDER_PROGRAMS");

/// What deadlines are multiplied by: programs under a sanitizer are several times slower.
inline const int slack = other_build ? 5 : 1;

/// How long a test waits for what ought to happen soon, before it fails.
inline const std::chrono::milliseconds patience = std::chrono::seconds{10} * slack;

/// Asks again and again until `holds()` or the deadline, and says which.
template <class Predicate>
bool eventually(Predicate&& holds, std::chrono::milliseconds within = patience) {
    using namespace std::chrono_literals;
    const auto begun = std::chrono::steady_clock::now();
    while (!holds()) {
        const std::chrono::nanoseconds waited = std::chrono::steady_clock::now() - begun;
        if (waited >= within) return false;
        // Whoever asks all the time takes the processor from those that are waited for.
        std::this_thread::sleep_for(std::clamp<std::chrono::nanoseconds>(waited / 8, 2ms, 20ms));
    }
    return true;
}

}  // namespace larder::test
