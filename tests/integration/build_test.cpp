// What a build says of itself: --version, and symbols beside the program.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/scratch_folder.hpp"

namespace larder::test {
namespace {

namespace fs = std::filesystem;

ended shell(const std::string& script, const environment& env = {}) {
    return run_to_end({"/usr/bin/bash", "-euc", script}, env);
}

std::string text_of(const std::string& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(version, names_the_commit_and_the_libraries) {
    for (const std::string name : {"orders", "basket"}) {
        const auto said = run_to_end({program(name), "--version"}, {});
        EXPECT_EQ(said.status, 0);
        EXPECT_TRUE(std::regex_match(
            said.out, std::regex{name + R"( \d+\.\d+\.\d+, commit ([0-9a-f]{12}(-dirty)?|unknown)
Boost 1\.\d+\.\d+, libpq \d+\.\d+, OpenSSL 3\.\d+\.\d+
)"})) << said.out;
    }
}

// That of the checkout, as this build looked at it. A checkout that was changed since, or is none,
// has another one.
TEST(version, names_the_commit_that_the_build_has_found) {
    const auto folder = fs::path{program("orders")}.parent_path().string();
    std::smatch found;
    const auto text = text_of(folder + "/commit.cpp");
    ASSERT_TRUE(std::regex_search(text, found, std::regex{"= \"(.*)\";"})) << text;
    const std::string commit = found[1];
    for (const std::string name : {"orders", "basket"}) {
        const auto said = run_to_end({program(name), "--version"}, {}).out;
        EXPECT_NE(said.find(", commit " + commit + "\n"), said.npos) << said << commit;
    }
    const auto of_git =
        shell("git -C " LARDER_SOURCE_DIR " rev-parse --show-toplevel HEAD 2>/dev/null || true");
    if (of_git.out.starts_with(LARDER_SOURCE_DIR "\n")) {
        EXPECT_NE(commit, "unknown");
    }
}

// As a build does it.
struct commit : testing::Test {
    std::string look() {
        const auto run = shell("cmake -DFROM=" + from + " -DTO=" + to +
                               " -P " LARDER_SOURCE_DIR "/cmake/commit.cmake");
        EXPECT_EQ(run.status, 0) << run.err;
        std::smatch found;
        const auto text = text_of(to);
        EXPECT_TRUE(std::regex_search(text, found, std::regex{"= \"(.*)\";"})) << text;
        return found[1];
    }
    void git(const std::string& words) {
        const auto run =
            shell("cd " + from + " && git -c user.name=a -c user.email=a@a -c gc.auto=0 " + words,
                  {{"GIT_CONFIG_GLOBAL", "/dev/null"}});
        ASSERT_EQ(run.status, 0) << words << run.err;
    }
    void SetUp() override { fs::create_directory(from); }
    const scratch_folder folder{"commit"};
    const std::string from = folder.path + "/from", to = folder.path + "/commit.cpp";
};

TEST_F(commit, is_unknown_without_a_repository_or_in_a_strangers) {
    EXPECT_EQ(look(), "unknown") << "the folder is one of this checkout's";
}

TEST_F(commit, is_looked_at_by_each_build_and_written_if_it_is_another_one) {
    std::ofstream{from + "/a"} << "1";
    git("init -q");
    git("add a");
    git("commit -qm one");
    const auto first = look();
    EXPECT_TRUE(std::regex_match(first, std::regex{"[0-9a-f]{12}"})) << first;
    const auto written = fs::last_write_time(to);
    EXPECT_EQ(look(), first);
    EXPECT_EQ(fs::last_write_time(to), written);
    std::ofstream{from + "/a"} << "changed";
    EXPECT_EQ(look(), first + "-dirty");
    git("commit -qam two");
    const auto second = look();
    EXPECT_TRUE(std::regex_match(second, std::regex{"[0-9a-f]{12}"})) << second;
    EXPECT_NE(second, first);
}

TEST(symbols, are_beside_the_program_and_found_by_it) {
    const scratch_folder folder{"symbols"};
    std::ofstream{folder.path + "/CMakeLists.txt"}
        << "cmake_minimum_required(VERSION 3.25)\nproject(small LANGUAGES CXX)\n"
           "include(" LARDER_SOURCE_DIR
           "/cmake/symbols.cmake)\n"
           "add_executable(small small.cpp)\nlarder_split_symbols(small)\n";
    std::ofstream{folder.path + "/small.cpp"} << "int here() {\n    return 7;\n}\n"
                                                 "int main() { return here() - 7; }\n";
    const auto built = shell("cd " + folder.path +
                             " && cmake -S . -B b -G Ninja -DCMAKE_BUILD_TYPE=Debug "
                             "-DLARDER_SPLIT_SYMBOLS=ON && cmake --build b && b/small");
    ASSERT_EQ(built.status, 0) << built.out << built.err;
    const auto sections = shell("readelf -SW " + folder.path + "/b/small").out;
    EXPECT_EQ(sections.find(".debug_info"), std::string::npos);
    EXPECT_EQ(sections.find(".symtab"), std::string::npos);
    EXPECT_NE(sections.find(".gnu_debuglink"), std::string::npos);
    const auto found =
        shell("cd " + folder.path +
              "/b && at=$(nm small.debug | sed -n 's/ T _Z4herev//p') && addr2line -fe small $at");
    EXPECT_NE(found.out.find("small.cpp:1"), std::string::npos) << found.out << found.err;
}

}  // namespace
}  // namespace larder::test
