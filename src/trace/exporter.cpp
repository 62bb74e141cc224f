#include "trace/exporter.hpp"

#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace larder::trace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace web = boost::beast::http;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds every = 1s, patience = 10s, at_the_end = 1s, first_wait = 1s,
                                    longest_wait = 30s;
constexpr std::size_t longest_answer = 65'536;

asio::ssl::context tls_for(const options& o) {
    asio::ssl::context tls{asio::ssl::context::tls_client};
    tls.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    tls.set_verify_mode(asio::ssl::verify_peer);
    if (!o.to.is_encrypted) return tls;
    boost::system::error_code ec;
    if (o.authorities.empty()) tls.set_default_verify_paths(ec);
    else tls.load_verify_file(o.authorities, ec);
    if (ec)
        throw std::system_error(ec,
                                "The authorities for traces cannot be read from " + o.authorities);
    return tls;
}

std::chrono::nanoseconds since_1970() {
    return std::chrono::system_clock::now().time_since_epoch() -
           std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace

// One connection to the collector.
class exporter::line {
public:
    line(asio::io_context& io, asio::ssl::context& tls, const endpoint& to) : stream_(io) {
        if (!to.is_encrypted) return;
        tls_.emplace(stream_, tls);
        tls_->set_verify_callback(asio::ssl::host_name_verification{to.host});
        boost::system::error_code is_name;
        asio::ip::make_address(to.host, is_name);
        if (is_name)  // SSL_set_tlsext_host_name, without the macro's cast
            SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     const_cast<char*>(to.host.c_str()));
    }

    asio::awaitable<void> open(std::vector<asio::ip::tcp::endpoint> addresses) {
        stream_.expires_after(patience);
        co_await stream_.async_connect(addresses, asio::use_awaitable);
        if (tls_)
            co_await tls_->async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    }

    asio::awaitable<web::response<web::string_body>> ask(web::request<web::string_body> request) {
        web::response_parser<web::string_body> answer;
        answer.body_limit(longest_answer);
        beast::flat_buffer unread;
        stream_.expires_after(patience);
        if (tls_) {
            co_await web::async_write(*tls_, request, asio::use_awaitable);
            co_await web::async_read(*tls_, unread, answer, asio::use_awaitable);
        } else {
            co_await web::async_write(stream_, request, asio::use_awaitable);
            co_await web::async_read(stream_, unread, answer, asio::use_awaitable);
        }
        stream_.expires_never();
        co_return answer.release();
    }

    void close() { stream_.close(); }

private:
    beast::tcp_stream stream_;
    std::optional<asio::ssl::stream<beast::tcp_stream&>> tls_;
};

exporter::exporter(asio::io_context& io, recorder& from, options o, resource who,
                   std::string version)
    : io_(io),
      from_(from),
      options_(std::move(o)),
      who_(std::move(who)),
      version_(std::move(version)),
      tls_(tls_for(options_)),
      names_(io.get_executor()),
      pause_(io),
      give_up_(io) {
    from_.when_many_wait([this] {
        asio::post(io_, [this] {
            if (wait_ == 0ms) pause_.cancel();
        });
    });
}

exporter::~exporter() { from_.when_many_wait({}); }

void exporter::start() { asio::co_spawn(io_, run(), asio::detached); }

void exporter::stop() {
    stopping_ = true;
    pause_.cancel();
    give_up_.expires_after(at_the_end);
    give_up_.async_wait([this](boost::system::error_code ec) {
        if (!ec) close();
    });
}

void exporter::close() {
    stopping_ = closed_ = true;
    pause_.cancel();
    give_up_.cancel();
    names_.cancel();
    if (line_) line_->close();
}

asio::awaitable<void> exporter::run() {
    while (!stopping_) {
        pause_.expires_after(std::max(wait_, every));
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (!closed_) co_await tell_all();
    }
    if (!closed_ && wait_ == 0ms) co_await tell_all();
    line_.reset();
    give_up_.cancel();
}

