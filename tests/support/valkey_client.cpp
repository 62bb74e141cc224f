#include "support/valkey_client.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace larder::test {

namespace {

std::uint16_t port_of(const std::string& uri) {
    const auto colon = uri.rfind(':');
    if (colon == std::string::npos) throw std::runtime_error{"no port in " + uri};
    return static_cast<std::uint16_t>(std::stoi(uri.substr(colon + 1)));
}

}  // namespace

valkey_client::valkey_client(const std::string& uri) : valkey_client{port_of(uri)} {}

valkey_client::valkey_client(std::uint16_t port)
    : socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const timeval deadline{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        close(socket_);
        throw std::runtime_error{"cannot connect to Valkey"};
    }
}

valkey_client::~valkey_client() { close(socket_); }

std::optional<std::string> valkey_client::command(std::span<const std::string_view> words) {
    std::string text = "*" + std::to_string(words.size()) + "\r\n";
    for (const auto word : words) {
        text += "$" + std::to_string(word.size()) + "\r\n";
        text.append(word).append("\r\n");
    }
    if (::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size())) {
        throw std::runtime_error{"cannot send to Valkey"};
    }
    const auto line = take_line();
    const auto rest = line.substr(1);
    switch (line[0]) {
        case '+':
        case ':': return rest;
        case '$': {
            if (rest == "-1") return std::nullopt;
            auto value = take(std::stoul(rest) + 2);
            value.resize(value.size() - 2);
            return value;
        }
        default: throw std::runtime_error{"Valkey says " + line};
    }
}

void valkey_client::clear() {
    command({"EVAL",
             "for _, key in ipairs(redis.call('KEYS', '*')) do"
             " if not string.find(key, 'larder:trusted:', 1, true) then redis.call('DEL', key) end "
             "end",
             "0"});
}

void valkey_client::receive_more() {
    std::array<char, 4096> buffer{};
    const auto size = recv(socket_, buffer.data(), buffer.size(), 0);
    if (size <= 0) throw std::runtime_error{"Valkey does not answer"};
    unread_.append(buffer.data(), static_cast<std::size_t>(size));
}

std::string valkey_client::take(std::size_t size) {
    while (unread_.size() < size) receive_more();
    auto taken = unread_.substr(0, size);
    unread_.erase(0, size);
    return taken;
}

std::string valkey_client::take_line() {
    while (unread_.find("\r\n") == std::string::npos) receive_more();
    const auto size = unread_.find("\r\n");
    return take(size + 2).substr(0, size);
}

}  // namespace larder::test
