#include "larder/valkey/client.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/redis/connection.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <random>
#include <utility>

#include "unix_relay.hpp"

namespace larder::valkey {

namespace asio = boost::asio;
namespace redis = boost::redis;
using clock = std::chrono::steady_clock;

namespace {

// One request under way. The waiter may give up at the deadline; the exec goes on, since
// cancelling a written request would cost Boost.Redis the connection and all that is in flight.
struct operation {
    redis::request request;
    redis::generic_response response;
    bool succeeded = false;
    bool finished = false;  // answered, lost or given up
    asio::any_completion_handler<void()> waiter;

    void finish() {
        finished = true;
        if (auto who = std::exchange(waiter, nullptr)) std::move(who)();
    }
};
using operation_ptr = std::shared_ptr<operation>;

bool is_error(const redis::resp3::node& node) {
    return node.data_type == redis::resp3::type::simple_error ||
           node.data_type == redis::resp3::type::blob_error;
}

// The first error among the replies; empty if there is none.
std::string error_of(const redis::generic_response& response) {
    if (response.has_error()) return response.error().diagnostic;
    const auto found = std::find_if(response.value().begin(), response.value().end(), is_error);
    return found == response.value().end() ? std::string{} : found->value;
}

// After a failover the address may lead to another server: connect anew.
bool means_wrong_server(std::string_view error) {
    return error.starts_with("READONLY") || error.starts_with("MASTERDOWN") ||
           error.starts_with("NOAUTH");
}

asio::ssl::context make_tls(const server& s) {
    asio::ssl::context tls{asio::ssl::context::tls_client};
    tls.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    if (!s.tls) return tls;
    if (s.ca_file.empty()) tls.set_default_verify_paths();
    else tls.load_verify_file(s.ca_file);
    tls.set_verify_mode(s.verify ? asio::ssl::verify_peer : asio::ssl::verify_none);
    return tls;
}

// Boost.Redis leaves the server's name and its check to its user.
void set_up_tls(redis::connection& connection, const server& s) {
    auto& stream = connection.next_layer();
    if (s.verify) stream.set_verify_callback(asio::ssl::host_name_verification{s.host});
    boost::system::error_code is_name;
    asio::ip::make_address(s.host, is_name);
    if (is_name)  // SSL_set_tlsext_host_name, without the macro's cast
        SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(s.host.c_str()));
}

constexpr const char* login_refused =
    "the login was refused: check the user, password and database in the URI";

std::string reason(boost::system::error_code ec) {
    if (ec == redis::error::resp3_hello) return login_refused;
    return ec ? ec.message() : "the connection was closed";
}

}  // namespace

class client::supervisor : public std::enable_shared_from_this<supervisor> {
public:
    supervisor(asio::any_io_executor executor, client_options options)
        : executor_(std::move(executor)),
          options_(std::move(options)),
          pause_(executor_),
          deadline_timer_(executor_),
          first_attempt_(executor_, clock::time_point::max()) {}

    asio::awaitable<void> start();
    void stop();
    std::uint64_t life_number() const { return current_ ? lives_ : 0; }
    asio::awaitable<bool> run(operation_ptr op);

    std::function<void()> on_connect;

private:
    // One physical connection, from connecting to its end.
    struct life {
        std::shared_ptr<redis::connection> connection;
        std::shared_ptr<unix_relay> relay;
        std::string ended_by;
        bool ending = false;  // asked to
        bool ended = false;

        void end() {
            ending = true;
            connection->cancel();
            if (relay) relay->stop();
        }
    };
    using life_ptr = std::shared_ptr<life>;

    asio::awaitable<void> keep_connected();
    asio::awaitable<void> live(life_ptr l);
    life_ptr begin_life();
    redis::config config_for(const life& l) const;
    asio::awaitable<bool> confirm(life_ptr l);
    asio::awaitable<void> wait_for_end(life_ptr l);
    asio::awaitable<void> pause_before_retry();
    void say_lost(const std::string& why);
    void watch_deadline(const operation_ptr& op);
    void check_deadlines();

    asio::any_io_executor executor_;
    const client_options options_;
    life_ptr current_;  // published: confirmed and not ended
    life_ptr newest_;
    std::uint64_t lives_ = 0;  // how many were published
    bool stopped_ = false;
    bool silent_ = false;  // a command missed its deadline and nothing was heard since
    std::string last_reason_;
    std::chrono::milliseconds next_pause_{0};
    asio::steady_timer pause_;           // between lives, and for the end of one
    asio::steady_timer deadline_timer_;  // for the oldest of in_flight_
    asio::steady_timer first_attempt_;
    std::deque<std::pair<clock::time_point, operation_ptr>> in_flight_;
    std::minstd_rand jitter_{std::random_device{}()};
};

