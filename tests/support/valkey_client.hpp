#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder::test {

/// A blocking client of Valkey that speaks as much of RESP2 as `valkey-cli get` needs.
class valkey_client {
public:
    /// To a port of the loopback.
    explicit valkey_client(std::uint16_t port);
    /// To the port in a `valkey://127.0.0.1:PORT/0`.
    explicit valkey_client(const std::string& uri);
    ~valkey_client();
    valkey_client(const valkey_client&) = delete;
    valkey_client& operator=(const valkey_client&) = delete;

    /// The reply as text, a number in decimal; nothing for null. Throws what is an error.
    std::optional<std::string> command(std::span<const std::string_view> words);
    std::optional<std::string> command(std::initializer_list<std::string_view> words) {
        return command(std::span{words.begin(), words.size()});
    }

    std::optional<std::string> get(std::string_view key) { return command({"GET", key}); }
    /// With an end, as entries have.
    void set(std::string_view key, std::string_view value) {
        command({"SET", key, value, "EX", "100"});
    }
    void del(std::string_view key) { command({"DEL", key}); }
    /// Seconds it has left; -1 for ever, -2 when it does not exist.
    long ttl(std::string_view key) { return std::stol(command({"TTL", key}).value()); }
    void flush() { command({"FLUSHALL"}); }
    /// Deletes all but whose the server is, so that a service goes on using it.
    void clear();

private:
    void receive_more();
    std::string take(std::size_t size);
    std::string take_line();

    int socket_ = -1;
    std::string unread_;
};

}  // namespace larder::test
