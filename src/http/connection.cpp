#include "connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <exception>
#include <random>
#include <utility>

#include "access_log.hpp"
#include "certificates.hpp"
#include "forwarded.hpp"
#include "listener.hpp"

namespace larder::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t read_size = 8'192;
constexpr std::size_t most_unsent = 65'536;  // of answers to pipelined requests
constexpr std::size_t most_kept = 65'536;    // of the buffer of what has been sent

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

bool trusts(const networks& proxies, const stream::endpoint& peer) {
    if (peer.protocol().family() == AF_UNIX) return proxies.is_everybody();
    tcp::endpoint named;
    std::memcpy(named.data(), peer.data(), std::min(peer.size(), named.capacity()));
    return proxies.contains(named.address());
}

bool is_visible(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

// W3C Trace Context: 00-32 digits-16 digits-2 digits, or of a later version, longer.
bool is_traceparent(std::string_view text) {
    constexpr std::string_view shape = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
    if (text.size() < shape.size() || text.size() > 128 || !is_visible(text)) return false;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (shape[i] == '-'
                ? text[i] != '-'
                : std::string_view{"0123456789abcdef"}.find(text[i]) == std::string_view::npos)
            return false;
    return true;
}

// Only inside a catch block.
response answer_to_failure() {
    try {
        throw;
    } catch (const std::exception& e) {
        spdlog::error("A request failed: {}", e.what());
    } catch (...) {
        spdlog::error("A request failed with something that is no std::exception");
    }
    return error_response(500, "Internal Server Error");
}

// Unlike any other of this process, and most likely of any.
std::string new_id() {
    thread_local std::mt19937_64 chance{std::random_device{}()};
    return fmt::format("{:016x}", chance());
}

}  // namespace

connection::connection(server& owner, stream::socket socket)
    : owner_(owner),
      socket_(std::move(socket)),
      reader_({owner.options().max_request_line_bytes, owner.options().max_header_bytes,
               owner.options().max_body_bytes}) {
    boost::system::error_code ec;
    socket_.set_option(tcp::no_delay{true}, ec);  // of a Unix socket there is none
    const auto peer = socket_.remote_endpoint(ec);
    peer_ = ec ? "-" : text_of(peer);
    is_proxy_ = !ec && trusts(owner.options().trusted_proxies, peer);
    if (const auto* tls = owner.options().tls) tls_.emplace(socket_, *tls->current());
    place_ = owner.enter(*this);  // last: if something throws, nobody leaves again
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
    constexpr std::chrono::milliseconds at_the_end{500};  // for the request of a new connection
    const bool may_end = phase_ == phase::idle || phase_ == phase::lingering;
    std::chrono::milliseconds limit = may_end ? limits.keep_alive_timeout : limits.request_timeout;
    if (owner_.is_stopping() && (may_end || phase_ == phase::shaking_hands)) limit = at_the_end;
    if (phase_ == phase::answering || now - since_ <= limit) return;
    timed_out_ = phase_ == phase::reading;
    if (timed_out_) socket_.cancel();
    else socket_.close();
}

// A request that has arrived is read and answered: closing would reset it. Who has just connected
// has one on the way.
void connection::close_if_waiting() {
    if (is_new_ && phase_ == phase::idle) return;
    if (phase_ != phase::idle && phase_ != phase::reading) return;
    boost::system::error_code ec;
    if (socket_.available(ec) == 0) socket_.close();
}

asio::awaitable<bool> connection::shake_hands() {
    if (!tls_) co_return true;
    enter(phase::shaking_hands);
    const auto [ec] = co_await tls_->async_handshake(asio::ssl::stream_base::server,
                                                     asio::as_tuple(asio::use_awaitable));
    if (ec) spdlog::debug("{} - no TLS: {}", peer_, ec.message());
    co_return !ec;
}

