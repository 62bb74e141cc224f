// The files in deploy/: what systemd says of the unit, and the service behind a socket of
// systemd's.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "program/env_file.hpp"
#include "support/store_test.hpp"
#include "support/text.hpp"

namespace larder::test {
namespace {

const std::string deploy = LARDER_SOURCE_DIR "/deploy/";

struct unit : testing::Test {
    /// With the program of this build, as systemd looks whether it is there.
    void SetUp() override {
        for (const std::string name : {"orders.service", "orders.socket"})
            std::ofstream{folder.path + "/" + name} << std::regex_replace(
                text_of(deploy + name), std::regex{"/usr/bin/orders"}, program("orders"));
    }
    const scratch_folder folder{"unit"};
};

TEST_F(unit, has_nothing_that_systemd_does_not_know) {
    const auto verified =
        run_to_end({"/usr/bin/systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                    folder.path + "/orders.service", folder.path + "/orders.socket"},
                   {});
    EXPECT_EQ(verified.status, 0) << verified.err;
    EXPECT_EQ(verified.err, "");
}

// systemd waits until it serves, and so does `systemctl start`.
TEST_F(unit, tells_systemd_when_it_serves) {
    EXPECT_TRUE(has(text_of(deploy + "orders.service"), "\nType=notify\n"));
}

TEST_F(unit, is_exposed_by_2_of_10_at_most) {
    const auto rated = run_to_end({"/usr/bin/systemd-analyze", "security", "--offline=true",
                                   "--threshold=20", "--no-pager", folder.path + "/orders.service"},
                                  {});
    EXPECT_EQ(rated.status, 0) << rated.out << rated.err;
    EXPECT_TRUE(has(rated.out, "Overall exposure level")) << rated.out;
}

TEST_F(unit, starts_a_command_that_there_is) {
    std::smatch found;
    const auto text = text_of(deploy + "orders.service");
    ASSERT_TRUE(std::regex_search(text, found, std::regex{"ExecStart=/usr/bin/orders (.*)\n"}));
    std::istringstream line{found[1]};
    std::vector<std::string> words{std::istream_iterator<std::string>{line}, {}};
    words.emplace_back("--print-config");
    const auto shown = run_orders(words, {});
    EXPECT_EQ(shown.status, 0) << shown.err;
    EXPECT_TRUE(has(shown.out, "\nfd = 3\n")) << shown.out;
}

// Each that is a comment is one to be uncommented.
TEST(settings_file, has_variables_that_there_are) {
    const auto text =
        std::regex_replace(text_of(deploy + "orders.env"), std::regex{"\n#(?=[A-Z])"}, "\n");
    const auto help = run_orders({"serve", "--help"}, {}).out;
    auto all = program::variables_in(text, "orders.env");
    EXPECT_GE(all.size(), 4U);
    for (const auto& [name, value] : all)
        EXPECT_TRUE(has(help, name) || name.starts_with("ORDERS_")) << name;
    all["PG_SERVICE_URI"] =
        std::regex_replace(all["PG_SERVICE_URI"], std::regex{"&sslrootcert=[^&]*"}, "");
    const auto shown = run_orders({"serve", "--print-config"}, all);
    EXPECT_EQ(shown.status, 0) << shown.err;
    EXPECT_FALSE(has(shown.err, "no flag of that name")) << shown.err;
    EXPECT_TRUE(program::variables_in(text_of(deploy + "orders.env"), "orders.env").empty());
}

// README's, or where its tables have gone to.
TEST(valkey_acl, is_the_documented_line) {
    auto line = text_of(deploy + "valkey.acl");
    ASSERT_TRUE(line.starts_with("user larder "));
    line = "ACL SETUSER " + line.substr(5);
    EXPECT_TRUE(has(text_of(LARDER_SOURCE_DIR "/README.md"), line) ||
                has(text_of(LARDER_SOURCE_DIR "/docs/reference.md"), line))
        << line;
}

using socket_of_systemd = store_test;

TEST_F(socket_of_systemd, starts_the_service_with_the_first_connection) {
    const auto port = free_port();
    child one{
        {"/usr/bin/systemd-socket-activate", "-l", "127.0.0.1:" + std::to_string(port), "-E",
         "PG_SERVICE_URI", "-E", "VALKEY_SERVICE_URI", program("orders"), "serve", "--fd", "3"},
        servers.env()};
    ASSERT_TRUE(one.wait_for_err("Listening on")) << one.err();
    EXPECT_FALSE(has(one.err(), "listening on http")) << "nobody has connected";
    EXPECT_EQ(count(port), 12000);
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0) << one.err();
}

}  // namespace
}  // namespace larder::test
