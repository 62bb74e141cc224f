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
#include <limits>
#include <map>
#include <random>
#include <utility>

#include "../names.hpp"
#include "breaker.hpp"
#include "received.hpp"
#include "tls_unread.hpp"
#include "unix_relay.hpp"

namespace larder::valkey {

namespace asio = boost::asio;
namespace redis = boost::redis;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

std::vector<command> single(const char* word) { return std::vector<command>(1, command(1, word)); }

// One request under way. The waiter may give up at the deadline; the exec goes on, since
// cancelling a written request would cost Boost.Redis the connection and all that is in flight.
struct operation {
    redis::request request;
    std::vector<reply> replies;
    urgency how = urgency::request;
    clock::time_point sent;
    clock::time_point deadline;
    bool answered = false;
    bool finished = false;  // answered, lost or given up
    asio::any_completion_handler<void()> waiter;

    void finish() {
        finished = true;
        if (auto who = std::exchange(waiter, nullptr)) std::move(who)();
    }
};
using operation_ptr = std::shared_ptr<operation>;

// Takes the replies node by node. Boost.Redis' own response forgets all others where one is an
// error.
struct reply_adapter {
    std::vector<reply>* replies;

    static constexpr std::size_t get_supported_response_size() {
        return std::numeric_limits<std::size_t>::max();
    }
    template <class Node>
    void operator()(std::size_t index, const Node& node, boost::system::error_code&) const {
        using type = redis::resp3::type;
        if (index >= replies->size()) return;
        auto& to = (*replies)[index];
        if (to.is == reply::kind::no_answer) to.is = reply::kind::nothing;
        const bool in_list = node.depth > 0;
        if (in_list) {
            if (!redis::resp3::is_aggregate(node.data_type)) to.list.emplace_back(node.value);
        } else if (redis::resp3::is_aggregate(node.data_type)) {
            to.is = reply::kind::list;
        } else if (node.data_type == type::simple_error || node.data_type == type::blob_error) {
            to.is = reply::kind::error;
            to.text = node.value;
        } else if (node.data_type != type::null) {
            to.is = reply::kind::text;
            to.text = node.value;
        }
    }
};
struct reply_sink {
    std::vector<reply>* replies;
};
reply_adapter boost_redis_adapt(reply_sink& sink) noexcept { return {sink.replies}; }

// Takes what Valkey says by itself, as it is parsed: so it is known before any reply behind it.
struct push_adapter {
    const std::function<const client_events*()>* listening;
    int place = 0;  // in the push: its kind, then what it says
    bool invalidates = false;

    static constexpr std::size_t get_supported_response_size() {
        return std::numeric_limits<std::size_t>::max();
    }
    template <class Node>
    void operator()(std::size_t, const Node& node, boost::system::error_code&) {
        if (node.depth == 0) place = 0;
        else if (place++ == 0) invalidates = node.value == "invalidate";
        else if (const auto* events = (*listening)(); invalidates && events) {
            if (node.data_type == redis::resp3::type::null) events->all_changed();
            else if (node.depth == 2) events->changed(node.value);
        }
    }
};
struct push_sink {
    const std::function<const client_events*()>* listening;
};
push_adapter boost_redis_adapt(push_sink& sink) noexcept { return {sink.listening}; }

// After a failover the address may lead to another server.
bool means_new_connection(std::string_view error) {
    return error.starts_with("READONLY") || error.starts_with("MASTERDOWN") ||
           error.starts_with("NOAUTH");
}

bool forgot_script(const reply& r) {
    return r.is == reply::kind::error && r.text.starts_with("NOSCRIPT");
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
    watch_reads(stream.native_handle());
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
    if (ec == asio::error::operation_aborted) return "it does not answer";
    return ec ? ec.message() : "the connection was closed";
}

}  // namespace

class client::supervisor : public std::enable_shared_from_this<supervisor> {
public:
    supervisor(asio::any_io_executor executor, client_options options, client_events events)
        : executor_(std::move(executor)),
          options_(std::move(options)),
          events_(std::move(events)),
          breaker_(options_.deadline),
          pause_(executor_),
          probe_timer_(executor_),
          deadline_timer_(executor_),
          first_attempt_(executor_, clock::time_point::max()) {}

