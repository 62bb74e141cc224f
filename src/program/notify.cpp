#include "program/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

namespace LARDER_NAMESPACE::program {

namespace {

constexpr std::string_view ready_text = "READY=1";

int datagram_socket() { return ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

}  // namespace

void notify_ready() {
    const char* name = std::getenv("NOTIFY_SOCKET");
    if (!name || !*name) return;
    sockaddr_un to{.sun_family = AF_UNIX, .sun_path = {}};
    const auto size = std::min(std::strlen(name), sizeof to.sun_path);
    std::memcpy(to.sun_path, name, size);
    if (*name == '@') to.sun_path[0] = '\0';
    const int from = datagram_socket();
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    if (::sendto(from, ready_text.data(), ready_text.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to), length) < 0)
        spdlog::error("Cannot tell the supervisor that this is ready: {}", std::strerror(errno));
    ::close(from);
}

// With no name given, the kernel makes one that is in no file system.
notify_socket::notify_socket() : descriptor_(datagram_socket()) {
    sockaddr_un own{.sun_family = AF_UNIX, .sun_path = {}};
    socklen_t size = sizeof own;
    auto* const address = reinterpret_cast<sockaddr*>(&own);
    const int on = 1;
    if (descriptor_ < 0 || ::bind(descriptor_, address, sizeof own.sun_family) != 0 ||
        ::getsockname(descriptor_, address, &size) != 0 ||
        ::setsockopt(descriptor_, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
        throw std::system_error(errno, std::system_category(), "Cannot listen to children");
    name_.assign(own.sun_path, size - offsetof(sockaddr_un, sun_path));
    name_.front() = '@';
}

notify_socket::~notify_socket() { ::close(descriptor_); }

// Who says it is the kernel's word: anybody on this machine may send.
pid_t notify_socket::ready() {
    std::array<char, 256> text{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = ::recvmsg(descriptor_, &message, 0);
    const auto* said_by = CMSG_FIRSTHDR(&message);
    if (size <= 0 || !said_by || said_by->cmsg_type != SCM_CREDENTIALS) return 0;
    if (!std::string_view{text.data(), static_cast<std::size_t>(size)}.starts_with(ready_text))
        return 0;
    ucred who{};
    std::memcpy(&who, CMSG_DATA(said_by), sizeof who);
    return who.pid;
}

}  // namespace LARDER_NAMESPACE::program
