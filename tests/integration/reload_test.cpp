// `serve --reload`, with a real build by CMake: a small program that becomes the service.

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

namespace fs = std::filesystem;

// Every version of it puts its name into each answer. It is called as the service is, by the name
// that it was built under.
std::string main_of(const std::string& version) {
    return R"(#include <stdlib.h>
#include <unistd.h>
int main(int argc, char** argv) {
    setenv("ORDERS_HEADER", "x-version:)" +
           version + R"(", 1);
    (void)argc;
    return execv(ORDERS, argv);
}
)";
}

struct serve_reload : store_test {
    void SetUp() override {
        store_test::SetUp();
        write("CMakeLists.txt",
              "cmake_minimum_required(VERSION 3.25)\nproject(shop C)\n"
              "add_executable(orders main.c)\n"
              "target_compile_definitions(orders PRIVATE ORDERS=\"" +
                  program("orders") + "\")\n");
        write("main.c", main_of("one"));
        for (const auto& words :
             {std::vector<std::string>{"cmake", "-G", "Ninja", "-S", folder.path, "-B", build()},
              {"cmake", "--build", build()}}) {
            const auto ended = run_to_end(words, {});
            ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
        }
    }
    std::string build() const { return folder.path + "/build"; }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream{folder.path + "/" + name} << text;
    }
    child start(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words{build() + "/orders",  "serve",     "--reload", "--port",
                                       std::to_string(port), "--workers", "2"};
        words.insert(words.end(), more.begin(), more.end());
        return child{words, servers.env()};
    }
    std::string version() const { return get(port, "/count").header("x-version"); }
    bool becomes(const std::string& wanted) const {
        return eventually([&] { return version() == wanted; });
    }

    const scratch_folder folder{"reload"};
    const std::uint16_t port = free_port();
};

bool listens(const child& one) { return one.wait_for_err("listening on http://"); }

// Each request has a connection of its own, and all of them are let in and answered.
TEST_F(serve_reload, hands_over_without_refusing_a_connection) {
    auto one = start();
    ASSERT_TRUE(listens(one)) << one.err();
    std::atomic<bool> over{false};
    std::atomic<int> answered{0}, lost{0};
    const auto ask = [&] {
        while (!over) {
            try {
                if (get(port, "/count").status == 200) ++answered;
                else ++lost;
            } catch (const std::runtime_error& e) {
                std::fprintf(stderr, "%s\n", e.what());
                ++lost;
            }
        }
    };
    {
        std::vector<std::jthread> clients;
        for (int i = 0; i < 4; ++i) clients.emplace_back(ask);
        EXPECT_TRUE(becomes("one"));
        for (const auto* next : {"two", "three", "four"}) {
            write("main.c", main_of(next));
            EXPECT_TRUE(becomes(next)) << one.err();
        }
        over = true;
    }
    EXPECT_EQ(lost, 0);
    EXPECT_GE(answered, 100);
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0) << one.err();
}

TEST_F(serve_reload, hands_over_the_listener_of_operators_as_well) {
    const auto admin = free_port();
    auto one = start({"--admin-port", std::to_string(admin)});
    ASSERT_TRUE(listens(one)) << one.err();
    EXPECT_TRUE(becomes("one"));
    ASSERT_TRUE(one.wait_for_err("Health and metrics are at http://"));
    EXPECT_TRUE(eventually([&] { return get(admin, "/health/ready").status == 200; }));
    std::atomic<bool> over{false};
    std::jthread operators{[&] {
        while (!over) EXPECT_NO_THROW(get(admin, "/health/ready"));
    }};
    for (const auto* next : {"two", "three"}) {
        write("main.c", main_of(next));
        EXPECT_TRUE(becomes(next)) << one.err();
    }
    EXPECT_TRUE(eventually([&] { return get(admin, "/health/ready").status == 200; }));
    over = true;
    operators.join();
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0) << one.err();
}

TEST_F(serve_reload, keeps_serving_when_a_build_fails_and_shows_why) {
    auto one = start();
    ASSERT_TRUE(listens(one)) << one.err();
    write("main.c", main_of("two") + "int broken = ;\n");
    EXPECT_TRUE(one.wait_for_err("The build failed with status")) << one.err();
    EXPECT_TRUE(one.wait_for_err("goes on serving"));
    EXPECT_NE(one.err().find("main.c:8"), std::string::npos) << one.err();
    EXPECT_EQ(version(), "one");
    write("main.c", main_of("three"));
    EXPECT_TRUE(becomes("three")) << one.err();
}

TEST_F(serve_reload, keeps_serving_when_the_new_program_does_not_start) {
    auto one = start();
    ASSERT_TRUE(listens(one)) << one.err();
    write("main.c", "int main() { return 3; }\n");
    EXPECT_TRUE(one.wait_for_err("ended with status 3")) << one.err();
    EXPECT_TRUE(one.wait_for_err("goes on serving"));
    EXPECT_EQ(version(), "one");
    write("main.c", main_of("two"));
    EXPECT_TRUE(becomes("two")) << one.err();
}

