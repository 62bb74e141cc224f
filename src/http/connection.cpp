#include "connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <spdlog/spdlog.h>

#include <ctime>

#include "larder/percent.hpp"
#include "listener.hpp"

namespace larder::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t read_size = 8'192;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

method method_of(beast::http::verb verb) {
    switch (verb) {
        case beast::http::verb::get: return method::get;
        case beast::http::verb::head: return method::head;
        case beast::http::verb::post: return method::post;
        case beast::http::verb::put: return method::put;
        case beast::http::verb::patch: return method::patch;
        case beast::http::verb::delete_: return method::del;
        case beast::http::verb::options: return method::options;
        default: return method::other;
    }
}

unsigned status_for(const boost::system::error_code& parse_error) {
    if (parse_error == beast::http::error::header_limit) return 431;
    if (parse_error == beast::http::error::body_limit) return 413;
    if (parse_error == beast::http::error::bad_version) return 505;
    return 400;
}

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

// The path and query of an absolute target as well ("GET http://host/count HTTP/1.1").
std::string_view origin_form(std::string_view target) {
    const auto scheme = target.find("://");
    if (target.starts_with('/') || scheme == std::string_view::npos) return target;
    const auto path = target.find('/', scheme + 3);
    return path == std::string_view::npos ? "/" : target.substr(path);
}

// RFC 9112, section 3.2: one Host line, which may be empty, with a host and a port. Redirects
// repeat it, so nothing else may stand there.
template <class Message>
bool has_proper_host(const Message& message) {
    const auto lines = message.count(beast::http::field::host);
    if (lines == 0) return message.version() < 11;
    const auto host = view(message[beast::http::field::host]);
    constexpr std::string_view allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()*+,;=:[]";
    return lines == 1 && host.find_first_not_of(allowed) == std::string_view::npos;
}

class fields_of : public header_fields {
public:
    explicit fields_of(const beast::http::fields& all) : all_(all) {}

    std::string all(std::string_view name) const override {
        std::string joined;
        const auto [first, last] = all_.equal_range(beast::string_view{name.data(), name.size()});
        for (auto it = first; it != last; ++it) {
            if (it != first) joined += ", ";
            joined += view(it->value());
        }
        return joined;
    }

private:
    const beast::http::fields& all_;
};

}  // namespace

connection::connection(server& owner, tcp::socket socket)
    : owner_(owner), socket_(std::move(socket)), place_(owner.enter(*this)) {
    boost::system::error_code ignored;
    socket_.set_option(tcp::no_delay{true}, ignored);
    enter(phase::idle);
}

connection::~connection() { owner_.leave(place_); }

void connection::enter(phase p) {
    phase_ = p;
    since_ = std::chrono::steady_clock::now();
}

void connection::close_if_overdue(std::chrono::steady_clock::time_point now) {
    const auto& limits = owner_.options();
    const auto limit = phase_ == phase::idle ? limits.keep_alive_timeout : limits.request_timeout;
    if (phase_ != phase::answering && now - since_ > limit) socket_.close();
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

// True when a whole request is in the parser. What is left to say is said before waiting, so
// pipelined requests are answered with one send.
asio::awaitable<bool> connection::read_request() {
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<std::uint32_t>(owner_.options().max_header_bytes));
    parser_->body_limit(owner_.options().max_body_bytes);
    continued_ = false;
    while (parse()) {
        co_await continue_if_expected();
        const bool said_all = co_await flush();
        if (!said_all || owner_.is_stopping()) co_return false;
        enter(in_.size() == 0 && !parser_->got_some() ? phase::idle : phase::reading);
        const bool received = co_await read_more();
        if (!received) co_return false;
    }
    co_return parser_->is_done();
}

// True if more bytes are needed. Otherwise the request is there, or refused.
bool connection::parse() {
    while (in_.size() > 0 && !parser_->is_done()) {
        boost::system::error_code ec;
        in_.consume(parser_->put(in_.data(), ec));
        if (ec == beast::http::error::need_more) {
            if (in_.size() <= owner_.options().max_header_bytes) return true;
            ec = beast::http::error::header_limit;  // of a chunk's line, which Beast does not limit
        }
        if (!ec) continue;
        refuse(ec);
        return false;
    }
    return !parser_->is_done();
}

asio::awaitable<bool> connection::read_more() {
    const auto [ec, size] = co_await socket_.async_read_some(in_.prepare(read_size),
                                                             asio::as_tuple(asio::use_awaitable));
    in_.commit(size);
    co_return !ec;
}

asio::awaitable<bool> connection::flush() {
    if (out_.empty()) co_return true;
    enter(phase::writing);
    const auto [ec, size] = co_await asio::async_write(socket_, asio::buffer(out_),
                                                       asio::as_tuple(asio::use_awaitable));
    out_.clear();
    co_return !ec;
}

asio::awaitable<void> connection::continue_if_expected() {
    if (!parser_->is_header_done() || continued_) co_return;
    continued_ = true;
    const auto& request = parser_->get();
    if (beast::iequals(request[beast::http::field::expect], "100-continue"))
        out_ += "HTTP/1.1 100 Continue\r\n\r\n";
}

asio::awaitable<void> connection::answer_request() {
    const auto& message = parser_->get();
    if (!has_proper_host(message)) {
        refuse(beast::http::error::bad_field);
        co_return;
    }
    const auto target = origin_form(view(message.target()));
    const auto question = std::min(target.find('?'), target.size());
    const fields_of headers{message};
    std::string local;
    std::string decoded;
    request r{
        .method = method_of(message.method()),
        .path = target.substr(0, question),
        .query = target.substr(std::min(question + 1, target.size())),
        .body = message.body(),
        .host = view(message[beast::http::field::host]),
        .content_type = view(message[beast::http::field::content_type]),
        .headers = &headers,
    };
    if (r.path.find('%') != std::string_view::npos) {
        decoded = percent_decode_leniently(r.path);
        r.path = decoded;
    }
    if (r.host.empty()) {
        boost::system::error_code ignored;
        local = url_of(socket_.local_endpoint(ignored)).substr(std::string_view{"http://"}.size());
        r.host = local;
    }
    keep_alive_ = message.keep_alive() && !owner_.is_stopping();
    const auto answer = co_await owner_.answer()(r);
    if (owner_.is_stopping()) keep_alive_ = false;
    append(answer, r.method != method::head, message.version());
    if (spdlog::should_log(spdlog::level::info))
        log(fmt::format("{} {} HTTP/{}.{}", view(message.method_string()), view(message.target()),
                        message.version() / 10, message.version() % 10),
            answer.status);
}

// The client cannot be understood, so nothing that follows can be trusted either.
void connection::refuse(const boost::system::error_code& why) {
    const auto status = status_for(why);
    keep_alive_ = false;
    append(error_response(status, reason(status)), true, 11);
    if (spdlog::should_log(spdlog::level::info)) log("invalid request: " + why.message(), status);
}

void connection::append(const response& r, bool with_body, unsigned version) {
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
    else if (version == 10) out_ += "\r\nconnection: keep-alive";
    out_ += "\r\n\r\n";
    if (with_body) out_ += r.body;
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
    while (!ec && !owner_.is_stopping()) {
        in_.clear();
        const auto [read_error, size] = co_await socket_.async_read_some(
            in_.prepare(read_size), asio::as_tuple(asio::use_awaitable));
        ec = read_error;
    }
}

}  // namespace larder::http
