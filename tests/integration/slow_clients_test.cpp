// slowhttptest's four ways to hold connections, while a good client has to be served as before. Its
// range headers hold none: they are answered as any request is, so what they may not be is dearer.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using microseconds = std::chrono::microseconds;

struct attack {
    const char* name;
    std::vector<std::string> flags;
    std::vector<std::string> harmless{};  // as many ordinary requests, where it is not held
};

const std::vector<attack> attacks{
    {"slow headers", {"-H", "-i", "1", "-x", "24"}},
    {"slow bodies", {"-B", "-i", "1", "-s", "100000", "-x", "10", "-t", "POST"}},
    {"range headers",
     {"-R", "-a", "1", "-b", "1000", "-t", "GET"},
     {"-R", "-a", "1", "-b", "2", "-t", "GET"}},
    {"slow reading", {"-X", "-w", "1", "-y", "10", "-n", "1", "-z", "5", "-k", "3"}},
};

std::size_t open_files(pid_t pid) {
    const std::filesystem::directory_iterator all{"/proc/" + std::to_string(pid) + "/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

struct slow_clients : shared_service_test {
    const bool is_soak = std::getenv("LARDER_SOAK") != nullptr;
    const std::size_t connections = 1'000;
    const std::chrono::milliseconds quiet{is_soak ? 5'000 : 500},
        attacked{is_soak ? 10'000 : 2'000};

    static void SetUpTestSuite() {
        rlimit files{};
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        ASSERT_GE(files.rlim_cur, 4'096U) << "raise ulimit -n";
        shared_service_test::SetUpTestSuite();
    }

    /// The 99th percentile of GET /count, one at a time; `meanwhile()` is called after each.
    template <class Meanwhile>
    microseconds p99(std::chrono::milliseconds duration, Meanwhile&& meanwhile) {
        http_connection connection{port()};
        std::vector<microseconds> took;
        const auto until = clock::now() + duration;
        while (clock::now() < until) {
            const auto since = clock::now();
            EXPECT_EQ(connection.request("GET", "/count").status, 200);
            took.push_back(std::chrono::duration_cast<microseconds>(clock::now() - since));
            meanwhile();
        }
        EXPECT_GE(took.size(), 200U);
        const auto at = took.begin() + static_cast<std::ptrdiff_t>(took.size() * 99 / 100);
        std::nth_element(took.begin(), at, took.end());
        return *at;
    }

    /// slowhttptest, begun anew when it ends early, as its requests were answered.
    struct attacker {
        std::vector<std::string> argv;
        std::optional<child> running{};

        void keep_on() {
            if (!running || running->wait(0ms)) running.emplace(argv, environment{});
        }
    };

    attacker attack_with(const std::vector<std::string>& flags) {
        const auto url = "http://127.0.0.1:" + std::to_string(port()) + "/count";
        const auto number = std::to_string(connections), rate = std::to_string(2 * connections);
        std::vector<std::string> argv{"slowhttptest", "-c", number, "-r", rate,
                                      "-l",           "60", "-u",   url};
        argv.insert(argv.end(), flags.begin(), flags.end());
        return {std::move(argv)};
    }

    /// Alone, or beside as many ordinary requests as the attack makes.
    microseconds p99_without(const attack& a) {
        if (a.harmless.empty()) return p99(quiet, [] {});
        auto ordinary = attack_with(a.harmless);
        return p99(attacked, [&] { ordinary.keep_on(); });
    }

    /// While the connections are held, if the attack holds any.
    microseconds p99_with(const attack& a) {
        auto harmful = attack_with(a.flags);
        harmful.keep_on();
        if (a.harmless.empty()) {
            EXPECT_TRUE(eventually([&] {
                return open_files(running->pid()) >= connections * 9 / 10;
            })) << "no attack";
        }
        return p99(attacked, [&] { harmful.keep_on(); });
    }

    bool serves_as_before(const attack& a) {
        const auto before = p99_without(a), during = p99_with(a), after = p99_without(a);
        std::printf("%-14s p99 before %5ld us, during %5ld us, after %5ld us\n", a.name,
                    before.count(), during.count(), after.count());
        return during <= 2 * std::max(before, after);
    }
};

std::size_t resident_kb(pid_t pid) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
    std::string word;
    std::size_t size = 0;
    while (status >> word && word != "VmRSS:") continue;
    status >> size;
    return size;
}

// The page's script has 1.7 MB, and the body 1 MB.
TEST_F(slow_clients, that_wait_keep_little_memory) {
    const std::string body(1'000'000, ' ');
    std::vector<std::unique_ptr<http_connection>> all;
    const auto before = resident_kb(running->pid());
    for (int i = 0; i < 100; ++i) {
        auto& one = *all.emplace_back(std::make_unique<http_connection>(port()));
        EXPECT_EQ(one.request("GET", "/docs/swagger-ui.js").status, 200);
        one.send(request_text("POST", "/add/", {}, body, port()) + "\r\n");
        EXPECT_EQ(one.receive().status, 422);
        EXPECT_EQ(one.request("GET", "/nowhere").status, 404);
    }
    const auto grown = resident_kb(running->pid()) - before;
    std::printf("100 connections keep %zu KB\n", grown);
    EXPECT_LT(grown, 30'000U);
}

TEST_F(slow_clients, that_say_nothing_more_keep_hardly_any_memory) {
    constexpr std::size_t many = 400, at_most_kb = 8;
    std::vector<std::unique_ptr<http_connection>> all;
    const auto before = resident_kb(running->pid());
    for (std::size_t i = 0; i < many; ++i) {
        auto& one = *all.emplace_back(std::make_unique<http_connection>(port()));
        EXPECT_EQ(one.request("GET", "/count").status, 200);
    }
    const auto grown = resident_kb(running->pid()) - before;
    std::printf("%zu connections keep %zu KB\n", many, grown);
    EXPECT_LT(grown, many * at_most_kb);
}

// Other programs make a p99 jump, so an attack counts as harmful that slows it down three times.
TEST_F(slow_clients, do_not_slow_down_a_good_one) {
    for (const auto& a : attacks) {
        bool served = serves_as_before(a);
        for (int again = 0; again < 2 && !served; ++again) served = serves_as_before(a);
        EXPECT_TRUE(served) << a.name;
    }
}

}  // namespace
}  // namespace larder::test
