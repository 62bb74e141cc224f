// slowhttptest's four ways to hold connections, while a good client has to be served as before.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using microseconds = std::chrono::microseconds;

struct attack {
    const char* name;
    std::vector<std::string> flags;
};

const std::vector<attack> attacks{
    {"slow headers", {"-H", "-i", "1", "-x", "24"}},
    {"slow bodies", {"-B", "-i", "1", "-s", "100000", "-x", "10", "-t", "POST"}},
    {"range headers", {"-R", "-a", "1", "-b", "1000", "-t", "GET"}},
    {"slow reading", {"-X", "-w", "1", "-y", "10", "-n", "1", "-z", "5", "-k", "3"}},
};

struct slow_clients : shared_service_test {
    const bool is_soak = std::getenv("LARDER_SOAK") != nullptr;
    const std::string connections = is_soak ? "1000" : "300";
    const std::string seconds = is_soak ? "10" : "3";

    static void SetUpTestSuite() {
        rlimit files{};
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        ASSERT_GE(files.rlim_cur, 4'096U) << "raise ulimit -n";
        shared_service_test::SetUpTestSuite();
    }

    /// The 99th percentile of GET /count, one at a time, while `goes_on()`.
    template <class Predicate>
    microseconds p99(Predicate&& goes_on) {
        http_connection connection{port()};
        std::vector<microseconds> took;
        while (goes_on()) {
            const auto since = clock::now();
            EXPECT_EQ(connection.request("GET", "/count").status, 200);
            took.push_back(std::chrono::duration_cast<microseconds>(clock::now() - since));
        }
        EXPECT_GE(took.size(), 1'000U);
        const auto at = took.begin() + static_cast<std::ptrdiff_t>(took.size() * 99 / 100);
        std::nth_element(took.begin(), at, took.end());
        return *at;
    }
    microseconds p99_for(std::chrono::seconds duration) {
        const auto until = clock::now() + duration;
        return p99([&] { return clock::now() < until; });
    }
};

TEST_F(slow_clients, do_not_slow_down_a_good_one) {
    for (const auto& [name, flags] : attacks) {
        const auto before = p99_for(is_soak ? 5s : 1s);
        std::vector<std::string> argv{
            "slowhttptest", "-c",  connections,
            "-r",           "500", "-l",
            seconds,        "-u",  "http://127.0.0.1:" + std::to_string(port()) + "/count"};
        argv.insert(argv.end(), flags.begin(), flags.end());
        child attacker{argv, {}};
        const auto during = p99([&] { return !attacker.wait(0ms); });
        const auto after = p99_for(is_soak ? 5s : 1s);
        std::printf("%-14s p99 before %5ld us, during %5ld us, after %5ld us\n", name,
                    before.count(), during.count(), after.count());
        EXPECT_LE(during, 2 * std::max(before, after)) << name << attacker.out();
    }
}

}  // namespace
}  // namespace larder::test
