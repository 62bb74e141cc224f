// One client's connection: reads requests, has them answered, writes the answers. Private to http.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "server.hpp"

namespace larder::http {

class connection {
public:
    connection(server& owner, boost::asio::ip::tcp::socket socket);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Until either side closes.
    boost::asio::awaitable<void> run();

    /// Closes the socket if the client has been silent for too long.
    void close_if_overdue(std::chrono::steady_clock::time_point now);
    /// Closes the socket if no whole request has come that is to be answered.
    void close_if_waiting();

private:
    enum class phase { idle, reading, answering, writing };
    using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

    boost::asio::awaitable<bool> read_request();
    boost::asio::awaitable<bool> read_more();
    boost::asio::awaitable<bool> flush();
    boost::asio::awaitable<void> answer_request();
    boost::asio::awaitable<void> continue_if_expected();
    boost::asio::awaitable<void> linger();
    bool parse();
    void refuse(const boost::system::error_code& why);
    void append(const response& r, bool with_body, unsigned version);
    void log(std::string_view request_line, unsigned status) const;
    void enter(phase p);

    server& owner_;
    boost::asio::ip::tcp::socket socket_;
    std::string remote_;  // for the log; made when first needed
    boost::beast::flat_buffer in_;
    std::string out_;
    std::optional<parser> parser_;
    phase phase_ = phase::idle;
    std::chrono::steady_clock::time_point since_;
    bool keep_alive_ = true;
    bool continued_ = false;
    std::list<connection*>::iterator place_;
};

}  // namespace larder::http
