#include "connection.hpp"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <tuple>
#include <utility>

#include "certificates.hpp"
#include "listener.hpp"

namespace LARDER_NAMESPACE::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t small_read = 1'024, read_size = 8'192;
constexpr std::size_t most_kept = 65'536;  // of the buffer of what has been sent
constexpr int most_untaken = 65'536;       // of events, by the system

bool trusts(const networks& proxies, const stream::endpoint& peer) {
    if (peer.protocol().family() == AF_UNIX) return proxies.is_everybody();
    tcp::endpoint named;
    std::memcpy(named.data(), peer.data(), std::min(peer.size(), named.capacity()));
    return proxies.contains(named.address());
}

}  // namespace

connection::connection(server& owner, stream::socket socket)
    : owner_(owner),
      socket_(std::move(socket)),
      reader_({owner.options().max_request_line_bytes, owner.options().max_header_bytes,
               owner.options().max_body_bytes}) {
    boost::system::error_code ec;
    socket_.set_option(tcp::no_delay{true}, ec);  // of a Unix socket there is none
    socket_.non_blocking(true, ec);
    const auto peer = socket_.remote_endpoint(ec);
    peer_ = ec ? "-" : text_of(peer);
    is_proxy_ = !ec && trusts(owner.options().trusted_proxies, peer);
    const bool is_encrypted = owner.options().tls != nullptr;
    origin_ = is_encrypted ? is_proxy_ ? request_origin::proxy_encrypted : request_origin::encrypted
              : is_proxy_  ? request_origin::proxy
                           : request_origin::clear;
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

// A time in which nobody was served is not the client's.
void connection::close_if_overdue(std::chrono::steady_clock::time_point now,
                                  std::chrono::nanoseconds late) {
    since_ = std::min(since_ + late, now);
    const auto& limits = owner_.options();
    constexpr std::chrono::milliseconds at_the_end{500};  // for the request of a new connection
    const bool may_end = phase_ == phase::idle || phase_ == phase::lingering;
    std::chrono::milliseconds limit = may_end ? limits.keep_alive_timeout : limits.request_timeout;
    if (owner_.is_stopping() && (may_end || phase_ == phase::shaking_hands)) limit = at_the_end;
    if (phase_ == phase::answering || now - since_ <= limit) return;
    if (phase_ == phase::idle && has_arrived()) return;  // it is read at once
    timed_out_ = phase_ == phase::reading;
    if (timed_out_) socket_.cancel();
    else socket_.close();
}

// A request that has arrived is read and answered: closing would reset it. Who has just connected
// has one on the way.
void connection::close_if_waiting() {
    if (listens_ && phase_ == phase::writing) socket_.close();
    if (is_new_ && phase_ == phase::idle) return;
    if (phase_ != phase::idle && phase_ != phase::reading) return;
    if (!has_arrived()) socket_.close();
}

bool connection::has_arrived() const {
    boost::system::error_code ec;
    return socket_.available(ec) > 0;
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
    }
    const bool said_all = co_await flush();
    if (said_all) co_await linger();
}

// True when a whole request is in the reader that is not known. What is left to say is said before
// that is answered, which may take long, and before waiting; so pipelined requests that are known
// are answered with one send.
asio::awaitable<bool> connection::read_request() {
    continued_ = false;
    reader_.next();
    while (true) {
        answer_known();
        auto progress = request_reader::progress::needs_more;
        const bool is_full = out_.size() >= most_unsent;
        if (!is_full) progress = reader_.read();
        if (progress == request_reader::progress::refused) break;
        const bool is_complete = progress == request_reader::progress::complete;
        if (!is_complete && !is_ending()) continue_if_expected();
        if (!send_now()) {
            const bool said_all = co_await flush();
            if (!said_all) co_return false;
        }
        if (is_complete) co_return true;
        if (is_full) continue;
        if (is_ending()) co_return false;
        enter(reader_.is_idle() ? phase::idle : phase::reading);
        // Who says nothing has room for a small request; who has filled it gets more.
        const auto room = reader_.room(sends_much_ ? read_size : small_read);
        const auto into = asio::buffer(room.data(), room.size());
        // To be answered once everything that came in this turn is there.
        const auto with_others = owner_.with_others();
        std::tuple<boost::system::error_code, std::size_t> come;
        if (tls_) {
            come = co_await tls_->async_read_some(into, asio::as_tuple(asio::deferred));
            co_await asio::dispatch(asio::bind_executor(with_others, asio::deferred));
        } else {
            come = co_await socket_.async_read_some(
                into, asio::bind_executor(with_others, asio::as_tuple(asio::deferred)));
        }
        const auto [ec, size] = come;
        reader_.received(size);
        sends_much_ = size == room.size();
        if (timed_out_) refuse(408, "it took too long");
        if (timed_out_ || ec || !socket_.is_open()) co_return false;  // nobody would be answered
    }
    refuse(reader_.status(), reader_.why());
    co_return false;
}

// Whether the service stops, and nothing more is waited for here.
bool connection::is_ending() const {
    return owner_.is_stopping() && !(is_new_ && reader_.is_idle());
}

void connection::forget_sent() {
    out_.clear();
    if (out_.capacity() > most_kept) out_.shrink_to_fit();
}

// At once, if the system takes all of it.
bool connection::send_now() {
    if (tls_ || out_.empty()) return out_.empty();
    boost::system::error_code ec;
    const auto size = socket_.write_some(asio::buffer(out_), ec);
    if (size == out_.size()) forget_sent();
    else out_.erase(0, size);
    return out_.empty();
}

asio::awaitable<bool> connection::flush() {
    if (out_.empty()) co_return true;
    enter(phase::writing);
    const auto said = asio::buffer(out_);
    auto writing = tls_ ? asio::async_write(*tls_, said, asio::as_tuple(asio::use_awaitable))
                        : asio::async_write(socket_, said, asio::as_tuple(asio::use_awaitable));
    const auto [ec, size] = co_await std::move(writing);
    forget_sent();
    co_return !ec;
}

// Only for a body that is wanted: a request that is refused by its head does not get here.
void connection::continue_if_expected() {
    if (!continued_ && reader_.expects_continue()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    continued_ = continued_ || reader_.expects_continue();
}

// Until there are no more, or the client has gone or does not take one in time. It sends nothing
// that it could lose, so its connection is closed at once.
asio::awaitable<void> connection::tell(feed& events) {
    const auto mine = std::make_shared<feed::listener>(events);
    leave_when_closed(mine);
    boost::system::error_code ec;
    socket_.set_option(asio::socket_base::send_buffer_size{most_untaken}, ec);
    bool takes_it = co_await flush();
    while (takes_it) {
        enter(phase::answering);
        const auto event = co_await mine->next();
        if (!event || !socket_.is_open()) break;
        out_ += *event;
        takes_it = co_await flush();
    }
    socket_.close(ec);
}

// Else its place would be free only when the next event cannot be sent. Bytes that it sends all the
// same are left unread, and it is not waited for any more.
void connection::leave_when_closed(const std::weak_ptr<feed::listener>& who) {
    socket_.async_wait(asio::socket_base::wait_read, [this, who](boost::system::error_code ec) {
        const auto still = who.lock();
        if (!still || ec) return;
        char next = 0;
        if (::recv(socket_.native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0) still->leave();
    });
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

}  // namespace LARDER_NAMESPACE::http