asio::awaitable<void> exporter::tell_all() {
    while (!closed_) {
        if (batch_.empty()) batch_ = from_.take(recorder::many);
        if (batch_.empty()) break;
        auto body = encode(who_, version_, batch_, since_1970());
        const auto is = co_await post(std::move(body));
        settle(is, batch_.size());
        if (is == outcome::later) break;
        batch_.clear();
    }
}

// A connection that was kept may have been closed meanwhile, which is no reason to wait.
asio::awaitable<exporter::outcome> exporter::post(std::string body) {
    bool was_kept = true;
    while (was_kept && !closed_) {
        was_kept = line_ != nullptr;
        try {
            auto copy = body;
            const auto is = co_await ask(std::move(copy));
            co_return is;
        } catch (const boost::system::system_error& e) {
            why_ = e.code() == beast::error::timeout ? "no answer in time" : e.code().message();
            if (!was_kept) wait_ = std::clamp(wait_ * 2, first_wait, longest_wait);
        }
        line_.reset();
    }
    co_return outcome::later;
}

asio::awaitable<exporter::outcome> exporter::ask(std::string body) {
    if (!line_) co_await connect();
    web::request<web::string_body> request{web::verb::post, options_.to.path, 11};
    request.set(web::field::host, options_.to.text().substr(options_.to.text().find("//") + 2));
    request.set(web::field::content_type, "application/x-protobuf");
    request.set(web::field::user_agent, "larder");
    for (const auto& [name, value] : options_.headers) request.set(name, value);
    request.body() = std::move(body);
    request.prepare_payload();
    const auto answer = co_await line_->ask(std::move(request));
    if (!answer.keep_alive()) line_.reset();
    const auto after = answer[web::field::retry_after];
    co_return judge(answer.result_int(), {after.data(), after.size()});
}

asio::awaitable<void> exporter::connect() {
    const auto& to = options_.to;
    line_ = std::make_unique<line>(io_, tls_, to);
    std::uint16_t port = 0;
    std::from_chars(to.port.data(), to.port.data() + to.port.size(), port);
    std::vector<asio::ip::tcp::endpoint> addresses;
    boost::system::error_code is_name;
    const auto address = asio::ip::make_address(to.host, is_name);
    if (!is_name) {
        addresses.emplace_back(address, port);
    } else {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        const auto found = co_await names_.find(to.host, deadline);
        if (found)
            for (const auto& one : *found)
                addresses.emplace_back(asio::ip::make_address(one), port);
        if (addresses.empty()) throw boost::system::system_error(asio::error::host_not_found);
    }
    co_await line_->open(std::move(addresses));
}

// As OTLP has it, these pass; others would be the same again.
exporter::outcome exporter::judge(unsigned status, std::string_view retry_after) {
    if (status / 100 == 2) return outcome::taken;
    why_ = "it answers " + std::to_string(status);
    const bool passes = status == 429 || status == 502 || status == 503 || status == 504;
    if (!passes) return outcome::refused;
    int seconds = 0;
    std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
    wait_ = std::clamp<std::chrono::milliseconds>(
        std::max<std::chrono::milliseconds>(std::chrono::seconds{seconds}, wait_ * 2), first_wait,
        longest_wait);
    return outcome::later;
}

void exporter::settle(outcome is, std::size_t spans) {
    const auto where = options_.to.text();
    if (is == outcome::taken) from_.was_exported(spans);
    if (is == outcome::refused) from_.was_dropped(spans);
    if (is != outcome::later) wait_ = 0ms;
    const bool was_refused = std::exchange(is_refused_, is != outcome::taken);
    if (is_refused_ && !was_refused && !closed_)
        spdlog::warn("Traces do not arrive at {}; going on without them: {}", where, why_);
    if (!is_refused_ && was_refused) spdlog::info("Traces arrive at {} again", where);
}

}  // namespace larder::trace
