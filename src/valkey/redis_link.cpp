#include "redis_link.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/redis/connection.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "guarded_executor.hpp"
#include "handshake.hpp"
#include "received.hpp"
#include "refusals.hpp"
#include "resp3.hpp"
#include "tls.hpp"
#include "tls_unread.hpp"
#include "unix_relay.hpp"

namespace larder::valkey {

namespace asio = boost::asio;
namespace redis = boost::redis;
using namespace std::chrono_literals;

namespace {

// Of a reply with all its parts; a page of a walk has a thousand keys.
constexpr std::size_t longest_reply = std::size_t{8} << 20;

using connection = redis::basic_connection<link_executor>;

// One redis::connection, which lives as long as one physical connection. It holds itself until that
// has ended.
class redis_link final : public link, public std::enable_shared_from_this<redis_link> {
public:
    redis_link(const asio::io_context::executor_type& by, const client_options& options,
               asio::ssl::context tls, link_events& events)
        : options_(options),
          connection_(link_executor{by, broke_}, std::move(tls), longest_reply),
          close_again_(by),
          events_(&events) {
        const auto& s = options.server;
        if (s.tls) set_up(connection_.next_layer(), s, certificate_fault_);
        if (s.unix_socket.empty()) return;
        relay_ = std::make_shared<unix_relay>(by, s.unix_socket);
        relay_->start(connection_.next_layer().next_layer());
    }
    ~redis_link() override {
        *broke_ = [](auto&) {};
    }

    void begin(const std::string& address) {
        *broke_ = [this](const std::exception& e) {
            asio::post(close_again_.get_executor(),
                       [self = shared_from_this(), why = sentence_for(e)] { self->broke(why); });
        };
        connection_.set_receive_response(pushes_);
        connection_.async_run(
            config_for(address), hello_listener{&refusal_},
            [self = shared_from_this()](boost::system::error_code ec) { self->ended(ec); });
        receive();
    }

    void send(const exchange_ptr& what) override;
    bool has_unread() const override;
    void close() override {
        events_ = nullptr;
        cancel();
    }

private:
    // The request and where its replies go live as long as they are under way.
    struct sent {
        explicit sent(const exchange_ptr& w) : what(w), sink{&w->replies} {}
        exchange_ptr what;
        redis::request request;
        reply_sink sink;
    };

    static std::string sentence_for(const std::exception& e);
    redis::config config_for(const std::string& address) const;
    void receive();
    void answered(const exchange_ptr& what, boost::system::error_code ec);
    void cancel();
    std::string reason(boost::system::error_code ec) const;
    void ended(boost::system::error_code ec);
    void broke(const std::string& why);

    const client_options& options_;
    const std::shared_ptr<link_executor::on_throw> broke_{
        std::make_shared<link_executor::on_throw>()};
    std::string refusal_;            // Valkey's sentence, instead of a login
    std::string certificate_fault_;  // OpenSSL's
    connection connection_;
    std::shared_ptr<unix_relay> relay_;
    asio::steady_timer close_again_;
    link_events* events_;  // null: nobody listens
    push_sink pushes_{&events_, &refusal_};
    bool connected_ = false;
    bool ended_ = false;
};

redis::config redis_link::config_for(const std::string& address) const {
    const auto& s = options_.server;
    redis::config config;
    config.use_ssl = s.tls;
    config.addr = {address, std::to_string(s.port)};
    if (relay_) config.addr = {"127.0.0.1", std::to_string(relay_->port())};
    config.username = s.user;
    config.password = s.password;
    // One that needs no password takes any, and Boost.Redis sends no user without.
    if (s.password.empty() && s.user != server{}.user) config.password = "none";
    config.clientname = "larder";
    config.database_index = s.database;
    config.resolve_timeout = options_.connect_timeout;
    config.connect_timeout = options_.connect_timeout;
    config.ssl_handshake_timeout = options_.connect_timeout;
    // Boost.Redis' own check throws in a handler where a PING was refused, and the engine has one.
    config.health_check_interval = std::chrono::steady_clock::duration::zero();
    config.reconnect_wait_interval = std::chrono::steady_clock::duration::zero();
    return config;
}

// What is sent first waits for the connection and comes behind HELLO; the rest is not to outlive
// it.
void redis_link::send(const exchange_ptr& what) {
    const auto one = std::make_shared<sent>(what);
    for (const auto& words : what->commands) {
        if (words.size() == 1) one->request.push(words.front());  // push_range would push nothing
        else one->request.push_range(words.front(), words.begin() + 1, words.end());
    }
    one->request.get_config().cancel_if_not_connected = connected_;
    connection_.async_exec(
        one->request, one->sink,
        [self = shared_from_this(), one](boost::system::error_code ec, std::size_t) {
            self->answered(one->what, ec);
        });
}

void redis_link::answered(const exchange_ptr& what, boost::system::error_code ec) {
    if (!ec && !std::exchange(connected_, true)) {
        boost::system::error_code ignored;
        connection_.next_layer().next_layer().set_option(asio::ip::tcp::no_delay{true}, ignored);
    }
    if (!events_) return;
    if (ec) events_->lost(what);
    else events_->replied(what);
}

// Boost.Redis reads on only while somebody takes the pushes, which push_adapter has read already.
void redis_link::receive() {
    connection_.async_receive(
        [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
            if (!ec && !self->ended_) self->receive();
        });
}

// Boost.Redis loses a cancel() between its steps, after the name was resolved and before it
// connects say; so it is asked until it ends.
void redis_link::cancel() {
    if (ended_) return;
    connection_.cancel();
    if (relay_) relay_->stop();
    close_again_.expires_after(10ms);
    close_again_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
        const bool is_all_alone = self.use_count() == 1;
        if (!ec && !is_all_alone) self->cancel();
    });
}

