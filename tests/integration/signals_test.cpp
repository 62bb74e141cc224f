// Which signals end the service, when, and which do not.

#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

struct signals_of_service : store_test {};

// Two of different numbers, as the kernel makes one of two that are alike and wait.
TEST_F(signals_of_service, that_come_within_a_moment_are_one) {
    service one{servers.env(), {"--workers", "2"}};
    auto holder = servers.store.connect();
    http_connection connection{one.port()};
    send_blocked_order(holder, connection, one.port());
    one.signal(SIGTERM);
    one.signal(SIGINT);
    EXPECT_TRUE(one.wait_for_log("finishes what is in flight"));
    EXPECT_EQ(one.wait_for_exit(100ms), std::nullopt);
    holder.exec("COMMIT");
    expect_json(connection.receive(), 200, R"({"updated":{"customer":9999}})");
    EXPECT_EQ(one.wait_for_exit(), 0);
    EXPECT_EQ(rows(), 12001);
}

TEST_F(signals_of_service, that_are_repeated_later_end_it_at_once) {
    service one{servers.env(), {"--workers", "2"}};
    auto holder = servers.store.connect();
    http_connection connection{one.port()};
    send_blocked_order(holder, connection, one.port());
    const auto since = std::chrono::steady_clock::now();
    std::optional<int> status;
    EXPECT_TRUE(eventually([&] {
        one.signal(SIGTERM);
        status = one.wait_for_exit(50ms);
        return status.has_value();
    }));
    EXPECT_EQ(status, 1);
    const auto took = std::chrono::steady_clock::now() - since;
    EXPECT_GE(took, 450ms);
    EXPECT_LT(took, 2s * slack) << "nothing but the second signal ends it before the lock's";
    holder.exec("ROLLBACK");
}

TEST_F(signals_of_service, end_nothing_when_it_is_sighup) {
    const service one{servers.env()};
    kill(one.pid(), SIGHUP);
    EXPECT_TRUE(one.wait_for_log("SIGHUP: there is no certificate that could be read anew"));
    EXPECT_EQ(count(one.port()), 12000);
}

// Whoever closes the window does not want a service to hold the port.
TEST_F(signals_of_service, of_a_terminal_that_is_gone_end_it) {
    const auto port = free_port();
    const auto own = program("orders");
    const auto number = std::to_string(port);
    std::vector<std::string> variables;
    for (const auto& [name, value] : servers.env())
        variables.emplace_back(name).append("=").append(value);
    int terminal = -1;
    const auto pid = forkpty(&terminal, nullptr, nullptr, nullptr);
    if (pid == 0) {
        for (auto& one : variables) putenv(one.data());
        execl(own.c_str(), "orders", "serve", "--port", number.c_str(), nullptr);
        _exit(127);
    }
    ASSERT_GT(pid, 0);
    EXPECT_TRUE(eventually([&] {
        try {
            return get(port, "/count").status == 200;
        } catch (const std::runtime_error&) {
            return false;
        }
    }));
    close(terminal);
    int status = -1;
    const bool has_ended = eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; });
    if (!has_ended) kill(pid, SIGKILL);
    EXPECT_TRUE(has_ended);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace larder::test
