#pragma once

#include <chrono>
#include <thread>

namespace larder::test {

/// What deadlines are multiplied by: programs under a sanitizer are several times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int slack = 5;
#else
inline constexpr int slack = 1;
#endif

/// How long a test waits for what ought to happen soon, before it fails.
inline constexpr std::chrono::milliseconds patience = std::chrono::seconds{10} * slack;

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
