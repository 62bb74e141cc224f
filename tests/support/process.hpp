#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/eventually.hpp"

namespace larder::test {

using environment = std::map<std::string, std::string>;

/// A program of the build that is driven: `orders`, `examples/…`.
std::string program(const std::string& path);

/// A process of this test. It gets the environment given, PATH and the like, and nothing else
/// of ours; it is killed when this process ends, however that ends.
class child {
public:
    child(const std::vector<std::string>& argv, const environment& env);
    ~child();
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    pid_t pid() const { return pid_; }
    void signal(int number);
    /// Its exit status, or 128 + the signal that ended it; nothing when it still runs then.
    std::optional<int> wait(std::chrono::milliseconds within = patience);

    std::string out() const;
    std::string err() const;
    bool wait_for_err(const std::string& text, std::chrono::milliseconds within = patience) const;

private:
    void collect(int out, int err);

    pid_t pid_ = -1;
    std::optional<int> status_;
    int stop_collecting_ = -1;
    mutable std::mutex mutex_;
    mutable std::condition_variable more_;
    std::string out_, err_;  // guarded by mutex_
    std::thread collector_;
};

struct ended {
    int status;
    std::string out;
    std::string err;
};

/// Runs a program to its end; throws if it has none within the deadline.
ended run_to_end(const std::vector<std::string>& argv, const environment& env,
                 std::chrono::milliseconds within = patience * 3);

/// Runs `orders` with these arguments to its end.
ended run_orders(std::vector<std::string> args, const environment& env);

/// `orders serve`, on a free port unless a flag names one, from when it listens until the end of
/// the scope. A service that does not end with status 0 on SIGTERM fails the test.
class service {
public:
    explicit service(const environment& env, const std::vector<std::string>& flags = {});
    ~service();
    service(const service&) = delete;
    service& operator=(const service&) = delete;

    std::uint16_t port() const { return port_; }
    pid_t pid() const { return child_.pid(); }
    std::string log() const { return child_.err(); }
    bool wait_for_log(const std::string& text, std::chrono::milliseconds within = patience) const {
        return child_.wait_for_err(text, within);
    }
    void signal(int number) { child_.signal(number); }
    std::optional<int> wait_for_exit(std::chrono::milliseconds within = patience);

private:
    child child_;
    std::uint16_t port_ = 0;
    bool ended_ = false;
};

/// A port of the loopback that nobody listened on a moment ago.
std::uint16_t free_port();

}  // namespace larder::test
