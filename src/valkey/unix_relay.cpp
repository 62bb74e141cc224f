#include "unix_relay.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <utility>

#include "readable.hpp"

namespace larder::valkey {

namespace asio = boost::asio;

struct unix_relay::streams {
    explicit streams(const asio::any_io_executor& e) : near(e), far(e) {}
    void close() {
        boost::system::error_code ignored;
        near.close(ignored);
        far.close(ignored);
    }
    tcp::socket near;
    asio::local::stream_protocol::socket far;
};

unix_relay::unix_relay(const asio::any_io_executor& executor, std::string path)
    : acceptor_(executor, tcp::endpoint{asio::ip::address_v4::loopback(), 0}),
      path_(std::move(path)),
      streams_(std::make_shared<streams>(executor)) {}

bool unix_relay::has_unread() { return readable(streams_->far.native_handle()); }

void unix_relay::start(const tcp::socket& client) {
    // The coroutine holds what it uses; the lambda itself is none.
    asio::co_spawn(acceptor_.get_executor(), serve(client),
                   [self = shared_from_this()](const std::exception_ptr&) { self->stop(); });
}

void unix_relay::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    streams_->close();
}

asio::awaitable<void> unix_relay::serve(const tcp::socket& client) {
    const auto tuple = asio::as_tuple(asio::use_awaitable);
    for (bool is_ours = false; !is_ours;) {
        tcp::endpoint peer;
        const auto [ec] = co_await acceptor_.async_accept(streams_->near, peer, tuple);
        if (ec) co_return;
        boost::system::error_code unknown;
        is_ours = client.local_endpoint(unknown) == peer && !unknown;
        if (!is_ours) streams_->near.close();
    }
    acceptor_.close();
    const auto [ec] =
        co_await streams_->far.async_connect(asio::local::stream_protocol::endpoint{path_}, tuple);
    if (ec) co_return;
    streams_->near.set_option(tcp::no_delay{true});
    asio::co_spawn(streams_->far.get_executor(), carry(streams_->far, streams_->near),
                   [self = shared_from_this()](const std::exception_ptr&) { self->stop(); });
    co_await carry(streams_->near, streams_->far);
}

template <class From, class To>
asio::awaitable<void> unix_relay::carry(From& from, To& to) {
    const auto tuple = asio::as_tuple(asio::use_awaitable);
    std::array<char, 16 * 1024> bytes{};
    while (true) {
        const auto [read_error, size] = co_await from.async_read_some(asio::buffer(bytes), tuple);
        if (read_error) co_return;
        const auto part = asio::buffer(bytes.data(), size);
        const auto [write_error, written] = co_await asio::async_write(to, part, tuple);
        if (write_error) co_return;
    }
}

}  // namespace larder::valkey
