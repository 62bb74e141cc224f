#include "support/gate.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace larder::test {

namespace {

constexpr std::size_t most_waiting = 1'048'576;
constexpr std::chrono::microseconds between_slices{50};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int new_socket() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) throw std::runtime_error{"gate: no socket"};
    return fd;
}

// Several sockets may be bound to the port; only those that listen get connections.
int bound_socket(std::uint16_t port) {
    const int fd = new_socket();
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    const auto address = loopback(port);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error{"gate: cannot bind"};
    return fd;
}

std::uint16_t port_of(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

void close_with_reset(int fd) {
    const linger at_once{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd);
}

// A network does not wait for a processor: a gate that did would tell one client later than another
// what their server told both. One that does more than to pass things on is to keep nobody else
// from it. Without the right to come first it is as any other thread.
void come_first(bool first) {
    const sched_param how{.sched_priority = first ? 1 : 0};
    ::pthread_setschedparam(::pthread_self(), first ? SCHED_FIFO : SCHED_OTHER, &how);
}

void send_at_once(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

gate::gate(std::uint16_t target)
    : guard_{bound_socket(0)}, wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}, target_{target} {
    port_ = port_of(guard_);
    listen();
    thread_ = std::thread{[this] { run(); }};
}

gate::~gate() {
    apply([this] { is_ending_ = true; });
    thread_.join();
    for (const auto& one : links_) close(one);
    for (const int fd : {listener_, guard_, wake_})
        if (fd >= 0) ::close(fd);
}

void gate::listen() {
    listener_ = bound_socket(port_);
    if (::listen(listener_, SOMAXCONN) != 0) throw std::runtime_error{"gate: cannot listen"};
}

// The change is made while the thread polls; the next round has noticed it.
template <class Change>
void gate::apply(Change change) {
    std::unique_lock lock{mutex_};
    change();
    const auto mine = ++changes_;
    ::eventfd_write(wake_, 1);
    applied_.wait(lock, [&] { return rounds_ >= mine; });
}

void gate::admit(admission how) {
    apply([&] { admission_ = how; });
}

void gate::lead_to(std::uint16_t target) {
    apply([&] { target_ = target; });
}

void gate::set(const flow* to_server, const flow* to_client, connections which) {
    apply([&] {
        if (which != connections::present) {
            if (to_server) up_ = *to_server;
            if (to_client) down_ = *to_client;
        }
        if (which == connections::future) return;
        for (auto& one : links_) {
            if (to_server) use(one, one.up, *to_server);
            if (to_client) use(one, one.down, *to_client);
        }
    });
}

void gate::use(link& whole, way& one, const flow& how) {
    if (one.sender_left && how.what != flow::kind::hold) whole.is_reset = true;
    one.how = how;
}

void gate::reset() {
    apply([this] {
        for (auto& one : links_) one.is_reset = true;
    });
}

void gate::heal() {
    admit(admission::pass);
    both_ways({});
}

std::size_t gate::present() const {
    const std::lock_guard lock{mutex_};
    return links_.size();
}

std::size_t gate::accepted() const {
    const std::lock_guard lock{mutex_};
    return accepted_;
}

void gate::run() {
    come_first(true);
    std::unique_lock lock{mutex_};
    while (true) {
        if (admission_ == admission::refuse && listener_ >= 0) {
            ::close(listener_);
            listener_ = -1;
        } else if (admission_ != admission::refuse && listener_ < 0) {
            listen();
        }
        if (listener_ >= 0) accept_all();
        for (auto& one : links_) pump(one);
        for (const auto& one : links_)
            if (one.is_reset || one.is_closed) close(one);
        links_.remove_if([](const link& one) { return one.is_reset || one.is_closed; });
        if (rounds_ != changes_) {
            come_first(up_.what == flow::kind::pass && down_.what == flow::kind::pass);
            rounds_ = changes_;
            applied_.notify_all();
        }
        if (is_ending_) return;

        add_polls();
        std::vector<pollfd> polls;
        for (const auto& one : polls_) polls.push_back({one.fd, one.events, 0});
        const auto wait = time_to_wait().count();
        const timespec timeout{wait / 1'000'000'000, wait % 1'000'000'000};
        lock.unlock();
        ::ppoll(polls.data(), polls.size(), &timeout, nullptr);
        eventfd_t ignored = 0;
        ::eventfd_read(wake_, &ignored);
        lock.lock();
        for (std::size_t i = 0; i < polls.size(); ++i) polls_[i].seen = polls[i].revents;
    }
}

std::chrono::nanoseconds gate::time_to_wait() const {
    std::chrono::nanoseconds wait = std::chrono::hours{1};
    const auto now = clock::now();
    for (const auto& one : links_) {
        for (const auto* w : {&one.up, &one.down}) {
            if (w->waiting.empty() || w->is_blocked || w->how.what == flow::kind::hold) continue;
            wait = std::min(wait, std::max(w->waiting.front().due, w->not_before) - now);
        }
    }
    return std::max(wait, std::chrono::nanoseconds{0});
}

// A socket from which nothing is wanted is left out, or its hangup would be told again and again.
void gate::add_polls() {
    polls_.clear();
    polls_.push_back({wake_, POLLIN, 0});
    if (listener_ >= 0) polls_.push_back({listener_, POLLIN, 0});
    const auto reading = [](const way& w) -> int {
        if (w.from_ended) return 0;
        if (w.how.what == flow::kind::hold) return w.sender_left ? 0 : POLLRDHUP;
        return w.waiting_bytes < most_waiting ? POLLIN : 0;
    };
    const auto writing = [](const way& w) -> int {
        return w.is_blocked && w.how.what != flow::kind::hold ? POLLOUT : 0;
    };
    for (const auto& one : links_) {
        for (const auto& [fd, events] :
             {std::pair{one.up.from, reading(one.up) | writing(one.down)},
              std::pair{one.up.to, reading(one.down) | writing(one.up)}})
            if (fd >= 0 && events != 0) polls_.push_back({fd, static_cast<short>(events), 0});
    }
}

short gate::seen(int fd) const {
    for (const auto& one : polls_)
        if (one.fd == fd) return one.seen;
    return 0;
}

void gate::accept_all() {
    while (true) {
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0) return;
        ++accepted_;
        send_at_once(client);
        auto& fresh = links_.emplace_back();
        fresh.up.from = fresh.down.to = client;
        fresh.is_reset = admission_ == admission::reset;
        if (admission_ != admission::pass) {
            fresh.down.from_ended = fresh.down.to_ended = fresh.up.to_ended = true;
            continue;
        }
        const int server = new_socket();
        send_at_once(server);
        fresh.up.to = fresh.down.from = server;
        fresh.up.how = up_;
        fresh.down.how = down_;
        const auto address = loopback(target_);
        const auto* const to = reinterpret_cast<const sockaddr*>(&address);
        fresh.is_reset = ::connect(server, to, sizeof address) != 0 && errno != EINPROGRESS;
    }
}

