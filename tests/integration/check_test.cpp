// The command `orders check`: what it says of instances, and how it ends. That it finds what is
// wrong is tested in tests/chaos.

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>

#include "support/json_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

struct check_command : store_test {
    service one{servers.env(), {"--log-level", "info"}};
    const std::string url = "http://127.0.0.1:" + std::to_string(one.port());

    ended check(std::vector<std::string> flags) const {
        flags.insert(flags.begin(), "check");
        return run_orders(flags, servers.env());
    }
};

long number_after(const std::string& text, const std::string& name) {
    const auto at = text.find(name);
    return at == std::string::npos ? -1 : std::stol(text.substr(at + name.size()));
}

TEST_F(check_command, leaves_its_orders_and_says_how_many) {
    const auto run = check({"--urls", url, "--reads", "200", "--writers", "1", "--readers", "1"});
    EXPECT_EQ(run.status, 0) << run.out << run.err;
    EXPECT_GE(number_after(run.out, "reads  "), 200);
    EXPECT_EQ(number_after(run.out, "writes  "), rows() - 12000);
    EXPECT_NE(run.out.find("\nconsistent\n"), std::string::npos) << run.out;
    EXPECT_EQ(count(one.port()), rows());
}

TEST_F(check_command, tells_programs_in_one_line) {
    const auto run = check({"--urls", url, "--reads", "10", "--writers", "0", "--json"});
    EXPECT_EQ(run.status, 0) << run.out << run.err;
    EXPECT_EQ(run.out.find('\n'), run.out.size() - 1);
    expect_compact_json(run.out.substr(0, run.out.size() - 1));
    EXPECT_EQ(number_after(run.out, "\"writes\":"), 0);
}

TEST_F(check_command, sees_an_entry_that_is_wrong) {
    count(one.port());
    valkey().set("num_orders:all", "11999");
    const auto run = check({"--urls", url, "--reads", "50", "--writers", "0", "--settle-ms", "50"});
    valkey().del("num_orders:all");
    EXPECT_EQ(run.status, 1) << run.out << run.err;
    EXPECT_NE(run.out.find("/count said 11999, not 12000 to 12000: stale by "), std::string::npos)
        << run.out;
    EXPECT_EQ(number_after(run.out, "wrong at the end  "), 1) << run.out;
}

TEST_F(check_command, sees_an_order_that_nobody_started) {
    count(one.port());
    valkey().set("num_orders:all", "12001");
    const auto run = check({"--urls", url, "--reads", "50", "--writers", "0", "--settle-ms", "50"});
    valkey().del("num_orders:all");
    EXPECT_EQ(run.status, 1) << run.out << run.err;
    EXPECT_GE(number_after(run.out, "overcounts  "), 1) << run.out;
}

TEST_F(check_command, ends_early_on_sigint_with_its_report) {
    child run{{program("orders"), "check", "--urls", url, "--seconds", "600"}, servers.env()};
    ASSERT_TRUE(eventually([this] { return rows() > 12000; }));
    run.signal(SIGINT);
    ASSERT_TRUE(run.wait().has_value());
    EXPECT_NE(run.out().find("reads  "), std::string::npos) << run.out() << run.err();
}

TEST_F(check_command, says_what_it_cannot_work_with) {
    const auto nobody = "http://127.0.0.1:" + std::to_string(free_port());
    EXPECT_EQ(check({"--urls", nobody}).status, 69);
    EXPECT_EQ(check({"--urls", "localhost"}).status, 64);
    EXPECT_EQ(check({"--urls", url, "--write-urls", nobody}).status, 64);
    EXPECT_EQ(check({"--seconds", "0"}).status, 64);
    EXPECT_EQ(run_orders({"check", "--urls", url}, {}).status, 78);
    const environment no_server{
        {"PG_SERVICE_URI", "postgres://127.0.0.1:" + std::to_string(free_port())}};
    EXPECT_EQ(run_orders({"check", "--urls", url}, no_server).status, 69);
}

}  // namespace
}  // namespace larder::test