    asio::awaitable<void> start();
    void stop();
    std::uint64_t life_number() const { return current_ ? lives_ : 0; }
    bool is_answering() const { return current_ && !breaker_.is_open(); }
    bool is_tracking() const { return current_ && current_->tracking; }
    bool has_unread() const;
    asio::awaitable<std::vector<reply>> call(std::vector<command> commands, urgency how);
    asio::awaitable<std::vector<reply>> exec(const std::vector<command>& commands, urgency how);
    command with_text(command script) const;
    const std::string& digest(std::size_t script) const { return digests_.at(script); }

private:
    // One physical connection, from connecting to its end.
    struct life {
        std::shared_ptr<redis::connection> connection;
        std::shared_ptr<unix_relay> relay;
        std::string ended_by;
        std::function<const client_events*()> listening;
        push_sink pushes{&listening};
        bool tracking = false;
        bool refused = false;  // a command, in a way that another connection may mend
        bool ending = false;   // asked to
        bool ended = false;

        // Which script it was says nothing to the reader of the log, who is told each reason once.
        void end_as_refused(const std::string& why) {
            refused = true;
            if (ended_by.empty()) ended_by = why.substr(0, why.find(" script: "));
            end();
        }
        void end() {
            ending = true;
            connection->cancel();
            if (relay) relay->stop();
        }
    };
    using life_ptr = std::shared_ptr<life>;

    asio::awaitable<void> keep_connected();
    asio::awaitable<bool> live(life_ptr l);
    asio::awaitable<look_up::addresses> find_addresses();
    life_ptr begin_life(const std::string& address);
    redis::config config_for(const life& l, const std::string& address) const;
    void receive(const life_ptr& l);
    asio::awaitable<bool> confirm(life_ptr l);
    void publish(const life_ptr& l, clock::time_point sent);
    void unpublish(const life_ptr& l);
    asio::awaitable<void> wait_for_end(life_ptr l);
    asio::awaitable<void> pause_before_retry();
    void say_lost(const std::string& why);
    void say_refused(const std::string& why);
    void serve_again();
    void send(const operation_ptr& op);
    void answered(const life_ptr& l, operation& op, boost::system::error_code ec);
    void check_deadlines();
    void give_up_requests();
    asio::awaitable<void> probe();

    using operations = std::deque<operation_ptr>;
    void drop_finished(operations& from, clock::time_point now);

    asio::any_io_executor executor_;
    const client_options options_;
    const client_events events_;
    breaker breaker_;
    std::vector<std::string> digests_;  // of the scripts
    life_ptr current_;                  // published: confirmed and not ended
    life_ptr newest_;
    std::uint64_t lives_ = 0;  // how many were published
    bool stopped_ = false;
    bool probing_ = false;
    std::string last_reason_;
    std::map<std::string, clock::time_point, std::less<>> said_refused_;  // by the error's code
    clock::time_point refused_at_ = clock::time_point::min();  // a connection ended by that
    std::chrono::milliseconds next_pause_{0};
    look_up names_{executor_};
    std::string serving_;       // the address that served last
    asio::steady_timer pause_;  // between lives, and for the end of one
    asio::steady_timer probe_timer_;
    asio::steady_timer deadline_timer_;  // for the oldest operation
    asio::steady_timer first_attempt_;
    // In flight, oldest first; those of one urgency have the same deadline.
    operations requests_;
    operations background_;
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
    current_ = nullptr;
    names_.cancel();
    pause_.cancel();
    deadline_timer_.cancel();
    probe_timer_.cancel();
    first_attempt_.expires_at(clock::time_point::min());
    if (newest_) newest_->end();
    for (auto& op : std::exchange(requests_, {})) op->finish();
    for (auto& op : std::exchange(background_, {})) op->finish();
}

redis::config client::supervisor::config_for(const life& l, const std::string& address) const {
    const auto& s = options_.server;
    redis::config config;
    config.use_ssl = s.tls;
    config.addr = {address, std::to_string(s.port)};
    if (l.relay) config.addr = {"127.0.0.1", std::to_string(l.relay->port())};
    config.username = s.user;
    config.password = s.password;
    config.clientname = "larder";
    config.database_index = s.database;
    config.resolve_timeout = options_.connect_timeout;
    config.connect_timeout = options_.connect_timeout;
    config.ssl_handshake_timeout = options_.connect_timeout;
    config.health_check_interval = std::max(options_.health_interval, options_.deadline);
    config.reconnect_wait_interval = clock::duration::zero();  // one object, one connection
    return config;
}

