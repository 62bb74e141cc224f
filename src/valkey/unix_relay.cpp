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

namespace LARDER_NAMESPACE::valkey {

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

bool unix_relay::has_unread(std::uint64_t handled) const {
    return taken_ != handled || readable(streams_->far.native_handle());
}

void unix_relay::start(const link_socket& client) {
    // The coroutine holds what it uses; the lambda itself is none.
    asio::co_spawn(acceptor_.get_executor(), serve(client),
                   [self = shared_from_this()](const std::exception_ptr&) { self->stop(); });
}

void unix_relay::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    streams_->close();
}

asio::awaitable<void> unix_relay::serve(const link_socket& client) {
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
    if (ec) why_ = ec.message();
    if (ec) co_return;
    streams_->near.set_option(tcp::no_delay{true});
    streams_->far.non_blocking(true);
    asio::co_spawn(streams_->far.get_executor(), carry_to_near(),
                   [self = shared_from_this()](const std::exception_ptr&) { self->stop(); });
    co_await carry_to_far();
}

asio::awaitable<void> unix_relay::carry_to_far() {
    const auto tuple = asio::as_tuple(asio::use_awaitable);
    std::array<char, 16'384> bytes{};
    while (true) {
        const auto [read_error, size] =
            co_await streams_->near.async_read_some(asio::buffer(bytes), tuple);
        if (read_error) co_return;
        const auto part = asio::buffer(bytes.data(), size);
        const auto [write_error, written] = co_await asio::async_write(streams_->far, part, tuple);
        if (write_error) co_return;
    }
}

// Not by async_read_some, which may have taken bytes from the socket while its handler waits for
// its turn: so that each byte is in the socket or counted.
asio::awaitable<void> unix_relay::carry_to_near() {
    const auto tuple = asio::as_tuple(asio::use_awaitable);
    std::array<char, 16'384> bytes{};
    auto& far = streams_->far;
    while (true) {
        const auto [wait_error] = co_await far.async_wait(far.wait_read, tuple);
        if (wait_error) co_return;
        boost::system::error_code read_error;
        const auto size = far.read_some(asio::buffer(bytes), read_error);
        if (read_error == asio::error::would_block) continue;
        if (read_error) co_return;
        taken_ += size;
        const auto part = asio::buffer(bytes.data(), size);
        const auto [write_error, written] = co_await asio::async_write(streams_->near, part, tuple);
        if (write_error) co_return;
    }
}

}  // namespace LARDER_NAMESPACE::valkey
