#include "support/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <random>
#include <stdexcept>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

/// What a program needs to run at all, and what sanitizers are told.
environment with_basics(environment env) {
    for (const char* name : {"PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "LSAN_OPTIONS",
                             "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
        if (const char* value = std::getenv(name)) env.try_emplace(name, value);
    }
    return env;
}

std::array<int, 2> make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    return ends;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (auto& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

child::child(const std::vector<std::string>& argv, const environment& env) {
    auto args = argv;
    std::vector<std::string> variables;
    for (const auto& [name, value] : with_basics(env)) {
        variables.emplace_back(name).append("=").append(value);
    }
    const auto arg_pointers = pointers_to(args);
    const auto env_pointers = pointers_to(variables);
    const auto out = make_pipe();
    const auto err = make_pipe();
    const auto parent = getpid();

    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error{"cannot fork"};
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(126);  // the parent ended before the line above
        const int nothing = open("/dev/null", O_RDONLY);
        dup2(nothing, STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        execvpe(arg_pointers[0], arg_pointers.data(), env_pointers.data());
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    stop_collecting_ = eventfd(0, EFD_CLOEXEC);
    collector_ =
        std::thread{[this, out_end = out[0], err_end = err[0]] { collect(out_end, err_end); }};
}

child::~child() {
    signal(SIGKILL);
    wait();
    close(stop_collecting_);
}

void child::signal(int number) {
    if (!status_) kill(pid_, number);
}

std::optional<int> child::wait(std::chrono::milliseconds within) {
    eventually(
        [this] {
            int raw = 0;
            if (!status_ && waitpid(pid_, &raw, WNOHANG) == pid_) {
                status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
            }
            return status_.has_value();
        },
        within);
    if (status_ && collector_.joinable()) {
        // A grandchild may hold the pipes open: what was written by now is enough.
        eventfd_write(stop_collecting_, 1);
        collector_.join();
    }
    return status_;
}

std::string child::out() const {
    const std::lock_guard lock{mutex_};
    return out_;
}

std::string child::err() const {
    const std::lock_guard lock{mutex_};
    return err_;
}

bool child::wait_for_err(const std::string& text, std::chrono::milliseconds within) const {
    std::unique_lock lock{mutex_};
    return more_.wait_for(lock, within, [&] { return err_.find(text) != std::string::npos; });
}

void child::collect(int out, int err) {
    std::array<pollfd, 3> sources{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0},
                                  pollfd{stop_collecting_, POLLIN, 0}};
    const auto drain = [this](pollfd& source, std::string& into) {
        std::array<char, 4096> buffer{};
        const auto size = read(source.fd, buffer.data(), buffer.size());
        if (size <= 0) {
            close(source.fd);
            source.fd = -1;  // poll skips it from now on
            return;
        }
        const std::lock_guard lock{mutex_};
        into.append(buffer.data(), static_cast<std::size_t>(size));
        more_.notify_all();
    };
    while (sources[0].fd >= 0 || sources[1].fd >= 0) {
        if (poll(sources.data(), sources.size(), -1) < 0) continue;
        if (sources[0].revents != 0) drain(sources[0], out_);
        if (sources[1].revents != 0) drain(sources[1], err_);
        const bool quiet = sources[0].revents == 0 && sources[1].revents == 0;
        if (quiet && sources[2].revents != 0) break;
    }
    for (auto& source : {sources[0], sources[1]}) {
        if (source.fd >= 0) close(source.fd);
    }
}

ended run_to_end(const std::vector<std::string>& argv, const environment& env,
                 std::chrono::milliseconds within) {
    child program{argv, env};
    const auto status = program.wait(within);
    if (!status) throw std::runtime_error{argv[0] + " did not end; it said: " + program.err()};
    return {*status, program.out(), program.err()};
}

std::string program(const std::string& path) {
    return std::string{other_build ? other_build : LARDER_BINARY_DIR} + '/' + path;
}

ended run_orders(std::vector<std::string> args, const environment& env) {
    args.insert(args.begin(), program("orders"));
    return run_to_end(args, env);
}

namespace {

std::vector<std::string> serve_command(const std::vector<std::string>& flags) {
    std::vector<std::string> argv{program("orders"), "serve"};
    if (std::find(flags.begin(), flags.end(), "--port") == flags.end()) {
        argv.insert(argv.end(), {"--port", "0"});
    }
    argv.insert(argv.end(), flags.begin(), flags.end());
    return argv;
}

/// The port in the line `listening on http://HOST:PORT`, 0 until there is one.
std::uint16_t port_in(const std::string& log) {
    const auto line = log.find("listening on http://");
    if (line == std::string::npos) return 0;
    const auto end = log.find('\n', line);
    if (end == std::string::npos) return 0;
    const auto colon = log.rfind(':', end);
    return static_cast<std::uint16_t>(std::stoi(log.substr(colon + 1, end - colon - 1)));
}

}  // namespace

service::service(const environment& env, const std::vector<std::string>& flags)
    : child_{serve_command(flags), env} {
    const bool up = eventually([this] {
        port_ = port_in(log());
        return port_ != 0 || child_.wait(0ms);
    });
    if (!up || port_ == 0) throw std::runtime_error{"the service does not listen: " + log()};
}

service::~service() {
    if (!ended_) {
        signal(SIGTERM);
        if (const auto status = wait_for_exit(); !status) {
            ADD_FAILURE() << "the service did not end on SIGTERM";
        } else if (*status != 0) {
            ADD_FAILURE() << "the service ended with status " << *status;
        }
    }
    if (testing::Test::HasFailure()) {
        const auto text = log();
        const auto from = text.size() > 4000 ? text.size() - 4000 : 0;
        std::fprintf(stderr, "---- log of the service ----\n%s\n----\n", text.c_str() + from);
    }
}

std::optional<int> service::wait_for_exit(std::chrono::milliseconds within) {
    const auto status = child_.wait(within);
    ended_ = ended_ || status.has_value();
    return status;
}

namespace {

bool is_free(std::uint16_t port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(listener);
    return bound;
}

}  // namespace

// Linux gives those from 32,768 on to clients, and to who listens on any; one that is to be
// nobody's for a while, or a server's that is started again, must not be theirs meanwhile.
std::uint16_t free_port() {
    constexpr unsigned lowest = 10'000, many = 22'000;
    static std::atomic<unsigned> next{std::random_device{}()};
    for (unsigned i = 0; i < many; ++i) {
        const auto port = static_cast<std::uint16_t>(lowest + next++ % many);
        if (is_free(port)) return port;
    }
    throw std::runtime_error{"no free port"};
}

}  // namespace larder::test