// Boost.Redis would wait for a look-up however long it takes. The one that served last is first.
asio::awaitable<look_up::addresses> client::supervisor::find_addresses() {
    const auto& host = options_.server.host;
    boost::system::error_code is_name;
    asio::ip::make_address(host, is_name);
    if (!options_.server.unix_socket.empty() || !is_name) co_return look_up::addresses{host};
    auto found = co_await names_.find(host, clock::now() + options_.connect_timeout);
    if (stopped_) co_return look_up::addresses{};
    if (!found) say_lost("no name server told its address in time");
    else if (found->empty()) say_lost("nobody knows its host's name");
    if (!found) co_return look_up::addresses{};
    const auto last = std::ranges::find(*found, serving_);
    if (last != found->end()) std::rotate(found->begin(), last, found->end());
    co_return std::move(*found);
}

client::supervisor::life_ptr client::supervisor::begin_life(const std::string& address) {
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
    // A connection that is not published any more has nothing to say.
    l->listening = [this, of = l.get()] { return current_.get() == of ? &events_ : nullptr; };
    l->connection->set_receive_response(l->pushes);
    auto on_end = [self = shared_from_this(), l](boost::system::error_code ec) {
        l->ended = true;
        if (l->ended_by.empty()) l->ended_by = reason(ec);
        self->unpublish(l);
        l->end();
        self->pause_.cancel();
    };
    l->connection->async_run(config_for(*l, address), redis::logger{redis::logger::level::disabled},
                             std::move(on_end));
    receive(l);
    return l;
}

// Boost.Redis reads on only while somebody takes the pushes, which push_adapter has read already.
void client::supervisor::receive(const life_ptr& l) {
    l->connection->async_receive(
        [self = shared_from_this(), l](boost::system::error_code ec, std::size_t) {
            if (!ec && !l->ended) self->receive(l);
        });
}

// A PING that waits for the connection and comes behind HELLO: its answer proves the login.
asio::awaitable<bool> client::supervisor::confirm(life_ptr l) {
    redis::request first;
    first.push("PING");
    first.push("CLIENT", "TRACKING", options_.tracking ? "ON" : "OFF", "OPTIN");
    for (const auto& script : options_.scripts) first.push("SCRIPT", "LOAD", script);
    first.get_config().cancel_if_not_connected = false;
    std::vector<reply> replies(2 + options_.scripts.size());
    reply_sink sink{&replies};
    const auto [ec, size] =
        co_await l->connection->async_exec(first, sink, asio::as_tuple(asio::use_awaitable));
    if (ec || l->ended) co_return false;
    for (const auto& one : replies) {
        if (one.is != reply::kind::error || &one == &replies[1]) continue;
        l->ended_by = one.text.starts_with("NOAUTH") ? login_refused : one.text;
        co_return false;
    }
    l->tracking = options_.tracking && replies[1].is == reply::kind::text;
    if (options_.tracking && !l->tracking)
        spdlog::warn("Valkey at {} does not allow CLIENT TRACKING: no local tier ({})",
                     options_.server.address(), replies[1].text);
    digests_.clear();
    for (std::size_t i = 2; i < replies.size(); ++i) digests_.push_back(replies[i].text);
    boost::system::error_code ignored;
    l->connection->next_layer().next_layer().set_option(asio::ip::tcp::no_delay{true}, ignored);
    co_return true;
}

// A read-only replica accepts every connection and refuses every write: only one that lasts is
// news, and ends the back-off.
void client::supervisor::publish(const life_ptr& l, clock::time_point sent) {
    if (refused_at_ == clock::time_point::min()) serve_again();
    breaker_.connected();
    current_ = l;
    ++lives_;
    events_.connected(sent);
    first_attempt_.expires_at(clock::time_point::min());
}

void client::supervisor::serve_again() {
    refused_at_ = clock::time_point::min();
    last_reason_.clear();
    next_pause_ = {};
    spdlog::info("Connected to Valkey at {}", options_.server.address());
}