void gate::pump(link& one) {
    if (one.is_reset) return;
    pump(one, one.up);
    pump(one, one.down);
    if (one.up.from_ended && one.up.to_ended && one.down.from_ended && one.down.to_ended)
        one.is_closed = true;
}

void gate::pump(link& whole, way& one) {
    if (one.from < 0) return;
    if (one.how.what == flow::kind::hold) {
        if ((seen(one.from) & (POLLRDHUP | POLLHUP | POLLERR)) != 0) one.sender_left = true;
        return;
    }
    if (one.how.what == flow::kind::half_close && !one.to_ended) {
        ::shutdown(one.to, SHUT_WR);
        one.to_ended = true;
    }
    if (!one.from_ended && one.waiting_bytes < most_waiting) read(whole, one);
    if (one.to_ended) {
        one.waiting.clear();
        one.waiting_bytes = 0;
    }
    write(whole, one);
    if (one.from_ended && one.waiting.empty() && !one.to_ended) {
        ::shutdown(one.to, SHUT_WR);
        one.to_ended = true;
    }
}

void gate::read(link& whole, way& one) {
    std::array<char, 65'536> buffer;
    const auto size = ::recv(one.from, buffer.data(), buffer.size(), 0);
    if (size > 0) {
        const auto delay =
            one.how.what == flow::kind::delay ? one.how.delay : decltype(flow::delay){};
        const auto bytes = static_cast<std::size_t>(size);
        one.waiting.push_back({clock::now() + delay, std::string(buffer.data(), bytes)});
        one.waiting_bytes += bytes;
    } else if (size == 0) {
        one.from_ended = true;
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOTCONN && errno != EINTR) {
        whole.is_reset = true;
    }
}

void gate::write(link& whole, way& one) {
    const auto now = clock::now();
    one.is_blocked = false;
    const bool is_cut = one.how.what == flow::kind::cut;
    if (one.not_before > now) return;
    while (!one.waiting.empty() && one.waiting.front().due <= now && !whole.is_reset) {
        auto& bytes = one.waiting.front().bytes;
        auto size = one.how.what == flow::kind::slices ? 1 : bytes.size();
        if (is_cut) size = std::min(size, one.how.bytes);
        const auto sent = size == 0 ? 0 : ::send(one.to, bytes.data(), size, MSG_NOSIGNAL);
        if (sent < 0) {
            one.is_blocked = errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOTCONN;
            whole.is_reset = !one.is_blocked;
            return;
        }
        const auto gone = static_cast<std::size_t>(sent);
        one.waiting_bytes -= gone;
        bytes.erase(0, gone);
        if (bytes.empty()) one.waiting.pop_front();
        if (is_cut) one.how.bytes -= gone;
        if (one.how.what == flow::kind::slices) {
            one.not_before = now + between_slices;
            return;
        }
        if (is_cut && one.how.bytes == 0) break;
    }
    if (is_cut && one.how.bytes == 0) whole.is_closed = true;
}

void gate::close(const link& one) {
    for (const int fd : {one.up.from, one.up.to}) {
        if (fd < 0) continue;
        if (one.is_reset) close_with_reset(fd);
        else ::close(fd);
    }
}

}  // namespace larder::test
