// One client's connection: reads requests, has them answered, writes the answers. Private to http.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "feed.hpp"
#include "known_requests.hpp"
#include "request_reader.hpp"
#include "server.hpp"

namespace LARDER_NAMESPACE::http {

class connection {
public:
    connection(server& owner, stream::socket socket);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Until either side closes.
    boost::asio::awaitable<void> run();

    /// Ends the connection if the client takes too long: with a 408 if it has begun a request. The
    /// worker is `late` to ask, as after its process was stopped.
    void close_if_overdue(std::chrono::steady_clock::time_point now, std::chrono::nanoseconds late);
    /// Closes the socket if no whole request has come that is to be answered.
    void close_if_waiting();
    /// In the middle of whatever it does.
    void close() { socket_.close(); }
    bool is_answering() const { return phase_ == phase::answering; }

private:
    enum class phase { shaking_hands, idle, reading, answering, writing, lingering };
    static constexpr std::size_t most_unsent = 65'536;  // of answers to pipelined requests

    boost::asio::awaitable<bool> shake_hands();
    boost::asio::awaitable<bool> read_request();
    void forget_sent();
    bool send_now();
    boost::asio::awaitable<bool> flush();
    void answer_known();
    void log_known(const known_answer& answer, std::string_view head, std::string_view request_id,
                   std::chrono::nanoseconds took);
    void learn(const response& answer);
    boost::asio::awaitable<void> answer_request();
    boost::asio::awaitable<void> tell(feed& events);
    void leave_when_closed(const std::weak_ptr<feed::listener>& who);
    boost::asio::awaitable<void> linger();
    bool is_ending() const;
    bool has_arrived() const;
    void continue_if_expected();
    void refuse(unsigned status, std::string_view why);
    answer_frame frame() const;
    bool is_logged() const;
    void log(std::string_view line, const response& answer,
             std::optional<std::chrono::nanoseconds> took) const;
    void find_client();
    void name_request();
    void enter(phase p);

    server& owner_;
    stream::socket socket_;
    std::optional<boost::asio::ssl::stream<stream::socket&>> tls_;
    request_reader reader_;
    std::string peer_, client_;  // who is connected, and whom that one speaks for
    std::string_view scheme_;
    std::string request_id_;
    std::string trace_, trace_id_;  // for the log
    std::string parent_;            // the traceparent, or empty
    std::string out_;
    phase phase_ = phase::idle;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
    bool keep_alive_ = true;
    bool continued_ = false;
    bool sends_much_ = false;  // more than the last read had room for
    bool timed_out_ = false;
    bool is_new_ = true;     // no request has come
    bool is_proxy_ = false;  // a trusted one is connected
    bool listens_ = false;   // to events
    request_origin origin_ = request_origin::clear;
    std::list<connection*>::iterator place_;
};

}  // namespace LARDER_NAMESPACE::http
