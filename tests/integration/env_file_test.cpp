// --env-file, of a real program; and the same file as systemd reads it.
#include "program/env_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/scratch_folder.hpp"
#include "support/text.hpp"

namespace larder::test {
namespace {

struct env_file : testing::Test {
    std::string write(const std::string& name, const std::string& text) {
        auto path = folder.path + "/" + name;
        std::ofstream{path} << text;
        return path;
    }
    static ended config(std::vector<std::string> flags, const environment& env = {}) {
        flags.insert(flags.begin(), {"serve", "--print-config"});
        return run_orders(flags, env);
    }
    const scratch_folder folder{"env"};
};

TEST_F(env_file, sets_what_the_environment_does_not) {
    const auto file = write("a",
                            "# the shop's\nORDERS_PORT=8001\nORDERS_WORKERS='2'\n"
                            "CACHE_PREFIX=shop\nPG_DATABASE=orders\n");
    for (const std::vector<std::string>& flags :
         {std::vector<std::string>{"--env-file", file}, {"--env-file=" + file}}) {
        const auto shown = config(flags, {{"PG_DATABASE", "real"}, {"CACHE_PREFIX", ""}});
        EXPECT_EQ(shown.status, 0) << shown.err;
        for (const auto* line : {"\nport = 8001\n", "\nworkers = 2\n", "\nPG_DATABASE = real\n",
                                 "\nCACHE_PREFIX = \n"})
            EXPECT_TRUE(has(shown.out, line)) << line << shown.out;
    }
    EXPECT_TRUE(has(config({"--port", "7", "--env-file", file}).out, "\nport = 7\n"));
    EXPECT_TRUE(has(config({}, {{"ORDERS_ENV_FILE", file}}).out, "\nport = 8001\n"));
    const auto other = write("b", "ORDERS_PORT=8002");
    EXPECT_TRUE(has(config({"--env-file", file, "--env-file", other}).out, "\nport = 8002\n"));
}

TEST_F(env_file, may_say_that_the_log_is_json) {
    const auto file = write("a", "ORDERS_LOG_CONFIG=json\nCACHE_DEADLINE_MS=soon\n");
    const auto run = run_orders({"serve", "--env-file", file}, {});
    EXPECT_EQ(run.status, 78);
    EXPECT_TRUE(run.err.starts_with("{\"")) << run.err;
}

TEST_F(env_file, is_for_every_command) {
    const auto file = write("a", "PG_SERVICE_URI=nonsense\nVALKEY_SERVICE_URI=valkey://h\n");
    for (const std::vector<std::string>& command : {std::vector<std::string>{"serve"},
                                                    {"load-sample"},
                                                    {"cache", "purge"},
                                                    {"follow", "setup"},
                                                    {"follow", "status"},
                                                    {"check"}}) {
        auto words = command;
        words.insert(words.end(), {"--env-file", file});
        const auto run = run_orders(words, {});
        EXPECT_EQ(run.status, 78) << command.front();
        EXPECT_TRUE(has(run.err, "PG_SERVICE_URI cannot be parsed")) << run.err;
        words.back() = "--help";
        words.erase(words.end() - 2);
        EXPECT_TRUE(has(run_orders(words, {}).out, "--env-file FILE")) << command.front();
    }
}

TEST_F(env_file, that_cannot_be_read_is_told_without_its_values) {
    const auto bad = write("bad", "CACHE_PREFIX=a\nsekrit\n");
    const auto run = run_orders({"serve", "--env-file", bad}, {});
    EXPECT_EQ(run.status, 78);
    EXPECT_EQ(run.err, "orders: " + bad +
                           ", line 2: it has to be NAME=value, with letters, digits and _ in the "
                           "name\n");
    const auto missing = run_orders({"cache", "purge", "--env-file", "/nothing"}, {});
    EXPECT_EQ(missing.status, 78);
    EXPECT_EQ(missing.err, "orders: Cannot read /nothing: No such file or directory\n");
    EXPECT_TRUE(has(run_orders({"serve", "--env-file", folder.path}, {}).err, "Is a directory"));
    EXPECT_EQ(run_orders({"serve", "--env-file"}, {}).status, 64);
}

// The same file is the unit's EnvironmentFile=. systemd's own reader of such files can be asked
// where it reads a user's environment.d, but for what it makes of $.
TEST_F(env_file, says_what_systemd_reads_in_it) {
    const std::string text =
        "# comment\n; too\nT_A=plain value  \nT_B = spaced\n  T_C='a \"b\" \\n # c'\n"
        "T_D=\"x \\\"y\\\" \\\\ \\`z \\n\"\nT_E=a#b # c\nT_F=a\\ b\\\\c\\\nd\nT_G='a'\"b\"\n"
        "T_H=\"end \" \t\nT_I=\t lead\nT_J=x\"y'z\nT_K=kept\\ \nT_L=\"a\\\nb\"\nT_A=later\n";
    ASSERT_EQ(::mkdir((folder.path + "/environment.d").c_str(), 0700), 0);
    write("environment.d/a.conf", text);
    const auto theirs = run_to_end(
        {"/usr/bin/bash", "-c",
         "said=$(/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator) "
         "&& eval \"$said\" && for name in ${!T_*}; do echo \"$name=[${!name}]\"; done"},
        {{"XDG_CONFIG_HOME", folder.path}});
    ASSERT_EQ(theirs.status, 0) << theirs.err;
    std::string ours;
    for (const auto& [name, value] : program::variables_in(text, "a.conf"))
        ours += name + "=[" + value + "]\n";
    EXPECT_EQ(ours, theirs.out);
    EXPECT_EQ(std::count(ours.begin(), ours.end(), '\n'), 12);
}

}  // namespace
}  // namespace larder::test