TEST_F(serve_reload, starts_a_service_again_that_was_killed) {
    auto one = start();
    ASSERT_TRUE(listens(one)) << one.err();
    EXPECT_TRUE(becomes("one"));
    const auto serving = [&] {
        std::ifstream list{"/proc/" + std::to_string(one.pid()) + "/task/" +
                           std::to_string(one.pid()) + "/children"};
        pid_t pid = 0;
        list >> pid;
        return pid;
    };
    const auto before = serving();
    ASSERT_NE(before, 0);
    // It is started again only if it has served for a second.
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{1'100};
    while (std::chrono::steady_clock::now() < until) ASSERT_EQ(version(), "one");
    EXPECT_EQ(serving(), before);
    kill(before, SIGKILL);
    EXPECT_TRUE(one.wait_for_err("ended with status 137")) << one.err();
    EXPECT_EQ(version(), "one") << "the connection has waited";
    EXPECT_NE(serving(), before);
}

// What is in flight when the supervisor is told to stop is answered.
TEST_F(serve_reload, ends_as_the_service_does) {
    auto one = start();
    ASSERT_TRUE(listens(one)) << one.err();
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    http_connection connection{port};
    connection.send(request_text("POST", "/add/", {{"content-type", "application/json"}},
                                 tutorial_order, port));
    ASSERT_TRUE(eventually([this] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1";
    }));
    one.signal(SIGINT);
    EXPECT_TRUE(one.wait_for_err("finishes what is in flight"));
    holder.exec("COMMIT");
    expect_json(connection.receive(), 200, R"({"updated":{"customer":9999}})");
    EXPECT_EQ(one.wait(), 0) << one.err();
}

TEST_F(serve_reload, serves_what_the_sources_say_even_if_the_program_is_older) {
    write("main.c", main_of("newer"));
    auto one = start();
    ASSERT_TRUE(listens(one)) << one.err();
    EXPECT_TRUE(becomes("newer")) << one.err();
}

TEST_F(serve_reload, watches_and_builds_as_it_is_told) {
    fs::create_directory(folder.path + "/other");
    fs::copy_file(build() + "/orders", folder.path + "/orders");
    child one{{folder.path + "/orders", "serve", "--port", std::to_string(port), "--reload-dir",
               folder.path + "/other", "--reload-command",
               "echo built by hand; cp " + build() + "/orders " + folder.path + "/new; mv " +
                   folder.path + "/new " + folder.path + "/orders"},
              [this] {
                  auto env = servers.env();
                  env["ORDERS_RELOAD"] = "true";
                  return env;
              }()};
    ASSERT_TRUE(listens(one)) << one.err();
    EXPECT_TRUE(one.wait_for_err("built by hand")) << one.err();
    EXPECT_TRUE(becomes("one"));
    EXPECT_EQ(one.out(), "");
}

TEST_F(serve_reload, serves_what_a_build_made_before_it_failed) {
    fs::create_directory(folder.path + "/other");
    const auto copy = folder.path + "/orders";
    fs::copy_file(program("orders"), copy);
    child one{{copy, "serve", "--reload", "--port", std::to_string(port), "--reload-dir",
               folder.path + "/other", "--reload-command",
               "mkdir " + folder.path + "/made || exit 0; cp " + build() + "/orders " + copy +
                   ".new; mv " + copy + ".new " + copy + "; exit 1"},
              servers.env()};
    ASSERT_TRUE(one.wait_for_err("The one that runs goes on serving")) << one.err();
    EXPECT_FALSE(get(port, "/count").has("x-version"));
    write("other/source", "changed");
    EXPECT_TRUE(eventually([&] { return get(port, "/count").has("x-version"); })) << one.err();
}

TEST_F(serve_reload, that_cannot_be_ends_with_one_sentence) {
    const auto nowhere = folder.path + "/orders";
    fs::copy_file(build() + "/orders", nowhere);
    const auto no_build = run_to_end({nowhere, "serve", "--reload", "--port", "0"}, {});
    EXPECT_EQ(no_build.status, 78);
    EXPECT_NE(no_build.err.find("--reload-dir"), std::string::npos) << no_build.err;
    const auto no_folder = run_to_end(
        {build() + "/orders", "serve", "--reload", "--port", "0", "--reload-dir", "/nothing"}, {});
    EXPECT_EQ(no_folder.status, 78);
    EXPECT_NE(no_folder.err.find("/nothing is no folder"), std::string::npos) << no_folder.err;
    const service other{servers.env()};
    const auto in_use = run_to_end(
        {build() + "/orders", "serve", "--reload", "--port", std::to_string(other.port())}, {});
    EXPECT_EQ(in_use.status, 69);
    const auto bad = run_to_end({build() + "/orders", "serve", "--reload", "--port", "0"},
                                {{"PG_SERVICE_URI", "no uri"}});
    EXPECT_EQ(bad.status, 78);
}

}  // namespace
}  // namespace larder::test
