// For a program that checks a service: one connection to an instance, blocking, with a deadline,
// made anew after an error.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::check {

/// Where an instance is, from `http://HOST[:PORT]`.
struct address {
    std::string host;
    std::string port = "80";

    std::string authority() const;
};

/// Empty if it is no such URL. An IPv6 address stands in brackets. A slash may follow the port.
std::optional<address> parse_url(std::string_view url);

enum class failure {
    none,     ///< an answer came
    refused,  ///< no connection: nothing was sent
    lost,     ///< the connection ended before the answer: the outcome is unknown
    late,     ///< no answer in time: the outcome is unknown
    garbled,  ///< what came is not an HTTP/1.1 answer with a content-length
};

struct answer {
    check::failure failure = failure::none;
    int status = 0;
    std::string body;
};

/// What became of a write.
enum class outcome : std::uint8_t {
    unknown,     ///< it may have been stored, and may still be
    stored,      ///< answered 2xx
    not_stored,  ///< and never will be
};

/// What an answer to a write says. larder says of one that failed whether it may have been stored
/// all the same; what somebody else answers, as a proxy, says nothing.
outcome outcome_of(const answer& got);

/// Where in `bytes` an answer's head and body end, as far as they are there.
struct framing {
    enum class state { incomplete, complete, garbled } state = state::incomplete;
    int status = 0;
    std::size_t head = 0;  ///< bytes of the head, with the empty line
    std::size_t body = 0;  ///< bytes of the body
    bool closes = false;   ///< the server closes the connection behind it
};
framing frame(std::string_view bytes);

/// The addresses of an instance as the system knows them. Throws std::runtime_error if there is
/// none.
class endpoint {
public:
    explicit endpoint(const address& of);

    /// A connected, non-blocking socket, or -1.
    int connect(std::chrono::steady_clock::time_point until) const;

private:
    struct candidate {
        int family;
        std::string bytes;  // of the sockaddr
    };
    std::vector<candidate> candidates_;
};

/// Threads  one at a time. An endpoint is shared by any number of clients, and outlives them.
class client {
public:
    client(const endpoint& to, std::chrono::milliseconds timeout) : to_(to), timeout_(timeout) {}
    ~client();
    client(client&& other) noexcept;
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    client& operator=(client&&) = delete;

    /// Sends a whole request and waits for its answer, for `timeout` at most.
    answer exchange(std::string_view request);

private:
    using time_point = std::chrono::steady_clock::time_point;

    bool connected(time_point until);
    failure send(std::string_view bytes, time_point until) const;
    failure receive_more(time_point until);
    answer receive(time_point until);
    void close();

    const endpoint& to_;
    std::chrono::milliseconds timeout_;
    int socket_ = -1;
    std::string unread_;
};

}  // namespace LARDER_NAMESPACE::check
