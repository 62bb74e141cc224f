// Whatever a request's answer throws, it costs that request or its connection, and nothing else.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "http/listener.hpp"
#include "http/server.hpp"
#include "support/http_client.hpp"

namespace larder::test {
namespace {

namespace asio = boost::asio;

void fail(std::string_view how) {
    if (how == "memory") throw std::bad_alloc{};
    if (how == "size") throw std::length_error{"too long"};
    if (how == "number") throw 42;
}

asio::awaitable<http::response> answer(const http::request& r) {
    const auto how = r.path.substr(1);
    fail(how);
    co_await asio::post(asio::use_awaitable);
    if (how.starts_with("later-")) fail(how.substr(6));
    http::response answered{.body = "\"well\""};
    if (how == "completed-memory") answered.status = 201;
    co_return answered;
}

// The server of one worker, as app has it, with handlers that nothing is between.
struct failing_handler : testing::Test {
    failing_handler() {
        one.start();
        thread = std::jthread{[this] { io.run(); }};
    }
    ~failing_handler() override {
        asio::post(io, [this] { one.stop([] {}); });
    }
    void expect_well() const {
        const auto answered = get(port, "/");
        EXPECT_EQ(answered.status, 200);
        EXPECT_EQ(answered.body, "\"well\"");
    }

    asio::io_context io{1};
    http::acceptor listening = http::listen(io, {.port = 0});
    std::uint16_t port = port_of(listening);
    http::server one{io,
                     std::move(listening),
                     {.access_log = false,
                      .complete =
                          [](const http::request&, http::response& a) {
                              if (a.status == 201) throw std::bad_alloc{};
                          }},
                     [](const http::request& r) {
                         if (r.path.starts_with("/at-once-")) fail(r.path.substr(9));
                         return answer(r);
                     }};
    std::jthread thread;

private:
    static std::uint16_t port_of(const http::acceptor& a) {
        const auto name = http::text_of(a.local_endpoint());
        return static_cast<std::uint16_t>(std::stoi(name.substr(name.rfind(':') + 1)));
    }
};

TEST_F(failing_handler, is_a_500_and_the_connection_goes_on) {
    http_connection connection{port};
    for (const std::string when : {"", "later-", "at-once-"})
        for (const auto* how : {"memory", "size", "number"}) {
            SCOPED_TRACE(when + how);
            const auto answered = connection.request("GET", "/" + when + how);
            EXPECT_EQ(answered.status, 500);
            EXPECT_EQ(answered.body, R"({"detail":"Internal Server Error"})");
            EXPECT_EQ(connection.request("GET", "/").status, 200);
        }
    expect_well();
}

TEST_F(failing_handler, costs_at_most_its_connection) {
    http_connection other{port};
    EXPECT_EQ(other.request("GET", "/").status, 200);
    for (int i = 0; i < 3; ++i) {
        http_connection connection{port};
        connection.send(request_text("GET", "/completed-memory", {}, "", port));
        EXPECT_EQ(connection.read_to_end(), "");
    }
    EXPECT_EQ(other.request("GET", "/").status, 200);
    expect_well();
}

}  // namespace
}  // namespace larder::test
