#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/certificate.hpp"
#include "support/process.hpp"
#include "support/scratch_folder.hpp"

namespace larder::test {

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
    /// `files` are written to its folder before it starts: names and contents.
    private_server(const std::string& tool, std::vector<std::string> kill_verb,
                   const std::map<std::string, std::string>& files = {},
                   const environment& settings = {});

private:
    std::string run(std::vector<std::string> words) const;
    void watch();
    void signal_all(int number) const;

    std::string tool_;
    std::string folder_;
    std::vector<std::string> kill_verb_;
    environment settings_;  // of the script
    std::string uri_;
    pid_t watchdog_ = -1;
    int lifeline_ = -1;  // the watchdog acts when this end of its pipe is closed
};

class postgres_server : public private_server {
public:
    explicit postgres_server(const std::string& wal_level = "logical")
        : private_server{"postgres", {"stop", "immediate"}, {}, {{"LARDER_WAL_LEVEL", wal_level}}} {
    }

    /// Its URI with more query parameters, as in `with("sslmode=require")`.
    std::string with(const std::string& parameters) const;
};

/// It listens on a port for TLS as well.
class valkey_server : public private_server {
public:
    valkey_server() : valkey_server{free_port()} {}

    std::uint16_t port() const;
    /// `valkeys://127.0.0.1:PORT/0?…`, with its certificate.
    std::string tls_uri() const;
    /// The file of its Unix socket.
    std::string socket() const { return folder() + "/valkey.sock"; }

private:
    explicit valkey_server(std::uint16_t tls_port);

    static const certificate& own();
    std::uint16_t tls_port_;
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
