#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <linux/filter.h>
#include <sys/socket.h>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "connection.hpp"

namespace LARDER_NAMESPACE::http {

namespace asio = boost::asio;
namespace {

asio::awaitable<void> serve(std::unique_ptr<connection> c) { co_await c->run(); }

void log_failure(const std::exception_ptr& failed) {
    if (!failed) return;
    try {
        std::rethrow_exception(failed);
    } catch (const std::exception& e) {
        spdlog::error("A connection ended by an internal error: {}", e.what());
    } catch (...) {
        spdlog::error("A connection ended by something that is no std::exception");
    }
}

}  // namespace

server::server(asio::io_context& io, http::acceptor listening, server_options options,
               handler answer)
    : io_(io),
      acceptor_(std::move(listening)),
      options_(std::move(options)),
      answer_(std::move(answer)),
      sweep_timer_(io),
      accept_pause_(io),
      known_(options_.known_bytes),
      turn_(io, options_.together) {}

server::~server() = default;

void server::start() {
    if (std::exchange(started_, true)) return;
    asio::co_spawn(io_, accept(), log_failure);
    asio::co_spawn(io_, sweep(), log_failure);
}

void server::stop(std::function<void()> drained) {
    turn_.run();  // what has come is answered
    drained_ = std::move(drained);
    for (auto* c : connections_) c->close_if_waiting();
    asio::co_spawn(io_, stop_accepting(), log_failure);
}

void server::close() {
    if (!is_stopping()) drained_ = [] {};
    acceptor_.close();
    for (auto* c : connections_) c->close();
    finish_if_drained();
}

std::size_t server::in_flight() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(connections_, [](const auto* c) { return c->is_answering(); }));
}

// For which there is no memory it ends, and the next one is accepted all the same.
void server::take_in(stream::socket socket) {
    try {
        auto c = std::make_unique<connection>(*this, std::move(socket));
        asio::co_spawn(io_, serve(std::move(c)), log_failure);
    } catch (...) {
        log_failure(std::current_exception());
    }
}

// Lets no more connections begin. A client whose SYN is dropped tries again by itself.
void server::drop_syns() {
    constexpr unsigned flags_at = 13, syn = 0x02, ack = 0x10;
    sock_filter rules[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_at),
                           BPF_STMT(BPF_ALU | BPF_AND | BPF_K, syn | ack),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, syn, 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};
    const sock_fprog program{std::size(rules), rules};
    ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

// To close a socket that listens resets the connections that wait to be accepted, and those that
// are about to. So it is left open for as long as those take to come.
asio::awaitable<void> server::stop_accepting() {
    if (options_.owns_listener) {
        drop_syns();
        accept_pause_.expires_after(std::chrono::milliseconds{50});
        co_await accept_pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    boost::system::error_code ec;
    acceptor_.cancel();
    acceptor_.non_blocking(true, ec);
    while (!ec && options_.owns_listener) {
        stream::socket socket{io_};
        acceptor_.accept(socket, ec);
        if (!ec) take_in(std::move(socket));
    }
    acceptor_.close();
    co_await asio::post(io_, asio::use_awaitable);  // behind what was accepted already
    finish_if_drained();
}

void server::finish_if_drained() {
    if (!is_stopping() || acceptor_.is_open() || !connections_.empty() || finished_) return;
    finished_ = true;
    sweep_timer_.cancel();
    drained_();
}

server::connection_list::iterator server::enter(connection& c) {
    return connections_.insert(connections_.end(), &c);
}

void server::leave(connection_list::iterator c) {
    connections_.erase(c);
    finish_if_drained();
}

asio::awaitable<void> server::accept() {
    while (acceptor_.is_open()) {
        auto [ec, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (!ec) {
            take_in(std::move(socket));
        } else if (acceptor_.is_open() && !is_stopping() && ec != asio::error::connection_aborted) {
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
        turn_.run();  // what has come is answered
        const auto now = std::chrono::steady_clock::now();
        const auto late = now - sweep_timer_.expiry();
        for (auto* c : connections_) c->close_if_overdue(now, late);
    }
}

}  // namespace LARDER_NAMESPACE::http
