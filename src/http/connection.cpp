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
#include <exception>
#include <memory>
#include <random>
#include <tuple>
#include <utility>

#include "access_log.hpp"
#include "certificates.hpp"
#include "forwarded.hpp"
#include "listener.hpp"
#include "request_span.hpp"

namespace larder::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t small_read = 1'024, read_size = 8'192;
constexpr std::size_t most_unsent = 65'536;  // of answers to pipelined requests
constexpr std::size_t most_kept = 65'536;    // of the buffer of what has been sent
constexpr int most_untaken = 65'536;         // of events, by the system

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
std::array<char, 16> new_id() {
    thread_local std::mt19937_64 chance{std::random_device{}()};
    std::array<char, 16> id;
    auto number = chance();
    for (auto& digit : id) {
        digit = "0123456789abcdef"[number % 16];
        number /= 16;
    }
    return id;
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
    if (listens_ && phase_ == phase::writing) socket_.close();
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

// True when a whole request is in the reader that is not known. What is left to say is said before
// waiting, so pipelined requests are answered with one send.
asio::awaitable<bool> connection::read_request() {
    continued_ = false;
    reader_.next();
    while (true) {
        answer_known();
        auto progress = request_reader::progress::needs_more;
        const bool is_full = out_.size() >= most_unsent;
        if (!is_full) progress = reader_.read();
        if (progress == request_reader::progress::complete) co_return true;
        if (progress == request_reader::progress::refused) break;
        if (!is_ending()) continue_if_expected();
        if (!send_now()) {
            const bool said_all = co_await flush();
            if (!said_all) co_return false;
        }
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
        if (timed_out_ || ec) co_return false;
    }
    refuse(reader_.status(), reader_.why());
    co_return false;
}

// Whether the service stops, and nothing more is waited for here.
bool connection::is_ending() const {
    return owner_.is_stopping() && !(is_new_ && reader_.is_idle());
}

// The front of what has come, as long as it came before and its answer is still true. It is not
// read again, so nothing is asked of the cache but whether it has the entry.
void connection::answer_known() {
    auto& known = owner_.known();
    if (!known.is_on() || owner_.is_stopping()) return;
    const bool is_logged = this->is_logged();
    auto* const counts = owner_.options().counts;
    const known_answer* last = nullptr;
    std::optional<entry_times> times;
    while (out_.size() < most_unsent) {
        const auto head = reader_.next_head();
        const auto* answer = head.empty() ? nullptr : known.find(origin_, head);
        if (!answer) break;
        const auto begun = std::chrono::steady_clock::now();
        // Nothing changes between two that came together.
        if (answer == last) owner_.options().had_again(answer->key);
        else times = owner_.options().still_has(answer->key, answer->version);
        if (!times) break;
        last = answer;
        const auto id = new_id();
        const std::string_view request_id{id.data(), id.size()};
        answer->text.append(out_, request_id, *times);
        if (counts || is_logged) {
            const auto took = std::chrono::steady_clock::now() - begun;
            if (counts) counts->add(answer->route, answer->asked, answer->status, took);
            if (is_logged) log_known(*answer, head, request_id, took);
        }
        if (owner_.options().traces) record_known(owner_.options(), *answer, head, begun);
        reader_.skip(head.size());
        phase_ = phase::answering;
        since_ = begun;
    }
    if (!last) return;
    is_new_ = false;
    reader_.next();
}

void connection::log_known(const known_answer& answer, std::string_view head,
                           std::string_view request_id, std::chrono::nanoseconds took) {
    client_ = answer.client.empty() ? peer_ : answer.client;
    trace_id_.clear();
    trace_.clear();
    request_id_ = request_id;
    if (owner_.options().log_all_ids) trace_ = " id=" + request_id_;
    const response said{.status = answer.status, .cache_key = answer.key, .cache_tier = "local"};
    log(head.substr(0, head.find('\r')), said, took);
}

// Not if another one has the same name: a client's own ids are others each time.
void connection::learn(const response& answer) {
    auto& known = owner_.known();
    const auto head = reader_.plain_head();
    const bool is_answer = answer.status == 200 || answer.status == 304;
    if (!known.is_on() || answer.entry_version == 0 || !is_answer || !keep_alive_ || head.empty() ||
        reader_.get().host.empty() || reader_.has("x-request-id") || reader_.has("traceparent"))
        return;
    if (!known.has_come(origin_, head)) return;
    known.keep(origin_, head,
               {.key = answer.cache_key,
                .version = answer.entry_version,
                .status = answer.status,
                .route = answer.route,
                .asked = reader_.get().method,
                .client = client_ == peer_ ? "" : client_,
                .text = answer_again{answer, frame()}});
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
    if (!is_given) {
        const auto id = new_id();
        request_id_.assign(id.data(), id.size());
    }
    if (is_given || owner_.options().log_all_ids) trace_ = " id=" + request_id_;
    parent_ = reader_.all("traceparent");
    if (!is_traceparent(parent_)) return parent_.clear();
    trace_ += " traceparent=" + parent_;
    trace_id_ = parent_.substr(3, 32);
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
    auto span = begin_span(owner_.options(), parent_, r, begun);
    r.trace = span.inside();
    if (span && trace_id_.empty()) trace_id_ = trace::text_of(r.trace.trace);
    keep_alive_ = reader_.keeps_alive() && !owner_.is_stopping();
    response answer;
    try {
        answer = co_await owner_.answer()(r);
    } catch (...) {  // memory that was wanting, most likely; the handlers' own are answered already
        answer = answer_to_failure();
    }
    owner_.options().complete(r, answer);
    if (span) end_span(span, owner_.options(), r, answer);
    if (owner_.is_stopping()) keep_alive_ = false;
    auto* const counts = owner_.options().counts;
    if (counts || is_logged()) {
        const auto took = std::chrono::steady_clock::now() - begun;
        if (counts) counts->add(answer.route, r.method, answer.status, took);
        if (is_logged()) log(reader_.request_line(), answer, took);
    }
    auto* const events = owner_.options().events;
    listens_ = events && answer.content_type == feed::type;
    if (listens_) keep_alive_ = false;
    append_answer(out_, answer, frame());
    learn(answer);
    if (listens_ && r.method == method::get) co_await tell(*events);
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

// The client cannot be understood, so nothing that follows can be trusted either.
void connection::refuse(unsigned status, std::string_view why) {
    keep_alive_ = false;
    client_ = peer_;
    name_request();
    auto refusal = error_response(status, reason(status));
    owner_.options().complete(reader_.get(), refusal);
    if (auto* const counts = owner_.options().counts) counts->add_refused(status);
    if (is_logged()) log("invalid request: " + std::string{why}, refusal, std::nullopt);
    append_answer(out_, refusal, frame());
}

answer_frame connection::frame() const {
    const auto& options = owner_.options();
    return {.has_date = options.date_header,
            .headers = options.headers,
            .request_id = request_id_,
            .connection = !keep_alive_            ? "close"
                          : reader_.is_http_1_0() ? "keep-alive"
                                                  : "",
            .has_body = reader_.get().method != method::head,
            .has_length = !listens_};
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
