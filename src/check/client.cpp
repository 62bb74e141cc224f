#include "larder/check/client.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace LARDER_NAMESPACE::check {

namespace {

using std::chrono::steady_clock;

template <class Integer>
std::optional<Integer> number(std::string_view text) {
    Integer value{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool same_word(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

// Waits until the socket is ready for `events`, or has failed; false at the deadline.
bool wait_for(int socket, short events, steady_clock::time_point until) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd one{socket, events, 0};
        const int ready = ::poll(&one, 1, static_cast<int>(left.count()));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

}  // namespace

std::string address::authority() const {
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + port;
}

std::optional<address> parse_url(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme)) return std::nullopt;
    url.remove_prefix(scheme.size());
    if (url.ends_with('/')) url.remove_suffix(1);
    address found;
    std::string_view rest;
    if (url.starts_with('[')) {
        const auto end = url.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        found.host = url.substr(1, end - 1);
        rest = url.substr(end + 1);
    } else {
        const auto end = std::min(url.find(':'), url.size());
        found.host = url.substr(0, end);
        rest = url.substr(end);
    }
    const bool odd = found.host.find_first_of("/?#@ ") != std::string::npos;
    if (found.host.empty() || odd) return std::nullopt;
    if (rest.empty()) return found;
    if (!rest.starts_with(':') || !number<std::uint16_t>(rest.substr(1))) return std::nullopt;
    found.port = rest.substr(1);
    return found;
}

framing frame(std::string_view bytes) {
    const framing garbled{.state = framing::state::garbled};
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return bytes.size() > 65'536 ? garbled : framing{};
    framing found{.head = end + 4};

    auto head = bytes.substr(0, end + 2);
    const auto status_line = head.substr(0, head.find("\r\n"));
    const auto status = status_line.starts_with("HTTP/1.1 ") && status_line.size() >= 12
                            ? number<int>(status_line.substr(9, 3))
                            : std::nullopt;
    if (!status) return garbled;
    found.status = *status;
    bool has_size = *status == 204 || *status == 304;
    head.remove_prefix(status_line.size() + 2);
    while (!head.empty()) {
        const auto line = head.substr(0, head.find("\r\n"));
        head.remove_prefix(line.size() + 2);
        const auto colon = std::min(line.find(':'), line.size());
        const auto name = line.substr(0, colon);
        const auto value = trimmed(line.substr(std::min(colon + 1, line.size())));
        if (same_word(name, "content-length")) {
            const auto size = number<std::uint32_t>(value);
            if (!size) return garbled;
            found.body = *size;
            has_size = true;
        } else if (same_word(name, "connection")) {
            found.closes = same_word(value, "close");
        }
    }
    if (!has_size) return garbled;
    found.state = bytes.size() - found.head < found.body ? framing::state::incomplete
                                                         : framing::state::complete;
    return found;
}

outcome outcome_of(const answer& got) {
    if (got.failure == failure::refused) return outcome::not_stored;
    if (got.failure != failure::none) return outcome::unknown;
    if (got.status >= 200 && got.status < 300) return outcome::stored;
    if (got.status >= 400 && got.status < 500) return outcome::not_stored;
    const bool says = got.body.starts_with(R"({"detail":"Error )") &&
                      got.body.find("not known") == std::string::npos &&
                      got.body.find("unknown") == std::string::npos;
    return says ? outcome::not_stored : outcome::unknown;
}

endpoint::endpoint(const address& of) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (const int refused = ::getaddrinfo(of.host.c_str(), of.port.c_str(), &hints, &list))
        throw std::runtime_error{of.host + ": " + ::gai_strerror(refused)};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{list, &::freeaddrinfo};
    for (const auto* one = list; one; one = one->ai_next)
        candidates_.push_back(
            {one->ai_family, {reinterpret_cast<const char*>(one->ai_addr), one->ai_addrlen}});
}

int endpoint::connect(steady_clock::time_point until) const {
    for (const auto& [family, bytes] : candidates_) {
        const int s = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (s < 0) continue;
        sockaddr_storage where{};
        std::memcpy(&where, bytes.data(), bytes.size());
        const auto* to = reinterpret_cast<const sockaddr*>(&where);
        bool there = ::connect(s, to, static_cast<socklen_t>(bytes.size())) == 0;
        if (!there && errno == EINPROGRESS && wait_for(s, POLLOUT, until)) {
            int error = 0;
            socklen_t size = sizeof error;
            there = ::getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
        }
        if (there) {
            const int on = 1;
            ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return s;
        }
        ::close(s);
    }
    return -1;
}

client::~client() { close(); }

client::client(client&& other) noexcept
    : to_(other.to_),
      timeout_(other.timeout_),
      socket_(std::exchange(other.socket_, -1)),
      unread_(std::move(other.unread_)) {}

void client::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
    unread_.clear();
}

// An idle connection that the server has closed is noticed here, before anything is sent on it.
bool client::connected(time_point until) {
    if (socket_ >= 0) {
        char byte = 0;
        const auto seen = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        close();
    }
    socket_ = to_.connect(until);
    return socket_ >= 0;
}

failure client::send(std::string_view bytes, time_point until) const {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for(socket_, POLLOUT, until)) return failure::late;
        } else if (errno != EINTR) {
            return failure::lost;
        }
    }
    return failure::none;
}

failure client::receive_more(time_point until) {
    std::array<char, 4096> buffer;
    while (true) {
        const auto size = ::recv(socket_, buffer.data(), buffer.size(), 0);
        if (size > 0) {
            unread_.append(buffer.data(), static_cast<std::size_t>(size));
            return failure::none;
        }
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_for(socket_, POLLIN, until)) return failure::late;
        } else if (size == 0 || errno != EINTR) {
            return failure::lost;
        }
    }
}

answer client::receive(time_point until) {
    while (true) {
        const auto found = frame(unread_);
        if (found.state == framing::state::garbled) return {failure::garbled, 0, {}};
        if (found.state == framing::state::incomplete) {
            if (const auto failed = receive_more(until); failed != failure::none)
                return {failed, 0, {}};
            continue;
        }
        answer whole{failure::none, found.status, unread_.substr(found.head, found.body)};
        unread_.erase(0, found.head + found.body);
        if (found.closes) close();
        return whole;
    }
}

answer client::exchange(std::string_view request) {
    const auto until = steady_clock::now() + timeout_;
    if (!connected(until)) return {failure::refused, 0, {}};
    const auto failed = send(request, until);
    auto got = failed == failure::none ? receive(until) : answer{failed, 0, {}};
    if (got.failure != failure::none) close();
    return got;
}

}  // namespace LARDER_NAMESPACE::check
