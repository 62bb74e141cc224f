// One worker's HTTP server. Private to larder; app is its public face.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "known_requests.hpp"
#include "larder/http/cache_control.hpp"
#include "larder/http/message.hpp"
#include "larder/http/networks.hpp"
#include "larder/trace.hpp"
#include "listener.hpp"
#include "request_counts.hpp"
#include "turn.hpp"

namespace larder::http {

class certificates;
class connection;
class feed;

struct server_options {
    std::chrono::milliseconds keep_alive_timeout{5'000};
    std::chrono::milliseconds request_timeout{30'000};
    std::size_t max_header_bytes = 16'384;
    std::size_t max_body_bytes = 1'048'576;
    std::size_t max_request_line_bytes = 8'192;
    const certificates* tls = nullptr;  ///< null: none
    bool access_log = true;
    bool log_all_ids = false;    ///< of requests; else those that clients give
    bool log_durations = false;  ///< of requests, in text as well
    bool owns_listener = true;   ///< nobody else accepts from it later
    bool date_header = true;
    std::string headers = {};  ///< of each answer: `name: value` and CRLF each
    /// Adds what each answer has, also the refusal of what could not be read to its end.
    std::function<void(const request&, response&)> complete = [](const request&, response&) {};
    networks trusted_proxies = {};  ///< their x-forwarded-* count
    /// How old that version of an entry is, if the local tier has it; nothing: not any more.
    using look = std::function<std::optional<entry_times>(std::string_view key, std::uint64_t)>;
    look still_has = {};
    /// What still_has() found is one more answer.
    std::function<void(std::string_view key)> had_again = {};
    /// Answers what was received before, all of one turn: for these one look will do.
    turn::around together = [](const std::function<void()>& all) { all(); };
    std::size_t known_bytes = 0;  ///< of answers to requests that came before; 0: none are kept
    request_counts* counts = nullptr;                       ///< of this worker; null: nobody counts
    trace::recorder* traces = nullptr;                      ///< null: no request is recorded
    const std::vector<std::string>* route_names = nullptr;  ///< by their numbers, for that
    /// What follows an answer of the type feed::type, until its end; null: nothing does.
    feed* events = nullptr;
};

class server {
public:
    using handler = std::function<boost::asio::awaitable<response>(const request&)>;

    server(boost::asio::io_context& io, http::acceptor acceptor, server_options options,
           handler answer);
    ~server();

    /// Once; again it does nothing.
    void start();
    /// Takes no more connections, closes those that sent no whole request, lets the others finish
    /// theirs, and calls `drained` when none is left.
    void stop(std::function<void()> drained);
    /// Takes no more connections, and closes those that there are.
    void close();
    /// Where it listens.
    stream::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    /// How many there are, and how many of them wait for an answer.
    std::size_t connections() const { return connections_.size(); }
    std::size_t in_flight() const;

    const server_options& options() const { return options_; }
    const handler& answer() const { return answer_; }
    known_requests& known() { return known_; }
    turn::executor with_others() { return turn::executor{turn_}; }
    bool is_stopping() const { return static_cast<bool>(drained_); }

private:
    friend class connection;
    using connection_list = std::list<connection*>;

    boost::asio::awaitable<void> accept();
    void take_in(stream::socket socket);
    void drop_syns();
    boost::asio::awaitable<void> stop_accepting();
    boost::asio::awaitable<void> sweep();
    connection_list::iterator enter(connection& c);
    void leave(connection_list::iterator c);
    void finish_if_drained();

    boost::asio::io_context& io_;
    http::acceptor acceptor_;
    const server_options options_;
    const handler answer_;
    boost::asio::steady_timer sweep_timer_;
    boost::asio::steady_timer accept_pause_;
    known_requests known_;
    connection_list connections_;
    std::function<void()> drained_;
    bool started_ = false, finished_ = false;
    turn turn_;  // ends first
};

}  // namespace larder::http
