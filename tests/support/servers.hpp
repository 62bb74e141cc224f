#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "support/process.hpp"

namespace larder::test {

/// A new empty folder below the build's. Unix sockets go there, so its name is short.
std::string fresh_folder(const std::string& name);

/// A new empty folder below the build's, until the end of the scope.
struct scratch_folder {
    explicit scratch_folder(const std::string& name) : path{fresh_folder(name)} {}
    ~scratch_folder();
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    const std::string path;
};

/// A real server of this test's own, in a fresh folder below the build, run by a script of
/// tools/. It is stopped and its folder removed at the end of the scope; a watchdog process does
/// so when the test dies before.
class private_server {
public:
    ~private_server();
    private_server(const private_server&) = delete;
    private_server& operator=(const private_server&) = delete;

    const std::string& uri() const { return uri_; }
    const std::string& folder() const { return folder_; }
    pid_t pid() const;

    /// Starts it again on the same port; does nothing where it runs.
    void start();
    /// Stops it in an orderly way.
    void stop();
    /// Stops it as a crash does.
    void kill();
    /// Leaves it running but unable to do anything, until thaw().
    void freeze();
    void thaw();

protected:
    private_server(const std::string& tool, std::vector<std::string> kill_verb);

private:
    std::string run(std::vector<std::string> words) const;
    void watch();
    void signal_all(int number) const;

    std::string tool_;
    std::string folder_;
    std::vector<std::string> kill_verb_;
    std::string uri_;
    pid_t watchdog_ = -1;
    int lifeline_ = -1;  // the watchdog acts when this end of its pipe is closed
};

class postgres_server : public private_server {
public:
    postgres_server() : private_server{"postgres", {"stop", "immediate"}} {}

    /// Its URI with more query parameters, as in `with("sslmode=require")`.
    std::string with(const std::string& parameters) const;
};

class valkey_server : public private_server {
public:
    valkey_server() : private_server{"valkey", {"kill"}} {}

    /// The file of its Unix socket.
    std::string socket() const { return folder() + "/valkey.sock"; }
};

/// A Valkey with arguments of its own (passwords, TLS), until the end of the scope.
class special_valkey {
public:
    /// Returns when it accepts connections. The arguments have to name the port.
    explicit special_valkey(const std::vector<std::string>& args);

private:
    scratch_folder folder_{"special"};
    child child_;
};

}  // namespace larder::test
