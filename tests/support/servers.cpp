#include "support/servers.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace larder::test {

namespace {

std::string text_of(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream{file}.rdbuf();
    return text.str();
}

/// The processes that this one started and that still run.
std::vector<pid_t> children_of(pid_t pid) {
    const auto id = std::to_string(pid);
    std::istringstream list{text_of("/proc/" + id + "/task/" + id + "/children")};
    std::vector<pid_t> children;
    for (pid_t one = 0; list >> one;) children.push_back(one);
    return children;
}

/// What the watchdog runs: waits for the end of its input, which comes when the test closes it or
/// dies, and clears away.
constexpr const char* clear_away = R"(
    tool=$1 folder=$2 verb=$3
    shift 3
    cat >/dev/null
    "$tool" "$verb" "$folder" "$@" >/dev/null && rm -rf "$folder"
)";

}  // namespace

private_server::private_server(const std::string& tool, std::vector<std::string> kill_verb,
                               const std::map<std::string, std::string>& files,
                               const environment& settings)
    : tool_{LARDER_SOURCE_DIR "/tools/" + tool},
      folder_{fresh_folder(tool)},
      kill_verb_{std::move(kill_verb)},
      settings_{settings} {
    settings_["LARDER_TEST_SERVERS"] = "1";
    for (const auto& [name, text] : files) std::ofstream{folder_ + '/' + name} << text;
    watch();
    try {
        start();
    } catch (...) {
        close(lifeline_);
        waitpid(watchdog_, nullptr, 0);
        throw;
    }
}

private_server::~private_server() {
    close(lifeline_);
    int status = 0;
    waitpid(watchdog_, &status, 0);
    if (status != 0) std::cerr << "could not clear away " << folder_ << '\n';
}

void private_server::watch() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    watchdog_ = fork();
    if (watchdog_ < 0) throw std::runtime_error{"cannot fork"};
    if (watchdog_ == 0) {
        setsid();  // ^C in the terminal is for the test
        dup2(ends[0], STDIN_FILENO);
        execlp("bash", "bash", "-c", clear_away, "watchdog", tool_.c_str(), folder_.c_str(),
               kill_verb_[0].c_str(), kill_verb_.size() > 1 ? kill_verb_[1].c_str() : nullptr,
               nullptr);
        _exit(127);
    }
    close(ends[0]);
    lifeline_ = ends[1];
}

std::string private_server::run(std::vector<std::string> words) const {
    // The script takes its verb, the folder, and what else belongs to the verb.
    words.insert(words.begin() + 1, folder_);
    words.insert(words.begin(), tool_);
    const auto result = run_to_end(words, settings_);
    if (result.status != 0) throw std::runtime_error{words[0] + ": " + result.err};
    return result.out.substr(0, result.out.find('\n'));
}

// Those who know it look for it where it was.
void private_server::start() {
    auto uri = run({"start"});
    if (!uri_.empty() && uri != uri_)
        throw std::runtime_error{"somebody took the port of " + uri_ + " while it was down"};
    uri_ = std::move(uri);
}

void private_server::stop() { run({"stop"}); }

void private_server::kill() { run(kill_verb_); }

pid_t private_server::pid() const { return std::stoi(run({"pid"})); }

void private_server::signal_all(int number) const {
    const auto server = pid();
    ::kill(server, number);
    for (const auto one : children_of(server)) ::kill(one, number);
}

void private_server::freeze() { signal_all(SIGSTOP); }

void private_server::thaw() { signal_all(SIGCONT); }

std::string postgres_server::with(const std::string& parameters) const {
    return uri() + (uri().find('?') == std::string::npos ? "?" : "&") + parameters;
}

const certificate& valkey_server::own() {
    static const certificate the{"DNS:localhost,IP:127.0.0.1"};
    return the;
}

valkey_server::valkey_server(std::uint16_t tls_port)
    : private_server{"valkey",
                     {"kill"},
                     {{"valkey.conf", "tls-port " + std::to_string(tls_port) + "\ntls-cert-file " +
                                          own().file() + "\ntls-key-file " + own().key() +
                                          "\ntls-auth-clients no\n"}}},
      tls_port_{tls_port} {}

std::uint16_t valkey_server::port() const {
    return static_cast<std::uint16_t>(std::stoi(uri().substr(uri().rfind(':') + 1)));
}

std::string valkey_server::tls_uri() const {
    return "valkeys://127.0.0.1:" + std::to_string(tls_port_) + "/0?ssl_ca_certs=" + own().file();
}

namespace {

std::vector<std::string> command_of(const std::string& folder,
                                    const std::vector<std::string>& args) {
    // The program that tools/valkey runs as well.
    std::vector<std::string> command{
        "sh", "-c", R"(program=$(command -v valkey-server) || program=$0; exec "$program" "$@")",
        LARDER_SOURCE_DIR "/.deps/valkey/usr/bin/valkey-server"};
    command.insert(command.end(), {"--bind", "127.0.0.1", "--dir", folder, "--save", ""});
    command.insert(command.end(), args.begin(), args.end());
    return command;
}

}  // namespace

special_valkey::special_valkey(const std::vector<std::string>& args)
    : child_{command_of(folder_.path, args), {}} {
    const auto ready = [this] {
        return child_.out().find("Ready to accept connections") != std::string::npos;
    };
    if (!eventually([&] { return ready() || child_.wait(std::chrono::milliseconds{0}); }) ||
        !ready()) {
        throw std::runtime_error{"valkey-server: " + child_.out() + child_.err()};
    }
}

}  // namespace larder::test
