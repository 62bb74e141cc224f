#include "support/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "support/exchanges.hpp"

namespace larder::test {

namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error{"http: " + what}; }

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

bool is_number(std::string_view text) {
    return !text.empty() && text.size() < 10 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || std::strchr("!#$%&'*+-.^_`|~", c) != nullptr;
    });
}

}  // namespace

bool http_response::has(std::string_view name) const {
    return std::any_of(headers.begin(), headers.end(),
                       [name](const auto& field) { return same_name(field.first, name); });
}

const std::string& http_response::header(std::string_view name) const {
    const std::string* found = nullptr;
    for (const auto& [field, value] : headers) {
        if (!same_name(field, name)) continue;
        if (found != nullptr) fail("header twice: " + field);
        found = &value;
    }
    if (found == nullptr) fail("no header " + std::string{name});
    return *found;
}

std::string request_text(std::string_view method, std::string_view target,
                         const header_list& headers, std::string_view body, std::uint16_t port) {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
    const auto add_field = [&](std::string_view name, std::string_view value) {
        text.append(name).append(": ").append(value).append("\r\n");
    };
    const auto given = [&](std::string_view name) {
        return std::any_of(headers.begin(), headers.end(),
                           [name](const auto& field) { return same_name(field.first, name); });
    };
    if (!given("host")) add_field("host", "127.0.0.1:" + std::to_string(port));
    for (const auto& [name, value] : headers) add_field(name, value);
    if ((!body.empty() || method == "POST") && !given("content-length")) {
        add_field("content-length", std::to_string(body.size()));
    }
    return text.append("\r\n").append(body);
}

http_connection::http_connection(std::uint16_t port)
    : port_{port}, socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const std::string why = std::strerror(errno);
        close();
        fail("cannot connect: " + why);
    }
}

http_connection::~http_connection() { close(); }

void http_connection::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
}

std::uint16_t http_connection::local_port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

void http_connection::send(std::string_view bytes) {
    if (!try_send(bytes)) fail(std::string{"cannot send: "} + std::strerror(errno));
}

bool http_connection::try_send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void http_connection::end_sending() { shutdown(socket_, SHUT_WR); }

/// False at the end of the stream; throws at the deadline.
bool http_connection::read_some(std::chrono::milliseconds within) {
    pollfd readable{socket_, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(within.count())) == 0) {
        fail("nothing comes after: \"" + unread_ + "\"");
    }
    std::array<char, 16384> buffer{};
    const auto size = recv(socket_, buffer.data(), buffer.size(), 0);
    if (size < 0) fail(std::string{"cannot receive: "} + std::strerror(errno));
    unread_.append(buffer.data(), static_cast<std::size_t>(size));
    return size > 0;
}

std::string http_connection::take(std::size_t size) {
    while (unread_.size() < size) {
        if (!read_some(patience)) fail("closed in the middle of: \"" + unread_ + "\"");
    }
    auto taken = unread_.substr(0, size);
    unread_.erase(0, size);
    return taken;
}

std::string http_connection::take_line() {
    std::size_t end = 0;
    while ((end = unread_.find("\r\n")) == std::string::npos) {
        if (!read_some(patience)) fail("closed in the middle of: \"" + unread_ + "\"");
    }
    auto line = take(end + 2);
    line.resize(end);
    if (line.find_first_of("\r\n") != std::string::npos) fail("bare CR or LF: " + line);
    return line;
}

http_response http_connection::receive(bool to_head) {
    http_response answer;
    const auto first = take_line();
    const std::string_view status_line{first};
    if (!status_line.starts_with("HTTP/1.1 ") || status_line.size() < 13 ||
        !is_number(status_line.substr(9, 3)) || status_line[12] != ' ') {
        fail("no status line: \"" + first + "\"");
    }
    answer.status = std::stoi(first.substr(9, 3));
    answer.reason = first.substr(13);
    for (auto line = take_line(); !line.empty(); line = take_line()) {
        const auto colon = line.find(':');
        if (colon == std::string::npos || !is_token(line.substr(0, colon))) {
            fail("no header line: \"" + line + "\"");
        }
        const auto from = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
        answer.headers.emplace_back(line.substr(0, colon), line.substr(from));
    }
    if (answer.has("transfer-encoding")) fail("an answer in chunks");
    if (answer.status < 200 || answer.status == 204 || answer.status == 304) {
        if (answer.status != 304 && answer.has("content-length")) fail("a length without a body");
        return answer;
    }
    const auto& length = answer.header("content-length");
    if (!is_number(length)) fail("content-length: " + length);
    if (!to_head) answer.body = take(std::stoul(length));
    return answer;
}

bool http_connection::is_readable() const {
    pollfd readable{socket_, POLLIN, 0};
    return !unread_.empty() || poll(&readable, 1, 0) > 0;
}

void http_connection::expect_nothing_more() {
    if (unread_.empty() && is_readable()) read_some(patience);
    if (!unread_.empty()) fail("more than the answer: \"" + unread_ + "\"");
}

std::string http_connection::read_to_end(std::chrono::milliseconds within) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (!read_some(std::max(left, std::chrono::milliseconds{0}))) break;
    }
    return std::exchange(unread_, {});
}

http_response http_connection::request(std::string_view method, std::string_view target,
                                       const header_list& headers, std::string_view body) {
    expect_nothing_more();
    send(request_text(method, target, headers, body, port_));
    auto answer = receive(method == "HEAD");
    expect_nothing_more();
    keep_exchange(method, target, headers, body, answer);
    return answer;
}

http_response request(std::uint16_t port, std::string_view method, std::string_view target,
                      header_list headers, std::string_view body) {
    http_connection connection{port};
    headers.emplace_back("connection", "close");
    connection.send(request_text(method, target, headers, body, port));
    auto answer = connection.receive(method == "HEAD");
    if (const auto rest = connection.read_to_end(); !rest.empty()) {
        fail("more than the answer: \"" + rest + "\"");
    }
    keep_exchange(method, target, headers, body, answer);
    return answer;
}

http_response get(std::uint16_t port, std::string_view target) {
    return request(port, "GET", target);
}

http_response add(std::uint16_t port, std::string_view body) {
    return request(port, "POST", "/add/", {{"content-type", "application/json"}}, body);
}

std::string raw(std::uint16_t port, std::string_view bytes, std::chrono::milliseconds within) {
    http_connection connection{port};
    connection.send(bytes);
    return connection.read_to_end(within);
}

}  // namespace larder::test
