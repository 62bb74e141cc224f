#include "connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <spdlog/spdlog.h>

#include <array>
#include <ctime>
#include <utility>

#include "listener.hpp"

namespace larder::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t read_size = 8'192;

// "Sun, 22 Nov 2026 10:00:00 GMT", made once a second by each worker.
std::string_view date() {
    thread_local std::time_t made_at = 0;
    thread_local std::string text;
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != made_at) {
        made_at = now.tv_sec;
        std::tm utc{};
        gmtime_r(&made_at, &utc);
        char buffer[32];
        text.assign(buffer,
                    std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &utc));
    }
    return text;
}

}  // namespace

connection::connection(server& owner, tcp::socket socket)
    : owner_(owner),
      socket_(std::move(socket)),
      reader_({owner.options().max_request_line_bytes, owner.options().max_header_bytes,
               owner.options().max_body_bytes}),
      place_(owner.enter(*this)) {
    boost::system::error_code ignored;
    socket_.set_option(tcp::no_delay{true}, ignored);
    enter(phase::idle);
}

connection::~connection() { owner_.leave(place_); }

// A phase lasts until another one begins: a client that sends byte by byte gains no time.
void connection::enter(phase p) {
    if (phase_ == p) return;
    phase_ = p;
    since_ = std::chrono::steady_clock::now();
}

void connection::close_if_overdue(std::chrono::steady_clock::time_point now) {
    const auto& limits = owner_.options();
    const auto limit = phase_ == phase::idle ? limits.keep_alive_timeout : limits.request_timeout;
    if (phase_ == phase::answering || now - since_ <= limit) return;
    timed_out_ = phase_ == phase::reading;
    if (timed_out_) socket_.cancel();
    else socket_.close();
}

// A request that has arrived is read and answered: closing would reset it.
void connection::close_if_waiting() {
    if (phase_ != phase::idle && phase_ != phase::reading) return;
    boost::system::error_code ec;
    if (socket_.available(ec) == 0) socket_.close();
}

asio::awaitable<void> connection::run() {
    while (keep_alive_) {
        const bool received = co_await read_request();
        if (!received) break;
        enter(phase::answering);
        co_await answer_request();
    }
    const bool said_all = co_await flush();
    if (said_all) co_await linger();
}

// True when a whole request is in the reader. What is left to say is said before waiting, so
// pipelined requests are answered with one send.
asio::awaitable<bool> connection::read_request() {
    reader_.next();
    continued_ = false;
    auto progress = reader_.read();
    while (progress == request_reader::progress::needs_more) {
        continue_if_expected();
        const bool said_all = co_await flush();
        if (!said_all || owner_.is_stopping()) co_return false;
        enter(reader_.is_idle() ? phase::idle : phase::reading);
        const bool received = co_await read_more();
        if (timed_out_) refuse(408, "it took too long");
        if (!received) co_return false;
        progress = reader_.read();
    }
    if (progress == request_reader::progress::complete) co_return true;
    refuse(reader_.status(), reader_.why());
    co_return false;
}

asio::awaitable<bool> connection::read_more() {
    const auto room = reader_.room(read_size);
    const auto [ec, size] = co_await socket_.async_read_some(asio::buffer(room.data(), room.size()),
                                                             asio::as_tuple(asio::use_awaitable));
    reader_.received(size);
    co_return !ec && !timed_out_;
}

asio::awaitable<bool> connection::flush() {
    if (out_.empty()) co_return true;
    enter(phase::writing);
    const auto [ec, size] = co_await asio::async_write(socket_, asio::buffer(out_),
                                                       asio::as_tuple(asio::use_awaitable));
    out_.clear();
    co_return !ec;
}

// Only for a body that is wanted: a request that is refused by its head does not get here.
void connection::continue_if_expected() {
    if (!continued_ && reader_.expects_continue()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    continued_ = continued_ || reader_.expects_continue();
}

asio::awaitable<void> connection::answer_request() {
    auto r = reader_.get();
    std::string local;
    if (r.host.empty()) {
        boost::system::error_code ignored;
        local = url_of(socket_.local_endpoint(ignored)).substr(std::string_view{"http://"}.size());
        r.host = local;
    }
    keep_alive_ = reader_.keeps_alive() && !owner_.is_stopping();
    const auto answer = co_await owner_.answer()(r);
    if (owner_.is_stopping()) keep_alive_ = false;
    append(answer);
    if (spdlog::should_log(spdlog::level::info)) log(reader_.request_line(), answer.status);
}

// The client cannot be understood, so nothing that follows can be trusted either.
void connection::refuse(unsigned status, std::string_view why) {
    keep_alive_ = false;
    append(error_response(status, reason(status)));
    if (spdlog::should_log(spdlog::level::info))
        log("invalid request: " + std::string{why}, status);
}

void connection::append(const response& r) {
    out_ += "HTTP/1.1 ";
    out_ += std::to_string(r.status);
    out_ += ' ';
    out_ += reason(r.status);
    out_ += "\r\ndate: ";
    out_ += date();
    out_ += "\r\nserver: larder";
    if (r.status != 204 && r.status != 304) {
        out_ += "\r\ncontent-length: ";
        out_ += std::to_string(r.body.size());
    }
    if (!r.body.empty()) {
        out_ += "\r\ncontent-type: ";
        out_ += r.content_type;
    }
    for (const auto& [name, value] : r.headers) {
        out_ += "\r\n";
        out_ += name;
        out_ += ": ";
        out_ += value;
    }
    if (!keep_alive_) out_ += "\r\nconnection: close";
    else if (reader_.is_http_1_0()) out_ += "\r\nconnection: keep-alive";
    out_ += "\r\n\r\n";
    if (reader_.get().method != method::head) out_ += r.body;
}

void connection::log(std::string_view request_line, unsigned status) const {
    boost::system::error_code ec;
    const auto peer = socket_.remote_endpoint(ec);
    const auto remote = ec ? "-" : url_of(peer).substr(std::string_view{"http://"}.size());
    spdlog::info("{} - \"{}\" {} {}", remote, request_line, status, reason(status));
}

// Closing with unread bytes would reset the connection and the client could lose the answer.
asio::awaitable<void> connection::linger() {
    boost::system::error_code ec;
    socket_.shutdown(tcp::socket::shutdown_send, ec);
    enter(phase::idle);
    std::array<char, read_size> unread;
    while (!ec && !owner_.is_stopping()) {
        const auto [read_error, size] = co_await socket_.async_read_some(
            asio::buffer(unread), asio::as_tuple(asio::use_awaitable));
        ec = read_error;
    }
}

}  // namespace larder::http
