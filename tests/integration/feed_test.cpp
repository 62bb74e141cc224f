// Events go to each client that takes them in time, and to no other.

#include "http/feed.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http/listener.hpp"
#include "http/server.hpp"
#include "support/http_client.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

asio::awaitable<http::response> answer_with_events(const http::request&) {
    co_return http::response{.body = "retry: 1\n\n", .content_type = http::feed::type};
}

// A server whose answers are all followed by events.
struct feed_of_server : testing::Test {
    feed_of_server() {
        one.start();
        thread = std::jthread{[this] { io.run(); }};
    }
    ~feed_of_server() override { end(); }

    void end() {
        asio::post(io, [this] {
            events.end();
            one.stop([] {});
        });
        if (thread.joinable()) thread.join();
    }
    std::unique_ptr<http_connection> listener() const {
        auto client = std::make_unique<http_connection>(port);
        client->send(request_text("GET", "/", {}, "", port));
        return client;
    }
    /// As the server's thread finds it.
    template <class F>
    auto ask(F what) {
        std::packaged_task<decltype(what())()> asked{std::move(what)};
        auto said = asked.get_future();
        asio::post(io, std::move(asked));
        return said.get();
    }
    std::size_t connections() {
        return ask([this] { return one.connections(); });
    }
    void say(const std::string& text) {
        ask([&] {
            events.say(text);
            return true;
        });
    }

    asio::io_context io{1};
    int begun = 0;
    http::feed events{io, 2, [this] { ++begun; }};
    http::acceptor listening = http::listen(io, {.port = 0});
    std::uint16_t port = port_of(listening);
    http::server one{io,
                     std::move(listening),
                     {.request_timeout = 300ms, .access_log = false, .events = &events},
                     answer_with_events};
    std::jthread thread;

private:
    static std::uint16_t port_of(const http::acceptor& a) {
        const auto name = http::text_of(a.local_endpoint());
        return static_cast<std::uint16_t>(std::stoi(name.substr(name.rfind(':') + 1)));
    }
};

TEST_F(feed_of_server, is_heard_by_all_until_it_ends) {
    const auto first = listener(), second = listener();
    EXPECT_TRUE(eventually([this] { return !ask([this] { return events.has_room(); }); }));
    say("1");
    ask([] { return true; });  // behind what went to both
    end();
    for (auto* client : {first.get(), second.get()}) {
        const auto heard = client->read_to_end();
        EXPECT_NE(heard.find("content-type: text/event-stream\r\n"), heard.npos) << heard;
        EXPECT_NE(heard.find("connection: close\r\n"), heard.npos) << heard;
        EXPECT_EQ(heard.find("content-length"), heard.npos) << heard;
        EXPECT_TRUE(heard.ends_with("\r\n\r\nretry: 1\n\ndata: 1\n\n")) << heard;
    }
    EXPECT_EQ(begun, 1);
}

TEST_F(feed_of_server, notices_who_goes_away) {
    auto client = listener();
    EXPECT_TRUE(eventually([this] { return ask([this] { return events.has_listeners(); }); }));
    client.reset();
    EXPECT_TRUE(eventually([this] {
        say("1");
        return connections() == 0;
    }));
    EXPECT_FALSE(ask([this] { return events.has_listeners(); }));
    const auto next = listener();
    EXPECT_TRUE(eventually([this] { return begun == 2; }));
}

// Its connection has one event in memory, and what the system keeps for it is bounded as well.
TEST_F(feed_of_server, cuts_off_who_does_not_read) {
    const auto deaf = listener();
    EXPECT_TRUE(eventually([this] { return ask([this] { return events.has_listeners(); }); }));
    const std::string much(8 << 20, 'x');
    say(much);
    EXPECT_TRUE(eventually([this] { return connections() == 0; }));
    EXPECT_TRUE(ask([this] { return events.has_room() && !events.has_listeners(); }));
    EXPECT_LT(deaf->read_to_end().size(), much.size());
}

TEST_F(feed_of_server, is_not_kept_from_its_end_by_who_does_not_read) {
    const auto deaf = listener();
    EXPECT_TRUE(eventually([this] { return ask([this] { return events.has_listeners(); }); }));
    const auto since = std::chrono::steady_clock::now();
    say(std::string(8 << 20, 'x'));
    end();
    EXPECT_LT(std::chrono::steady_clock::now() - since, 600ms * slack);
}

}  // namespace
}  // namespace larder::test
