// Completions and the manual page, which are made from the same commands and flags as the help.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/scratch_folder.hpp"
#include "support/text.hpp"

namespace larder::test {
namespace {

using words = std::vector<std::string>;

std::string said(const std::string& name, const words& arguments) {
    words all{program(name)};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const auto run = run_to_end(all, {});
    EXPECT_EQ(run.status, 0) << run.err;
    return run.out;
}

/// Every command that does something, and the flags in its help.
struct documented {
    words command;
    std::set<std::string> flags;
};

std::vector<documented> commands_of(const std::string& name, const words& path = {}) {
    auto ask = path;
    ask.emplace_back("--help");
    const auto help = said(name, ask);
    const auto list = help.find("\nSubcommands:\n");
    if (list == std::string::npos) {
        documented one{.command = path, .flags = {}};
        // A flag's line begins with two spaces, and what it does with more.
        const std::regex line{R"((?:^|\n)  (-[^ \n]*))"}, flag{"--[a-z-]+"};
        for (std::sregex_iterator it{help.begin(), help.end(), line}, end; it != end; ++it) {
            const std::string names = (*it)[1];
            for (std::sregex_iterator at{names.begin(), names.end(), flag}; at != end; ++at)
                one.flags.insert(at->str());
        }
        return {one};
    }
    std::vector<documented> all;
    const auto rest = help.substr(list);
    const std::regex command{R"(\n  ([a-z][a-z-]*) )"};
    for (std::sregex_iterator it{rest.begin(), rest.end(), command}, end; it != end; ++it) {
        auto longer = path;
        longer.push_back((*it)[1]);
        for (auto& one : commands_of(name, longer)) all.push_back(std::move(one));
    }
    return all;
}

std::string joined(const words& all) {
    std::string text;
    for (const auto& one : all) text += (text.empty() ? "" : " ") + one;
    return text;
}

struct usage : testing::TestWithParam<const char*> {
    std::string write(const std::string& name, const std::string& text) {
        auto path = folder.path + "/" + name;
        std::ofstream{path} << text;
        return path;
    }
    /// What bash would offer for the last word.
    words offered(const words& line) {
        std::string script = "source " + folder.path + "/bash; COMP_WORDS=(";
        for (const auto& one : line) script += "'" + one + "' ";
        script += "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _" + std::string{GetParam()} +
                  "; printf '%s\\n' \"${COMPREPLY[@]}\"";
        const auto run = run_to_end({"/usr/bin/bash", "-euc", script}, {});
        EXPECT_EQ(run.status, 0) << run.err;
        EXPECT_EQ(run.err, "");
        words all;
        std::istringstream lines{run.out};
        for (std::string one; std::getline(lines, one);)
            if (!one.empty()) all.push_back(one);
        return all;
    }
    void SetUp() override { write("bash", said(GetParam(), {"completion", "bash"})); }
    const scratch_folder folder{"usage"};
};

TEST_P(usage, each_command_and_flag_of_the_help_is_completed_by_bash_and_in_the_manual) {
    const auto manual = said(GetParam(), {"man"});
    const auto commands = commands_of(GetParam());
    EXPECT_GE(commands.size(), 9U);
    for (const auto& [command, flags] : commands) {
        SCOPED_TRACE(joined(command));
        words line{GetParam()};
        for (const auto& one : command) {
            line.emplace_back();
            const auto offers = offered(line);
            EXPECT_NE(std::find(offers.begin(), offers.end(), one), offers.end());
            line.back() = one;
        }
        line.emplace_back("--");
        const auto offers = offered(line);
        EXPECT_EQ((std::set<std::string>{offers.begin(), offers.end()}), flags);
        auto title = joined(command);
        title = std::regex_replace(title, std::regex{"-"}, "\\-");
        const auto section = manual.find(".SS \"" + std::string{GetParam()} + " " + title + "\"");
        ASSERT_NE(section, std::string::npos);
        const auto end = manual.find("\n.S", section);
        for (const auto& flag : flags) {
            if (flag == "--help") continue;  // once, of all
            const auto written = std::regex_replace(flag, std::regex{"-"}, "\\-");
            EXPECT_TRUE(has(manual.substr(section, end - section), "\\fB" + written + "\\fR"))
                << flag;
        }
    }
}

TEST_P(usage, values_are_completed_where_they_are_known) {
    const std::string name = GetParam();
    EXPECT_EQ(offered({name, "serve", "--log-level", "de"}), words{"debug"});
    EXPECT_EQ(offered({name, "serve", "--log-level", "=", "de"}), words{"debug"});
    EXPECT_EQ(offered({name, "serve", "--log-config", "="}), (words{"text", "json"}));
    EXPECT_EQ(offered({name, "serve", "--port", ""}), words{});
    write("a key", "");
    EXPECT_EQ(offered({name, "serve", "--ssl-keyfile", folder.path + "/a"}),
              words{folder.path + "/a key"});
    EXPECT_EQ(offered({name, "serve", "--reload-dir", folder.path + "/a"}), words{});
    EXPECT_EQ(offered({name, "serve", "--ss"}),
              (words{"--ssl-keyfile", "--ssl-certfile", "--ssl-ca-certs"}));
}

/// A shell with a terminal, where somebody types.
std::string typed(const std::string& shell, const std::string& keys) {
    const auto run =
        run_to_end({"/usr/bin/bash", "-c",
                    "printf \"$1\" | timeout 20 script -qec \"$0\" /dev/null", shell, keys},
                   {{"TERM", "dumb"}});
    return run.out;
}

TEST_P(usage, the_tab_key_completes_in_bash_and_zsh) {
    const auto folder_of_program = program(GetParam()).substr(0, program(GetParam()).rfind('/'));
    write("zsh", said(GetParam(), {"completion", "zsh"}));
    write("_" + std::string{GetParam()}, said(GetParam(), {"completion", "zsh"}));
    const auto set_path = "export PATH=" + folder_of_program + ":$PATH\n";
    const auto ask =
        std::string{GetParam()} + " serve --log-l\ttr\t--print-conf\t | grep ^log-level\nexit\n";
    const auto bash = typed("bash --norc -i", set_path + "source " + folder.path + "/bash\n" + ask);
    EXPECT_TRUE(has(bash, "log-level = trace")) << bash;
    for (const auto& load :
         {"autoload -U compinit; compinit -u -D; source " + folder.path + "/zsh\n",
          "fpath=(" + folder.path + " $fpath); autoload -U compinit; compinit -u -D\n"}) {
        const auto zsh = typed("zsh -f -i", set_path + load + ask);
        EXPECT_TRUE(has(zsh, "log-level = trace")) << zsh;
    }
}

TEST_P(usage, zsh_reads_what_it_is_given) {
    const auto file = write("zsh", said(GetParam(), {"completion", "zsh"}));
    const auto run = run_to_end({"/usr/bin/zsh", "-n", file}, {});
    EXPECT_EQ(run.status, 0);
    EXPECT_EQ(run.err, "");
}

TEST_P(usage, the_manual_is_what_groff_and_mandoc_take) {
    const auto file = write("page.1", said(GetParam(), {"man"}));
    const auto shown = run_to_end({"/usr/bin/man", "--warnings", "-l", file},
                                  {{"MANWIDTH", "80"}, {"LC_ALL", "C.UTF-8"}});
    EXPECT_EQ(shown.status, 0);
    EXPECT_EQ(shown.err, "");
    EXPECT_TRUE(has(shown.out, "PG_SERVICE_URI")) << shown.out;
    const auto linted = run_to_end({"/usr/bin/mandoc", "-T", "lint", "-W", "warning", file}, {});
    // A date would make another page of each build.
    EXPECT_EQ(std::regex_replace(linted.out + linted.err,
                                 std::regex{".*: WARNING: missing date, using \"\": TH\n"}, ""),
              "");
}

INSTANTIATE_TEST_SUITE_P(programs, usage, testing::Values("orders", "basket"));

}  // namespace
}  // namespace larder::test
