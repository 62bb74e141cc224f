#pragma once

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
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

}  // namespace larder::test