void client::supervisor::unpublish(const life_ptr& l) {
    if (current_ != l) return;
    current_ = nullptr;
    events_.lost();
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

// Once a minute for each kind, as every request may meet it.
void client::supervisor::say_refused(const std::string& why) {
    spdlog::debug("Valkey refused a command: {}", why);
    const auto now = clock::now();
    const auto [said, is_first] = said_refused_.try_emplace(why.substr(0, why.find(' ')), now);
    if (!is_first && now - said->second < std::chrono::minutes{1}) return;
    said->second = now;
    spdlog::warn("Valkey at {} refuses what the cache needs; going on without that: {}",
                 options_.server.address(), why);
}

asio::awaitable<void> client::supervisor::keep_connected() {
    while (!stopped_) {
        const auto addresses = co_await find_addresses();
        bool served = false;
        for (std::size_t i = 0; i < addresses.size() && !served && !stopped_; ++i) {
            newest_ = begin_life(addresses[i]);
            if (newest_) served = co_await live(newest_);
            if (served) serving_ = addresses[i];
        }
        first_attempt_.expires_at(clock::time_point::min());
        if (!stopped_) co_await pause_before_retry();
    }
    newest_ = nullptr;
}

// Whether it served until it was lost. Where what the cache needs is refused, another address may
// serve.
asio::awaitable<bool> client::supervisor::live(life_ptr l) {
    const auto sent = clock::now();
    const bool confirmed = co_await confirm(l);
    if (confirmed && !stopped_) publish(l, sent);
    else l->end();
    co_await wait_for_end(l);
    if (stopped_) co_return true;
    unpublish(l);
    if (l->refused) refused_at_ = clock::now();
    say_lost(l->ended_by);
    co_return confirmed && !l->refused;
}

// A script that Valkey forgot (SCRIPT FLUSH) did not run: its text is sent, which it keeps again.
asio::awaitable<std::vector<reply>> client::supervisor::call(std::vector<command> commands,
                                                             urgency how) {
    auto replies = co_await exec(commands, how);
    std::vector<command> again;
    for (std::size_t i = 0; i < commands.size(); ++i)
        if (forgot_script(replies[i])) again.push_back(with_text(commands[i]));
    if (again.empty()) co_return replies;
    auto repeated = co_await exec(again, how);
    auto next = repeated.begin();
    for (auto& one : replies)
        if (forgot_script(one)) one = std::move(*next++);
    co_return replies;
}

command client::supervisor::with_text(command script) const {
    const auto found = std::find(digests_.begin(), digests_.end(), script[1]);
    if (found == digests_.end()) return script;
    script[0] = "EVAL";
    script[1] = options_.scripts[static_cast<std::size_t>(found - digests_.begin())];
    return script;
}

asio::awaitable<std::vector<reply>> client::supervisor::exec(const std::vector<command>& commands,
                                                             urgency how) {
    if (!current_ || (how == urgency::request && breaker_.is_open()))
        co_return std::vector<reply>(commands.size());
    auto op = std::make_shared<operation>();
    for (const auto& words : commands) {
        if (words.size() == 1) op->request.push(words.front());  // push_range would push nothing
        else op->request.push_range(words.front(), words.begin() + 1, words.end());
    }
    op->request.get_config().cancel_if_not_connected = true;
    op->replies.resize(commands.size());
    op->how = how;
    send(op);
    auto wait = [&op](auto handler) { op->waiter = std::move(handler); };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(wait),
                                                                         asio::use_awaitable);
    // Where it was given up, the replies may still come in.
    if (!op->answered) co_return std::vector<reply>(commands.size());
    co_return std::move(op->replies);
}

void client::supervisor::send(const operation_ptr& op) {
    const bool waits = op->how == urgency::request;
    op->sent = clock::now();
    op->deadline = op->sent + (waits ? options_.deadline : options_.patient_deadline);
    reply_sink sink{&op->replies};
    current_->connection->async_exec(
        op->request, sink,
        [self = shared_from_this(), l = current_, op](boost::system::error_code ec, std::size_t) {
            self->answered(l, *op, ec);
        });
    auto& queue = waits ? requests_ : background_;
    queue.push_back(op);
    if (queue.size() == 1) check_deadlines();
}

void client::supervisor::answered(const life_ptr& l, operation& op, boost::system::error_code ec) {
    op.answered = !ec && !op.finished;
    if (!ec && current_ == l) events_.heard(op.sent);
    constexpr std::chrono::seconds lasting{1};
    if (!ec)
        for (const auto& one : op.replies) {
            if (one.is != reply::kind::error) continue;
            if (means_new_connection(one.text)) l->end_as_refused(one.text);
            else if (!forgot_script(one)) say_refused(one.text);
        }
    if (!ec && !l->refused && refused_at_ != clock::time_point::min() &&
        op.sent - refused_at_ > lasting)
        serve_again();
    op.finish();
}

void client::supervisor::drop_finished(operations& from, clock::time_point now) {
    while (!from.empty() && (from.front()->finished || from.front()->deadline <= now)) {
        const auto op = std::move(from.front());
        from.pop_front();
        if (op->finished) continue;
        if (op->how == urgency::request) give_up_requests();
        op->finish();
    }
}