asio::awaitable<void> connection::run() {
    const bool understood = co_await shake_hands();
    if (!understood) co_return;
    while (keep_alive_) {
        const bool received = co_await read_request();
        if (!received) break;
        enter(phase::answering);
        is_new_ = false;
        co_await answer_request();
        if (out_.size() < most_unsent) continue;
        const bool said_part = co_await flush();
        if (!said_part) co_return;
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
        if (!is_ending()) continue_if_expected();
        const bool said_all = co_await flush();
        if (!said_all || is_ending()) co_return false;
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

// Whether the service stops, and nothing more is waited for here.
bool connection::is_ending() const {
    return owner_.is_stopping() && !(is_new_ && reader_.is_idle());
}

asio::awaitable<bool> connection::read_more() {
    const auto room = reader_.room(read_size);
    const auto into = asio::buffer(room.data(), room.size());
    auto reading = tls_ ? tls_->async_read_some(into, asio::as_tuple(asio::use_awaitable))
                        : socket_.async_read_some(into, asio::as_tuple(asio::use_awaitable));
    const auto [ec, size] = co_await std::move(reading);
    reader_.received(size);
    co_return !ec && !timed_out_;
}

asio::awaitable<bool> connection::flush() {
    if (out_.empty()) co_return true;
    enter(phase::writing);
    const auto said = asio::buffer(out_);
    auto writing = tls_ ? asio::async_write(*tls_, said, asio::as_tuple(asio::use_awaitable))
                        : asio::async_write(socket_, said, asio::as_tuple(asio::use_awaitable));
    const auto [ec, size] = co_await std::move(writing);
    out_.clear();
    if (out_.capacity() > most_kept) out_.shrink_to_fit();
    co_return !ec;
}

// Only for a body that is wanted: a request that is refused by its head does not get here.
void connection::continue_if_expected() {
    if (!continued_ && reader_.expects_continue()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    continued_ = continued_ || reader_.expects_continue();
}

void connection::find_client() {
    client_ = peer_;
    scheme_ = tls_ ? "https" : "http";
    if (!is_proxy_) return;
    const auto said = read_forwarded(reader_, owner_.options().trusted_proxies);
    if (said.client) client_ = text_of(*said.client);
    if (!said.scheme.empty()) scheme_ = said.scheme;
}

// The client's own id if it is one, and else one that nobody has.
void connection::name_request() {
    constexpr std::size_t longest = 128;
    trace_.clear();
    trace_id_.clear();
    request_id_ = reader_.all("x-request-id");
    const bool is_given =
        !request_id_.empty() && request_id_.size() <= longest && is_visible(request_id_);
    if (!is_given) request_id_ = new_id();
    if (is_given || owner_.options().log_all_ids) trace_ = " id=" + request_id_;
    const auto parent = reader_.all("traceparent");
    if (!is_traceparent(parent)) return;
    trace_ += " traceparent=" + parent;
    trace_id_ = parent.substr(3, 32);
}

asio::awaitable<void> connection::answer_request() {
    const auto begun = std::chrono::steady_clock::now();
    auto r = reader_.get();
    std::string local;
    if (r.host.empty()) {
        boost::system::error_code ignored;
        local = text_of(socket_.local_endpoint(ignored));
        r.host = local;
    }
    find_client();
    name_request();
    r.scheme = scheme_;
    keep_alive_ = reader_.keeps_alive() && !owner_.is_stopping();
    response answer;
    try {
        answer = co_await owner_.answer()(r);
    } catch (...) {  // memory that was wanting, most likely; the handlers' own are answered already
        answer = answer_to_failure();
    }
    owner_.options().complete(r, answer);
    if (owner_.is_stopping()) keep_alive_ = false;
    auto* const counts = owner_.options().counts;
    if (counts || is_logged()) {
        const auto took = std::chrono::steady_clock::now() - begun;
        if (counts) counts->add(answer.route, r.method, answer.status, took);
        if (is_logged()) log(reader_.request_line(), answer, took);
    }
    append(answer);
}

// The client cannot be understood, so nothing that follows can be trusted either.
void connection::refuse(unsigned status, std::string_view why) {
    keep_alive_ = false;
    client_ = peer_;
    name_request();
    auto refusal = error_response(status, reason(status));
    owner_.options().complete(reader_.get(), refusal);
    if (auto* const counts = owner_.options().counts) counts->add_refused(status);
    if (is_logged()) log("invalid request: " + std::string{why}, refusal, std::nullopt);
    append(refusal);
}

void connection::append(const response& r) {
    out_ += "HTTP/1.1 ";
    out_ += std::to_string(r.status);
    out_ += ' ';
    out_ += reason(r.status);
    out_ += "\r\n";
    if (owner_.options().date_header) {
        out_ += "date: ";
        out_ += date();
        out_ += "\r\n";
    }
    out_ += owner_.options().headers;
    if (!request_id_.empty()) {
        out_ += "x-request-id: ";
        out_ += std::exchange(request_id_, {});
        out_ += "\r\n";
    }
    if (r.status != 204 && r.status != 304) {
        out_ += "content-length: ";
        out_ += std::to_string(r.body.size());
        out_ += "\r\n";
    }
    if (!r.body.empty()) {
        out_ += "content-type: ";
        out_ += r.content_type;
        out_ += "\r\n";
    }
    for (const auto& [name, value] : r.headers) {
        out_ += name;
        out_ += ": ";
        out_ += value;
        out_ += "\r\n";
    }
    if (!keep_alive_) out_ += "connection: close\r\n";
    else if (reader_.is_http_1_0()) out_ += "connection: keep-alive\r\n";
    out_ += "\r\n";
    if (reader_.get().method != method::head) out_ += r.body;
}

bool connection::is_logged() const {
    return owner_.options().access_log && spdlog::should_log(spdlog::level::info);
}

void connection::log(std::string_view line, const response& answer,
                     std::optional<std::chrono::nanoseconds> took) const {
    log_access({.client = client_,
                .line = line,
                .request_id = request_id_,
                .trace_id = trace_id_,
                .trace = trace_,
                .took = took,
                .has_duration = owner_.options().log_durations},
               answer);
}

// Closing with unread bytes would reset the connection and the client could lose the answer.
asio::awaitable<void> connection::linger() {
    enter(phase::lingering);
    // It fails where the client goes on sending, which is no reason to reset the connection.
    if (tls_) co_await tls_->async_shutdown(asio::as_tuple(asio::use_awaitable));
    boost::system::error_code ec;
    socket_.shutdown(stream::socket::shutdown_send, ec);
    std::array<char, read_size> unread;
    while (!ec) {
        const auto [read_error, size] = co_await socket_.async_read_some(
            asio::buffer(unread), asio::as_tuple(asio::use_awaitable));
        ec = read_error;
    }
}

}  // namespace larder::http
