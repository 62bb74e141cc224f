// What a process and its supervisor tell each other: sd_notify(3).
#pragma once

#include <sys/types.h>

#include <string>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::program {

/// Says `READY=1` to the socket in NOTIFY_SOCKET; does nothing without one. systemd waits for it
/// with `Type=notify`.
void notify_ready();

/// The supervisor's end.
class notify_socket {
public:
    /// Throws std::system_error.
    notify_socket();
    ~notify_socket();
    notify_socket(const notify_socket&) = delete;
    notify_socket& operator=(const notify_socket&) = delete;

    int descriptor() const { return descriptor_; }
    /// For a child's NOTIFY_SOCKET.
    const std::string& name() const { return name_; }
    /// The process that said `READY=1`; 0: none did. Does not wait.
    pid_t ready();

private:
    int descriptor_ = -1;
    std::string name_;
};

}  // namespace LARDER_NAMESPACE::program