// One deadline was missed: nobody waits for his own.
void client::supervisor::give_up_requests() {
    if (breaker_.missed())
        spdlog::warn("Valkey at {} is silent; going on without it", options_.server.address());
    for (auto& op : std::exchange(requests_, {}))
        if (!op->finished) op->finish();
    if (std::exchange(probing_, true)) return;
    asio::co_spawn(executor_, probe(), [self = shared_from_this()](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
    });
}

asio::awaitable<void> client::supervisor::probe() {
    while (!stopped_ && breaker_.is_open()) {
        const auto sent = clock::now();
        const auto pong = co_await call(single("PING"), urgency::background);
        if (pong.front().was_answered() && breaker_.probed(clock::now() - sent)) {
            spdlog::info("Valkey at {} answers again", options_.server.address());
            break;
        }
        probe_timer_.expires_after(options_.probe_after);
        co_await probe_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    probing_ = false;
}

void client::supervisor::check_deadlines() {
    const auto now = clock::now();
    // Where an answer waits to be read it is this worker that is late, and Valkey is not silent.
    const auto late = has_unread() ? options_.deadline : 0ms;
    drop_finished(requests_, now - late);
    drop_finished(background_, now - late);
    auto next = clock::time_point::max();
    if (!requests_.empty()) next = requests_.front()->deadline;
    if (!background_.empty()) next = std::min(next, background_.front()->deadline);
    if (next == clock::time_point::max()) return;
    deadline_timer_.expires_at(std::max(next, now + 1ms));
    deadline_timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
        if (!ec) self->check_deadlines();
    });
}

bool client::supervisor::has_unread() const {
    if (!current_) return true;
    auto& stream = current_->connection->next_layer();
    const int socket = stream.next_layer().native_handle();
    if (options_.server.tls) return valkey::has_unread(stream.native_handle(), socket);
    // Asio may have taken bytes from the socket whose handler still waits for its turn.
    const auto read = current_->connection->get_usage();
    const auto handled = read.response_bytes_received + read.push_bytes_received;
    return current_->relay ? current_->relay->has_unread(handled)
                           : bytes_received(socket) != handled;
}

client::client(asio::any_io_executor executor, client_options options, client_events events)
    : supervisor_(std::make_shared<supervisor>(std::move(executor), std::move(options),
                                               std::move(events))) {}

client::~client() { stop(); }

asio::awaitable<void> client::start() { return supervisor_->start(); }

void client::stop() { supervisor_->stop(); }

std::uint64_t client::life() const { return supervisor_->life_number(); }

bool client::is_answering() const { return supervisor_->is_answering(); }

bool client::is_tracking() const { return supervisor_->is_tracking(); }

bool client::has_unread() const { return supervisor_->has_unread(); }

asio::awaitable<std::vector<reply>> client::call(std::vector<command> commands, urgency how) {
    return supervisor_->call(std::move(commands), how);
}

asio::awaitable<reply> client::call(command only, urgency how) {
    std::vector<command> commands;
    commands.push_back(std::move(only));
    auto replies = co_await supervisor_->call(std::move(commands), how);
    co_return std::move(replies.front());
}

command client::script(std::size_t index, const std::vector<std::string>& keys,
                       const std::vector<std::string>& arguments) const {
    command words{"EVALSHA", supervisor_->digest(index), std::to_string(keys.size())};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

asio::awaitable<std::string> client::run_id() {
    const command ask{"INFO", "server"};
    const auto info = co_await call(ask, urgency::background);
    constexpr std::string_view name = "\r\nrun_id:";
    const std::string& text = info.text;
    const auto at = text.find(name);
    if (at == std::string::npos) co_return std::string{};
    const auto begin = at + name.size();
    co_return text.substr(begin, text.find('\r', begin) - begin);
}

asio::awaitable<std::optional<std::size_t>> client::purge(std::string_view pattern) {
    std::string cursor = "0";
    std::size_t purged = 0;
    do {
        const command scan{"SCAN", cursor, "MATCH", std::string{pattern}, "COUNT", "1000"};
        const auto found = co_await call(scan, urgency::background);
        // The next cursor, and then the keys.
        const auto& list = found.list;
        if (list.empty()) co_return std::nullopt;
        cursor = list.front();
        if (list.size() == 1) continue;
        command del{"DEL"};
        del.insert(del.end(), list.begin() + 1, list.end());
        const auto gone = co_await call(del, urgency::background);
        if (!gone.succeeded()) co_return std::nullopt;
        purged += list.size() - 1;
    } while (cursor != "0");
    co_return purged;
}

}  // namespace larder::valkey
