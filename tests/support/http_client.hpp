#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/eventually.hpp"

namespace larder::test {

using header_list = std::vector<std::pair<std::string, std::string>>;

struct http_response {
    int status = 0;
    std::string reason;
    header_list headers;  // as received
    std::string body;

    bool has(std::string_view name) const;
    /// The value of the one header of that name (in any case); throws if there is not just one.
    const std::string& header(std::string_view name) const;
};

/// The bytes of a request. Adds `host`, and `content-length` where there is a body or a POST.
std::string request_text(std::string_view method, std::string_view target,
                         const header_list& headers, std::string_view body, std::uint16_t port);

/// One connection to a service on the loopback. Blocking, with deadlines, and strict: an answer
/// that is framed in any way but by an exact content-length throws, and so do bytes nobody
/// asked for.
class http_connection {
public:
    explicit http_connection(std::uint16_t port);
    ~http_connection();
    http_connection(const http_connection&) = delete;
    http_connection& operator=(const http_connection&) = delete;

    /// One request and its answer, after which nothing more may be on the line.
    http_response request(std::string_view method, std::string_view target,
                          const header_list& headers = {}, std::string_view body = {});

    void send(std::string_view bytes);
    /// False if the service has closed.
    bool try_send(std::string_view bytes);
    /// Nothing more will be sent.
    void end_sending();
    /// The next answer. A HEAD's has no body; that is for the caller to know.
    http_response receive(bool to_head = false);
    /// Whether something has come that was not received yet, or the end.
    bool is_readable() const;
    /// Throws if bytes have come that no answer contained.
    void expect_nothing_more();
    /// Reads what comes until the service closes; throws when it does not by the deadline.
    std::string read_to_end(std::chrono::milliseconds within = patience);
    void close();

    std::uint16_t local_port() const;

private:
    bool read_some(std::chrono::milliseconds within);
    std::string take(std::size_t size);
    std::string take_line();

    std::uint16_t port_;
    int socket_ = -1;
    std::string unread_;
};

/// One request on a connection of its own, which the service must close after its answer.
http_response request(std::uint16_t port, std::string_view method, std::string_view target,
                      header_list headers = {}, std::string_view body = {});

http_response get(std::uint16_t port, std::string_view target);
/// POST /add/ with a JSON body.
http_response add(std::uint16_t port, std::string_view body);

/// Sends exactly these bytes and returns all that comes back until the service closes.
std::string raw(std::uint16_t port, std::string_view bytes,
                std::chrono::milliseconds within = patience);

/// The order the tutorial adds.
inline constexpr std::string_view tutorial_order =
    R"({"orderdate":"2023-03-10","customerid":9999,"netamount":23.0,"tax":2.0})";

}  // namespace larder::test