// The sentence of whoever knows most about it.
std::string redis_link::reason(boost::system::error_code ec) const {
    const auto is = [this](std::string_view code) { return refusal_.starts_with(code); };
    if (is("WRONGPASS") || is("NOAUTH") || is("ERR AUTH"))
        return std::string{login_refused} + " (" + refusal_ + ")";
    if (!refusal_.empty()) return with_help(refusal_, options_.server.user);
    if (!certificate_fault_.empty())
        return "its certificate cannot be trusted: " + certificate_fault_;
    if (relay_ && !relay_->why().empty()) return relay_->why();
    const std::string question = options_.server.tls && !connected_ ? is_it_tls : "";
    if (ec.category() == asio::error::get_ssl_category()) return ec.message() + question;
    if (ec == redis::error::resp3_hello) return login_refused;
    if (ec == asio::error::operation_aborted) return no_answer + question;
    return ec ? ec.message() : "the connection was closed" + question;
}

void redis_link::ended(boost::system::error_code ec) {
    ended_ = true;
    close_again_.cancel();
    connection_.cancel();
    if (relay_) relay_->stop();
    if (auto* who = std::exchange(events_, nullptr)) who->ended(reason(ec));
}

// What Boost.Redis was doing never ends then.
void redis_link::broke(const std::string& why) {
    if (!events_) return;
    refusal_ = why;
    auto* const who = std::exchange(events_, nullptr);
    cancel();
    who->ended(reason({}));
}

std::string redis_link::sentence_for(const std::exception& e) {
    if (dynamic_cast<const std::length_error*>(&e))
        return "it sent a reply of more than " + std::to_string(longest_reply >> 20) + " MiB";
    if (dynamic_cast<const std::bad_alloc*>(&e)) return "there was no memory for its reply";
    return e.what();
}

bool redis_link::has_unread() const {
    // next_layer() of a const connection does not give the socket.
    auto& stream = const_cast<connection&>(connection_).next_layer();
    const int socket = stream.next_layer().native_handle();
    if (options_.server.tls) return valkey::has_unread(stream.native_handle(), socket);
    // Asio may have taken bytes from the socket whose handler still waits for its turn.
    const auto read = connection_.get_usage();
    const auto handled = read.response_bytes_received + read.push_bytes_received;
    return relay_ ? relay_->has_unread(handled) : bytes_received(socket) != handled;
}

}  // namespace

// Boost.Redis would wait for a look-up however long it takes.
task<network::addresses> redis_network::find() {
    const auto& s = options_.server;
    boost::system::error_code is_name;
    asio::ip::make_address(s.host, is_name);
    if (!s.unix_socket.empty() || !is_name)
        co_return addresses{.all = std::vector<std::string>(1, s.host)};
    const auto deadline = std::chrono::steady_clock::now() + options_.connect_timeout;
    auto found = co_await as_task(outside_, *waits_, names_.find(s.host, deadline));
    addresses result;
    if (cancelled_) co_return result;
    if (!found) result.why_none = "no name server told its address in time";
    else if (found->empty())
        result.why_none = "nobody knows its host's name (" + names_.why() + ")";
    else result.all = std::move(*found);
    co_return result;
}

void redis_network::cancel() {
    cancelled_ = true;
    names_.cancel();
}

// To read the authorities that a machine trusts takes tenths of a second, in which the worker does
// nothing else. They are read again now and then, as they may be replaced.
asio::ssl::context redis_network::tls() {
    const auto now = std::chrono::steady_clock::now();
    if (!tls_ || now - tls_made_ > 1min) {
        tls_.emplace(make_tls(options_.server));
        tls_made_ = now;
    }
    SSL_CTX_up_ref(tls_->native_handle());
    return asio::ssl::context{tls_->native_handle()};
}

namespace {

asio::io_context::executor_type loop_of(const asio_world& outside) {
    return *outside.executor().target<asio::io_context::executor_type>();
}

}  // namespace

std::shared_ptr<link> redis_network::open(const std::string& address, link_events& events,
                                          std::string& why) {
    try {
        auto one = std::make_shared<redis_link>(loop_of(outside_), options_, tls(), events);
        one->begin(address);
        return one;
    } catch (const boost::system::system_error& e) {  // certificates that cannot be read, say
        why = e.what();
        return nullptr;
    }
}

}  // namespace larder::valkey
