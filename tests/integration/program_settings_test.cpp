// What the program says of variables and flags that it cannot use, and of those that it does.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <string>
#include <tuple>
#include <vector>

#include "support/store_test.hpp"
#include "support/text.hpp"

namespace larder::test {
namespace {

using words = std::vector<std::string>;

struct settings_of_program : store_test {
    environment with(const std::string& name, const std::string& value) {
        auto env = servers.env();
        env[name] = value;
        return env;
    }
    std::string uri_with(const std::string& parameter) { return servers.postgres.with(parameter); }
};

// ---- variables ----

TEST_F(settings_of_program, that_are_bad_are_refused_in_one_sentence_by_the_name_they_have) {
    for (const auto& [name, value, status] : std::vector<std::tuple<const char*, const char*, int>>{
             {"CACHE_CLIENT_RELOAD", "perhaps", 78},
             {"CACHE_LOCAL_BYTES", "64M", 78},
             {"CACHE_DEADLINE_MS", "0", 78},
             {"PG_DEADLINE_MS", "60001", 78},
             {"PG_DATABASE", "a\tb", 78},
             {"CACHE_PREFIX", "a b", 78},
             {"ORDERS_ACCESS_LOG", "maybe", 78},
             {"ORDERS_RELOAD", "2", 78},
             {"ORDERS_HOST", "a\nb", 78},
             {"ORDERS_PORT", "many", 64},
             {"ORDERS_PORT", "70000", 64},
             {"ORDERS_WORKERS", "0", 64},
             {"ORDERS_LOG_LEVEL", "loud", 64}}) {
        const auto run = run_orders({"serve"}, with(name, value));
        EXPECT_EQ(run.status, status) << name << '=' << value;
        EXPECT_TRUE(has(run.err, name)) << run.err;
        EXPECT_FALSE(has(run.err, "--") && !has(run.err, "--help")) << run.err;
        EXPECT_LE(std::count(run.err.begin(), run.err.end(), '\n'), 2) << run.err;
    }
}

TEST_F(settings_of_program, are_trimmed_and_switches_are_read_in_any_case) {
    auto env = servers.env();
    for (auto& [name, value] : env) value += "\n";
    env["ORDERS_ACCESS_LOG"] = " NO\n";
    env["ORDERS_WORKERS"] = "1\n";
    env["CACHE_CLIENT_RELOAD"] = "False";
    const auto shown = run_orders({"serve", "--print-config", "--server-header=Off"}, env);
    for (const auto* line : {"\naccess-log = false\n", "\nworkers = 1\n",
                             "\nserver-header = false\n", "\nCACHE_CLIENT_RELOAD = off\n"})
        EXPECT_TRUE(has(shown.out, line)) << line << shown.out << shown.err;
    const service one{env};
    EXPECT_EQ(count(one.port()), 12000);
}

// libpq reads these only when it has a socket of its own.
TEST_F(settings_of_program, of_libpq_are_checked_without_a_server) {
    for (const auto* wrong : {"keepalives_idle=abc", "keepalives=yes", "tcp_user_timeout=1s",
                              "keepalives_count=many", "sslmode=requires"}) {
        const std::string name{wrong, std::string_view{wrong}.find('=')};
        for (const words& command :
             {words{"serve"}, {"load-sample"}, {"cache", "purge"}, {"check"}}) {
            const auto run = run_orders(
                command,
                {{"PG_SERVICE_URI", std::string{"postgres://u:sekrit@192.0.2.1/x?"} + wrong},
                 {"VALKEY_SERVICE_URI", "valkey://192.0.2.1"}});
            EXPECT_EQ(run.status, 78) << wrong;
            EXPECT_TRUE(has(run.err, "PG_SERVICE_URI: invalid ") && has(run.err, name)) << run.err;
            EXPECT_FALSE(has(run.err, "sekrit")) << run.err;
        }
    }
    const service one{with("PG_SERVICE_URI", uri_with("keepalives_idle=5&sslmode=prefer"))};
    EXPECT_EQ(count(one.port()), 12000);
}

TEST_F(settings_of_program, say_which_database_is_used_and_why) {
    const auto uri = servers.postgres.with("dbname=defaultdb");
    const service one{with("PG_SERVICE_URI", uri)};
    EXPECT_TRUE(
        one.wait_for_log("warning  The database is dellstore, as PG_DATABASE is not set; the "
                         "one that PG_SERVICE_URI names, defaultdb, is not used\n"));
    auto env = with("PG_SERVICE_URI", uri);
    env["PG_DATABASE"] = "dellstore";
    const service other{env};
    EXPECT_TRUE(other.wait_for_log("The database is dellstore, as PG_DATABASE says; the one"));
}

TEST_F(settings_of_program, that_are_misspelt_are_named) {
    auto env = with("ORDERS_PROT", "8000");
    env["ORDERS_SERVICE_HOST"] = env["ORDERS_PORT_8000_TCP"] = "by Kubernetes";
    const service one{env};
    EXPECT_TRUE(one.wait_for_log("ORDERS_PROT is set, but there is no flag of that name"));
    EXPECT_FALSE(has(one.log(), "ORDERS_SERVICE_HOST") || has(one.log(), "8000_TCP"));
}

TEST_F(settings_of_program, are_all_in_the_help) {
    std::ifstream reference{LARDER_SOURCE_DIR "/docs/reference.md"};
    const auto help = run_orders({"serve", "--help"}, {}).out;
    const std::regex row{R"(^\| `([A-Z_]{4,})` \|)"};
    int found = 0;
    for (std::string line; std::getline(reference, line);) {
        std::smatch name;
        if (!std::regex_search(line, name, row)) continue;
        ++found;
        EXPECT_TRUE(has(help, name[1].str())) << name[1];
    }
    EXPECT_GE(found, 9);
    for (const auto* parameter : {"ssl_cert_reqs", "sslmode", "ORDERS_PORT"})
        EXPECT_TRUE(has(help, parameter)) << parameter;
}

// ---- flags ----

TEST_F(settings_of_program, as_flags_that_do_nothing_or_harm_are_refused) {
    for (const auto& [wrong, sentence] : std::vector<std::pair<words, const char*>>{
             {{"--root-path", "/a b"}, "--root-path"},
             {{"--root-path", "/a?b"}, "--root-path"},
             {{"--root-path", "//evil.example"}, "--root-path"},
             {{"--root-path", "/a\r\nx: y"}, "--root-path"},
             {{"--host", ""}, "--host is empty"},
             {{"--uds", "s", "--port", "1"}, "--port has no use beside --uds"},
             {{"--fd", "3", "--host", "localhost"}, "--host has no use beside --fd"},
             {{"--fd", "3", "--uds", "s"}, "--uds has no use beside --fd"},
             {{"--reload-dir", "."}, "--reload-dir needs --reload"},
             {{"--reload-command", "make"}, "--reload-command needs --reload"},
             {{"--header", "etag: x"}, "--header cannot set etag"},
             {{"--header", "X-Request-Id: 1"}, "--header cannot set X-Request-Id"},
             {{"--access-log=perhaps"}, "--access-log has to be on or off"},
             {{"--no-date-header=perhaps"}, "--date-header has to be on or off"}}) {
        words all{"serve"};
        all.insert(all.end(), wrong.begin(), wrong.end());
        const auto run = run_orders(all, servers.env());
        EXPECT_EQ(run.status, 78) << sentence;
        EXPECT_TRUE(has(run.err, sentence)) << run.err;
    }
    for (const auto& [flag, value] : std::vector<std::pair<const char*, const char*>>{
             {"--port", "0x50"},
             {"--port", "-1"},
             {"--limit-concurrency", "-1"},
             {"--limit-max-requests", "1e3"},
             {"--limit-max-requests", "99999999999999999999"},
             {"--backlog", "0"}}) {
        const auto run = run_orders({"serve", "--print-config", flag, value}, {});
        EXPECT_EQ(run.status, 64) << flag << ' ' << value;
        EXPECT_TRUE(has(run.err, std::string{flag} + ": Value ")) << run.err;
    }
    EXPECT_TRUE(
        has(run_orders({"serve", "--print-config", "--port", "010"}, {}).out, "\nport = 10\n"));
    const auto port = run_orders({"serve", "--port", "70000"}, {});
    EXPECT_EQ(port.status, 64);
    EXPECT_TRUE(has(port.err, "--port: Value 70000 not in range")) << port.err;
}

// Each has the words of whatever refused it, once.
TEST_F(settings_of_program, as_places_to_listen_that_cannot_be_are_told_with_the_reason) {
    const scratch_folder folder{"places"};
    const auto file = folder.path + "/file";
    std::ofstream{file} << "text";
    for (const auto& [wrong, sentence] : std::vector<std::pair<words, std::string>>{
             {{"--port", "0", "--host", "nohost.invalid"},
              "Cannot listen on nohost.invalid:0: Host not found"},
             {{"--port", "0", "--host", "192.0.2.1"},
              "Cannot listen on 192.0.2.1:0: Cannot assign requested address\n"},
             {{"--uds", "/nothing/socket"},
              "Cannot listen on /nothing/socket: No such file or directory\n"},
             {{"--uds", file},
              "Cannot listen on " + file + ": there is a file that is no socket\n"},
             {{"--fd", "77"}, "Descriptor 77 is no socket that listens: Bad file descriptor\n"}}) {
        words all{"serve"};
        all.insert(all.end(), wrong.begin(), wrong.end());
        const auto run = run_orders(all, {});
        EXPECT_EQ(run.status, 69) << sentence;
        EXPECT_TRUE(has(run.err, sentence)) << run.err;
        EXPECT_FALSE(has(run.err, "not permitted")) << run.err;
    }
    const service one{servers.env()};
    const auto port = std::to_string(one.port());
    const auto run = run_orders({"serve", "--port", port}, {});
    EXPECT_TRUE(has(run.err, "Cannot listen on 127.0.0.1:" + port +
                                 ": another program uses it (Address already in use); stop it, or "
                                 "choose another port with --port\n"))
        << run.err;
}

// A machine with one processor alone cannot tell.
TEST_F(settings_of_program, as_the_workers_are_one_for_each_processor_that_there_is_for_it) {
    child one{{"/usr/bin/taskset", "-c", "0", program("orders"), "serve", "--port", "0"},
              servers.env()};
    EXPECT_TRUE(one.wait_for_err(" with 1 workers ")) << one.err();
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0);
}

// ---- commands ----

TEST_F(settings_of_program, name_a_command_that_there_is_not) {
    const auto run = run_orders({"serv", "--port", "1"}, {});
    EXPECT_EQ(run.status, 64);
    EXPECT_TRUE(has(run.err, "there is no command 'serv'; there are: serve, ")) << run.err;
    const auto other = run_orders({"cache", "purg"}, {});
    EXPECT_EQ(other.status, 64);
    EXPECT_TRUE(has(other.err, "there is no command 'purg'; there are: get, stats, ")) << other.err;
}

TEST_F(settings_of_program, name_why_a_purge_cannot_be) {
    const auto nobody = std::to_string(free_port());
    const auto run =
        run_orders({"cache", "purge"},
                   with("PG_SERVICE_URI", "postgres://u:sekrit@127.0.0.1:" + nobody + "/x"));
    EXPECT_EQ(run.status, 69);
    EXPECT_TRUE(has(run.err, "orders: connection to server at ")) << run.err;
    EXPECT_TRUE(has(run.err, "refused")) << run.err;
    EXPECT_FALSE(has(run.err, "sekrit")) << run.err;
}

}  // namespace
}  // namespace larder::test
