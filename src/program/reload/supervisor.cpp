#include "program/reload/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "program/notify.hpp"
#include "program/reload/handover.hpp"
#include "program/reload/sources.hpp"
#include "program/settings.hpp"

namespace LARDER_NAMESPACE::program::reload {

namespace fs = std::filesystem;

namespace {

constexpr int look_every_ms = 250;

[[noreturn]] void give_up(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}

// The name it was called by stays when the file is replaced; /proc would say "(deleted)".
fs::path program_of(const std::string& called) {
    return called.find('/') != std::string::npos ? fs::absolute(called)
                                                 : fs::read_symlink("/proc/self/exe");
}

// The folder that CMake builds from, if it builds in this one.
std::optional<std::string> cmake_sources(const fs::path& folder) {
    std::ifstream cache{folder / "CMakeCache.txt"};
    constexpr std::string_view name = "CMAKE_HOME_DIRECTORY:INTERNAL=";
    for (std::string line; std::getline(cache, line);)
        if (line.starts_with(name)) return line.substr(name.size());
    return std::nullopt;
}

options filled_in(options how, const fs::path& program) {
    const auto from = cmake_sources(program.parent_path());
    if (!from && (how.folders.empty() || how.build_command.empty()))
        throw setting_error("--reload: " + program.parent_path().string() +
                            " is no folder that CMake builds in: say what to watch with "
                            "--reload-dir, and how to build with --reload-command");
    if (how.folders.empty()) how.folders.emplace_back(*from);
    for (const auto& one : how.folders)
        if (!fs::is_directory(one))
            throw setting_error("--reload-dir " + one.string() + " is no folder");
    return how;
}

// The signals that this process takes from `wait()`; children begin without that.
class signals {
public:
    signals() {
        sigemptyset(&taken_);
        for (const int one : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&taken_, one);
        sigprocmask(SIG_BLOCK, &taken_, nullptr);
        descriptor_ = ::signalfd(-1, &taken_, SFD_CLOEXEC | SFD_NONBLOCK);
        if (descriptor_ < 0) give_up("Cannot wait for signals");
    }
    int descriptor() const { return descriptor_; }
    bool asks_to_stop() const {
        bool asks = false;
        for (signalfd_siginfo one{}; ::read(descriptor_, &one, sizeof one) == sizeof one;)
            asks = asks || one.ssi_signo != SIGCHLD;
        return asks;
    }
    void restore() const { sigprocmask(SIG_UNBLOCK, &taken_, nullptr); }

private:
    sigset_t taken_{};
    int descriptor_ = -1;
};

class supervisor {
public:
    explicit supervisor(options how);
    int run();

private:
    using identity = std::tuple<dev_t, ino_t, time_t, long, off_t>;

    void wait() const;
    void do_all(const handover::actions& todo);
    void do_one(const handover::action& one);
    void reap();
    void build();
    void start();
    pid_t spawn(std::vector<std::string> words, bool is_program);
    identity identity_of_program() const;

    const fs::path program_;
    options how_;
    signals signals_;
    notify_socket children_;
    sources sources_;
    handover handover_;
    identity started_{};  // the program that was started last
    std::optional<int> status_;
};

supervisor::supervisor(options how)
    : program_(program_of(how.command_line.front())),
      how_(filled_in(std::move(how), program_)),
      sources_(how_.folders) {}

// What is there may be older than its sources, so it begins with a build: of nothing, mostly.
int supervisor::run() {
    for (const auto& one : how_.folders) spdlog::info("Watching {} for changes", one.string());
    start();
    do_all(handover_.changed());
    while (!status_) {
        wait();
        if (signals_.asks_to_stop()) do_all(handover_.stop());
        // Before the dead are reaped: who said that it serves may be among them.
        while (const auto who = children_.ready())
            do_all(handover_.ready(who, handover::clock::now()));
        reap();
        if (sources_.have_changed()) do_all(handover_.changed());
    }
    return *status_;
}

void supervisor::wait() const {
    std::array<pollfd, 2> any{pollfd{signals_.descriptor(), POLLIN, 0},
                              pollfd{children_.descriptor(), POLLIN, 0}};
    ::poll(any.data(), any.size(), look_every_ms);
}

void supervisor::reap() {
    int raw = 0;
    for (pid_t who = 0; (who = ::waitpid(-1, &raw, WNOHANG)) > 0;) {
        const int status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
        if (handover_.is_building(who)) {
            if (status != 0) spdlog::error("The build failed with status {}", status);
            do_all(handover_.built(status, identity_of_program() != started_));
        } else {
            if (status != 0) spdlog::error("Process {} ended with status {}", who, status);
            do_all(handover_.ended(who, status, handover::clock::now()));
        }
    }
}

void supervisor::do_all(const handover::actions& todo) {
    for (const auto& one : todo) do_one(one);
}

void supervisor::do_one(const handover::action& one) {
    using what = handover::what;
    switch (one.what) {
        case what::build: return build();
        case what::start: return start();
        // Each child leads a group of its own: what a build has started ends, too.
        case what::terminate: ::kill(-one.pid, SIGTERM); return;
        case what::say_kept: spdlog::error("The one that runs goes on serving"); return;
        case what::say_down:
            spdlog::error("Nothing serves until the sources have changed; connections wait");
            return;
        case what::exit: status_ = one.status; return;
    }
}

void supervisor::build() {
    spdlog::info("Building");
    const auto folder = program_.parent_path().string();
    const auto by_cmake = std::vector<std::string>{"cmake", "--build", folder, "--target",
                                                   program_.filename().string()};
    handover_.builds(spawn(how_.build_command.empty()
                               ? by_cmake
                               : std::vector<std::string>{"sh", "-c", how_.build_command},
                           false));
}

void supervisor::start() {
    auto words = how_.command_line;
    words.front() = program_.string();
    words.insert(words.end(), {"--reload=false", "--fd=" + std::to_string(how_.listener)});
    if (how_.admin_listener >= 0)
        words.push_back("--admin-fd=" + std::to_string(how_.admin_listener));
    started_ = identity_of_program();
    handover_.started(spawn(std::move(words), true));
}

// A build says what it has to say where errors go, as standard output is for the answer alone.
pid_t supervisor::spawn(std::vector<std::string> words, bool is_program) {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto parent = ::getpid();
    const auto child = ::fork();
    if (child < 0) give_up("Cannot start a process");
    if (child > 0) {
        ::setpgid(child, child);
        return child;
    }
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    signals_.restore();
    if (is_program) {
        ::fcntl(how_.listener, F_SETFD, 0);
        if (how_.admin_listener >= 0) ::fcntl(how_.admin_listener, F_SETFD, 0);
        ::setenv("NOTIFY_SOCKET", children_.name().c_str(), 1);
    } else {
        ::fcntl(how_.listener, F_SETFD, FD_CLOEXEC);
        if (how_.admin_listener >= 0) ::fcntl(how_.admin_listener, F_SETFD, FD_CLOEXEC);
        ::dup2(STDERR_FILENO, STDOUT_FILENO);
    }
    ::execvp(argv.front(), argv.data());
    std::perror(argv.front());
    ::_exit(127);
}

supervisor::identity supervisor::identity_of_program() const {
    struct stat found{};
    ::stat(program_.c_str(), &found);
    return {found.st_dev, found.st_ino, found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_size};
}

}  // namespace

int supervise(options how) { return supervisor{std::move(how)}.run(); }

}  // namespace LARDER_NAMESPACE::program::reload
