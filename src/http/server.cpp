#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <linux/filter.h>
#include <sys/socket.h>

#include <spdlog/spdlog.h>

#include <exception>
#include <memory>
#include <utility>

#include "connection.hpp"

namespace larder::http {

namespace asio = boost::asio;
namespace {

asio::awaitable<void> serve(std::unique_ptr<connection> c) { co_await c->run(); }

void log_failure(const std::exception_ptr& failed) {
    if (!failed) return;
    try {
        std::rethrow_exception(failed);
    } catch (const std::exception& e) {
        spdlog::error("A connection ended by an internal error: {}", e.what());
    }
}

}  // namespace

server::server(asio::io_context& io, http::acceptor listening, server_options options,
               handler answer)
    : io_(io),
      acceptor_(std::move(listening)),
      options_(options),
      answer_(std::move(answer)),
      sweep_timer_(io),
      accept_pause_(io) {}

server::~server() = default;

void server::start() {
    asio::co_spawn(io_, accept(), log_failure);
    asio::co_spawn(io_, sweep(), log_failure);
}

void server::stop(std::function<void()> drained) {
    drained_ = std::move(drained);
    if (options_.owns_listener) empty_queue();
    acceptor_.close();
    accept_pause_.cancel();
    for (auto* c : connections_) c->close_if_waiting();
    asio::post(io_, [this] { finish_if_drained(); });  // behind what was accepted already
}

void server::take_in(stream::socket socket) {
    auto c = std::make_unique<connection>(*this, std::move(socket));
    asio::co_spawn(io_, serve(std::move(c)), log_failure);
}

// The kernel has completed connections that nobody accepted yet. Closing would reset them, so no
// more are let in (a client then tries again by itself) and those are taken.
void server::empty_queue() {
    sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{1, &none};
    ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    boost::system::error_code ec;
    acceptor_.cancel();
    acceptor_.non_blocking(true, ec);
    while (!ec) {
        stream::socket socket{io_};
        acceptor_.accept(socket, ec);
        if (!ec) take_in(std::move(socket));
    }
}

void server::finish_if_drained() {
    if (!is_stopping() || !connections_.empty() || finished_) return;
    finished_ = true;
    sweep_timer_.cancel();
    drained_();
}

server::connections::iterator server::enter(connection& c) {
    return connections_.insert(connections_.end(), &c);
}

void server::leave(connections::iterator c) {
    connections_.erase(c);
    finish_if_drained();
}

asio::awaitable<void> server::accept() {
    while (acceptor_.is_open()) {
        auto [ec, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (!ec) {
            take_in(std::move(socket));
        } else if (acceptor_.is_open() && ec != asio::error::connection_aborted) {
            // No descriptors left, most likely: the connection stays in the queue meanwhile.
            spdlog::error("Cannot accept a connection: {}", ec.message());
            accept_pause_.expires_after(std::chrono::milliseconds{100});
            co_await accept_pause_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }
}

// One timer for all connections, so that requests need none.
asio::awaitable<void> server::sweep() {
    while (!finished_) {
        sweep_timer_.expires_after(std::chrono::milliseconds{500});
        co_await sweep_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto now = std::chrono::steady_clock::now();
        for (auto* c : connections_) c->close_if_overdue(now);
    }
}

}  // namespace larder::http
