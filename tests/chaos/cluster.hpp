// Several instances of a service on one PostgreSQL and one Valkey, and the checker at work on them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/checker.hpp"
#include "support/gate.hpp"
#include "support/process.hpp"
#include "support/store_test.hpp"

namespace larder::test {

/// For what is to happen at once.
const auto a_second = std::chrono::milliseconds{1'000} * slack;

/// The arguments that make a program serve on a port.
using command_line = std::function<std::vector<std::string>(std::uint16_t port)>;

/// `orders serve`.
std::vector<std::string> orders_serve(std::uint16_t port);

/// For instances that follow the log of the shared servers' PostgreSQL, which is set up for that.
environment followed();

/// How an instance reaches its servers. A gate is a program on the way: on a machine that is busy
/// with others it delays what one instance is told more than what another one is.
enum class ways { gated, straight };

/// What the instances talk to Valkey over. There are no gates on the way to a Unix socket.
enum class transport { tcp, tls, unix_socket };

/// One instance of a service, always on the same port, and the gates on its ways to the servers.
/// It has to end with status 0 on SIGTERM at the end of the scope, unless it was killed.
class instance {
public:
    instance(const backends& servers, command_line command, environment more, ways how,
             transport over);
    ~instance();
    instance(const instance&) = delete;
    instance& operator=(const instance&) = delete;

    /// Returns when it answers.
    void start();
    /// As a crash does.
    void kill();
    /// What the end of the scope does, without waiting for it.
    void ask_to_end();
    void freeze() { running_->signal(SIGSTOP); }
    void thaw() { running_->signal(SIGCONT); }

    std::uint16_t port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

    gate to_valkey;
    gate to_postgres;

private:
    command_line command_;
    environment env_;
    std::uint16_t port_;
    std::optional<child> running_;
    bool is_asked_to_end_ = false;
};

/// Instances on the servers that all tests of a program share, as they were at first.
class cluster {
public:
    explicit cluster(std::size_t size = 3, const command_line& command = orders_serve,
                     const environment& more = {}, ways how = ways::gated,
                     transport over = transport::tcp);
    ~cluster();
    cluster(const cluster&) = delete;
    cluster& operator=(const cluster&) = delete;

    backends& servers = backends::shared();
    instance& at(std::size_t i) { return *instances_.at(i); }
    std::size_t size() const { return instances_.size(); }
    std::vector<instance*> all() const;
    std::vector<std::string> urls(std::size_t from = 0) const;

    /// How to check them: with the truth straight from PostgreSQL, past the gates.
    orders::check::options checking() const;

private:
    std::vector<std::unique_ptr<instance>> instances_;
};

/// The checker at work while the test does something else.
class background_check {
public:
    explicit background_check(orders::check::options how);
    ~background_check();
    background_check(const background_check&) = delete;
    background_check& operator=(const background_check&) = delete;

    /// Whether these instances have all answered a read, and those that take writes acknowledged
    /// an order, both begun no earlier than about now, within that time.
    bool all_serve(const std::vector<std::size_t>& which, std::chrono::milliseconds within);
    /// Lets it run on.
    void goes_on_for(std::chrono::milliseconds time);
    /// Ends it.
    orders::check::report finish();

private:
    bool is_over() const;

    std::vector<bool> takes_writes_;
    orders::check::checker checker_;
    std::future<orders::check::report> report_;
};

}  // namespace larder::test