asio::awaitable<void> client::supervisor::start() {
    asio::co_spawn(executor_, keep_connected(),
                   [self = shared_from_this()](const std::exception_ptr& failed) {
                       if (failed) std::rethrow_exception(failed);
                   });
    co_await first_attempt_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void client::supervisor::stop() {
    stopped_ = true;
    pause_.cancel();
    deadline_timer_.cancel();
    first_attempt_.expires_at(clock::time_point::min());
    if (newest_) newest_->end();
    for (auto& [when, op] : std::exchange(in_flight_, {})) op->finish();
}

redis::config client::supervisor::config_for(const life& l) const {
    const auto& s = options_.server;
    redis::config config;
    config.use_ssl = s.tls;
    config.addr = {s.host, std::to_string(s.port)};
    if (l.relay) config.addr = {"127.0.0.1", std::to_string(l.relay->port())};
    config.username = s.user;
    config.password = s.password;
    config.clientname = "larder";
    config.database_index = s.database;
    config.resolve_timeout = options_.connect_timeout;
    config.connect_timeout = options_.connect_timeout;
    config.ssl_handshake_timeout = options_.connect_timeout;
    config.health_check_interval = options_.health_interval;
    config.reconnect_wait_interval = clock::duration::zero();  // one object, one connection
    return config;
}

client::supervisor::life_ptr client::supervisor::begin_life() {
    const auto& s = options_.server;
    auto l = std::make_shared<life>();
    try {
        l->connection = std::make_shared<redis::connection>(executor_, make_tls(s));
        if (s.tls) set_up_tls(*l->connection, s);
        if (!s.unix_socket.empty()) {
            l->relay = std::make_shared<unix_relay>(executor_, s.unix_socket);
            l->relay->start(l->connection->next_layer().next_layer());
        }
    } catch (const boost::system::system_error& e) {  // certificates that cannot be read, say
        say_lost(e.what());
        return nullptr;
    }
    auto on_end = [self = shared_from_this(), l](boost::system::error_code ec) {
        l->ended = true;
        if (l->ended_by.empty()) l->ended_by = reason(ec);
        l->end();
        self->pause_.cancel();
    };
    l->connection->async_run(config_for(*l), redis::logger{redis::logger::level::disabled},
                             std::move(on_end));
    return l;
}

// A PING that waits for the connection and comes behind HELLO: its answer proves the login.
asio::awaitable<bool> client::supervisor::confirm(life_ptr l) {
    redis::request ping;
    ping.push("PING");
    ping.get_config().cancel_if_not_connected = false;
    redis::generic_response pong;
    const auto [ec, size] =
        co_await l->connection->async_exec(ping, pong, asio::as_tuple(asio::use_awaitable));
    if (ec || l->ended) co_return false;
    if (const auto refused = error_of(pong); !refused.empty()) {
        l->ended_by = refused.starts_with("NOAUTH") ? login_refused : refused;
        co_return false;
    }
    boost::system::error_code ignored;
    l->connection->next_layer().next_layer().set_option(asio::ip::tcp::no_delay{true}, ignored);
    co_return true;
}

// Boost.Redis loses a cancel() between its steps, after the name was resolved and before it
// connects say; so it is asked until it ends.
asio::awaitable<void> client::supervisor::wait_for_end(life_ptr l) {
    constexpr std::chrono::milliseconds ask_again{10};
    while (!l->ended) {
        if (l->ending) l->end();
        pause_.expires_at(l->ending ? clock::now() + ask_again : clock::time_point::max());
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

asio::awaitable<void> client::supervisor::pause_before_retry() {
    next_pause_ = std::clamp(next_pause_ * 2, options_.reconnect_after, options_.reconnect_at_most);
    std::uniform_int_distribution<long> part{next_pause_.count() / 2, next_pause_.count()};
    pause_.expires_after(std::chrono::milliseconds{part(jitter_)});
    co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void client::supervisor::say_lost(const std::string& why) {
    if (why == last_reason_) return;
    last_reason_ = why;
    spdlog::warn("No connection to Valkey at {}: {}", options_.server.address(), why);
}

asio::awaitable<void> client::supervisor::keep_connected() {
    while (!stopped_) {
        newest_ = begin_life();
        if (newest_) co_await live(newest_);
        current_ = nullptr;
        first_attempt_.expires_at(clock::time_point::min());
        if (!stopped_) co_await pause_before_retry();
    }
    newest_ = nullptr;
}

asio::awaitable<void> client::supervisor::live(life_ptr l) {
    const bool confirmed = co_await confirm(l);
    if (confirmed && !stopped_) {
        spdlog::info("Connected to Valkey at {}", options_.server.address());
        last_reason_.clear();
        next_pause_ = {};
        silent_ = false;
        current_ = l;
        ++lives_;
        if (on_connect) on_connect();
        first_attempt_.expires_at(clock::time_point::min());
    } else {
        l->end();
    }
    co_await wait_for_end(l);
    if (!stopped_) say_lost(l->ended_by);
}

asio::awaitable<bool> client::supervisor::run(operation_ptr op) {
    if (!current_ || silent_) co_return false;
    op->request.get_config().cancel_if_not_connected = true;
    auto on_answer = [self = shared_from_this(), l = current_, op](boost::system::error_code ec,
                                                                   std::size_t) {
        if (!ec) {
            self->silent_ = false;
            const auto refused = error_of(op->response);
            op->succeeded = refused.empty();
            if (!refused.empty()) spdlog::debug("Valkey refused a command: {}", refused);
            if (means_wrong_server(refused)) l->end();
        }
        op->finish();
    };
    current_->connection->async_exec(op->request, op->response, std::move(on_answer));
    watch_deadline(op);
    auto wait = [&op](auto handler) { op->waiter = std::move(handler); };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(wait),
                                                                         asio::use_awaitable);
    co_return op->succeeded;
}

// All commands have the same deadline, so one timer for the oldest serves them all.
void client::supervisor::watch_deadline(const operation_ptr& op) {
    in_flight_.emplace_back(clock::now() + options_.deadline, op);
    if (in_flight_.size() == 1) check_deadlines();
}

void client::supervisor::check_deadlines() {
    const auto now = clock::now();
    while (!in_flight_.empty() &&
           (in_flight_.front().first <= now || in_flight_.front().second->finished)) {
        const auto op = std::move(in_flight_.front().second);
        in_flight_.pop_front();
        if (op->finished) continue;
        if (!silent_)
            spdlog::warn("Valkey at {} is silent; going on without it", options_.server.address());
        silent_ = true;
        op->finish();
    }
    if (in_flight_.empty()) return;
    deadline_timer_.expires_at(in_flight_.front().first);
    deadline_timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
        if (!ec) self->check_deadlines();
    });
}

client::client(asio::any_io_executor executor, client_options options)
    : supervisor_(std::make_shared<supervisor>(std::move(executor), std::move(options))) {}

client::~client() { stop(); }

asio::awaitable<void> client::start() { return supervisor_->start(); }

void client::stop() { supervisor_->stop(); }

std::uint64_t client::life() const { return supervisor_->life_number(); }

void client::on_connect(std::function<void()> then) { supervisor_->on_connect = std::move(then); }

asio::awaitable<lookup> client::get(std::string_view key) {
    auto op = std::make_shared<operation>();
    op->request.push("GET", key);
    const bool answered = co_await supervisor_->run(op);
    if (!answered) co_return lookup{};
    auto& reply = op->response.value().front();
    if (reply.data_type == redis::resp3::type::null) co_return lookup{true};
    co_return lookup{true, std::move(reply.value)};
}

asio::awaitable<bool> client::set(std::string_view key, std::string_view value,
                                  std::optional<std::chrono::seconds> ttl) {
    auto op = std::make_shared<operation>();
    if (ttl) op->request.push("SET", key, value, "EX", std::to_string(ttl->count()));
    else op->request.push("SET", key, value);
    const bool stored = co_await supervisor_->run(op);
    co_return stored;
}

asio::awaitable<bool> client::del(const std::vector<std::string>& keys) {
    auto op = std::make_shared<operation>();
    for (const auto& key : keys) op->request.push("DEL", key);
    const bool gone = co_await supervisor_->run(op);
    co_return gone;
}

asio::awaitable<std::string> client::run_id() {
    auto op = std::make_shared<operation>();
    op->request.push("INFO", "server");
    const bool answered = co_await supervisor_->run(op);
    if (!answered) co_return std::string{};
    constexpr std::string_view name = "\r\nrun_id:";
    const std::string& info = op->response.value().front().value;
    const auto at = info.find(name);
    if (at == std::string::npos) co_return std::string{};
    const auto begin = at + name.size();
    co_return info.substr(begin, info.find('\r', begin) - begin);
}

asio::awaitable<std::optional<std::size_t>> client::purge(std::string_view prefix) {
    std::string cursor = "0";
    std::size_t purged = 0;
    do {
        auto scan = std::make_shared<operation>();
        scan->request.push("SCAN", cursor, "MATCH", std::string{prefix} + "*", "COUNT", "1000");
        const bool answered = co_await supervisor_->run(scan);
        if (!answered) co_return std::nullopt;
        // The reply: a list of the next cursor and a list of keys, flattened by depth.
        const auto& nodes = scan->response.value();
        std::vector<std::string> keys;
        for (const auto& node : nodes) {
            if (node.depth == 1 && node.aggregate_size == 1) cursor = node.value;
            if (node.depth == 2) keys.push_back(node.value);
        }
        if (keys.empty()) continue;
        const bool gone = co_await del(keys);
        if (!gone) co_return std::nullopt;
        purged += keys.size();
    } while (cursor != "0");
    co_return purged;
}

}  // namespace larder::valkey
