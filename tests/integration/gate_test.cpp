// The tests' gate: that it does to connections what it says.

#include "support/gate.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "support/eventually.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto soon = std::chrono::milliseconds{50};

bool is_readable(int fd, std::chrono::milliseconds within) {
    pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, static_cast<int>(within.count())) > 0;
}

/// One end of a connection.
struct end {
    explicit end(int socket) : fd{socket} {}
    ~end() { close(); }
    end(const end&) = delete;
    end& operator=(const end&) = delete;

    void close() {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
    void send(const std::string& bytes) const {
        ASSERT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    /// What one read gets: bytes, "" at the end, "reset", or "nothing" when none came.
    std::string receive(std::chrono::milliseconds within = patience) const {
        if (!is_readable(fd, within)) return "nothing";
        std::array<char, 65'536> buffer;
        const auto size = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (size < 0) return errno == ECONNRESET ? "reset" : "error";
        return {buffer.data(), static_cast<std::size_t>(size)};
    }
    std::string receive_all(std::size_t size) const {
        std::string all;
        while (all.size() < size) {
            const auto more = receive();
            if (more.empty() || more == "nothing" || more == "reset") return all + more;
            all += more;
        }
        return all;
    }

    int fd;
};

struct gate_test : testing::Test {
    gate_test() {
        const auto any = at(0);
        EXPECT_EQ(::bind(listener.fd, reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
        EXPECT_EQ(::listen(listener.fd, 16), 0);
        between.emplace(port_of(listener));
    }
    static std::uint16_t port_of(const end& one) {
        sockaddr_in mine{};
        socklen_t size = sizeof mine;
        ::getsockname(one.fd, reinterpret_cast<sockaddr*>(&mine), &size);
        return ntohs(mine.sin_port);
    }
    static sockaddr_in at(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }
    static int new_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

    /// 0, or why not.
    int connect(const end& one) const {
        const auto to = at(between->port());
        return ::connect(one.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0
                                                                                         : errno;
    }
    int accept(std::chrono::milliseconds within = patience) const {
        return is_readable(listener.fd, within)
                   ? ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC)
                   : -1;
    }

    end listener{new_socket()};
    std::optional<gate> between;
};

/// A client and a server with the gate between them.
struct gate_link : gate_test {
    gate_link() {
        EXPECT_EQ(connect(client), 0);
        server.fd = accept();
        EXPECT_GE(server.fd, 0);
    }
    end client{new_socket()};
    end server{-1};
};

TEST_F(gate_link, passes_bytes_and_ends_both_ways) {
    client.send("hello");
    EXPECT_EQ(server.receive(), "hello");
    server.send("you");
    EXPECT_EQ(client.receive(), "you");
    ::shutdown(client.fd, SHUT_WR);
    EXPECT_EQ(server.receive(), "");
    server.send("still here");
    EXPECT_EQ(client.receive(), "still here");
    server.close();
    EXPECT_EQ(client.receive(), "");
    EXPECT_TRUE(eventually([this] { return between->present() == 0; }));
    EXPECT_EQ(between->accepted(), 1U);
}

TEST_F(gate_link, passes_more_than_fits_into_any_buffer) {
    const std::string much(8 << 20, 'x');
    std::thread sending{[&] { client.send(much); }};
    EXPECT_EQ(server.receive_all(much.size()), much);
    sending.join();
}

TEST_F(gate_test, refuses_and_listens_again_on_the_same_port) {
    between->admit(admission::refuse);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(connect(end{new_socket()}), ECONNREFUSED);
    between->heal();
    const end client{new_socket()};
    EXPECT_EQ(connect(client), 0);
    EXPECT_GE(end{accept()}.fd, 0);
}

TEST_F(gate_link, that_refuses_leaves_present_connections_alone) {
    between->admit(admission::refuse);
    client.send("a");
    EXPECT_EQ(server.receive(), "a");
}

TEST_F(gate_test, accepts_and_stays_silent) {
    between->admit(admission::silent);
    const end client{new_socket()};
    ASSERT_EQ(connect(client), 0);
    client.send("anybody there?");
    EXPECT_EQ(client.receive(soon), "nothing");
    between->heal();
    EXPECT_EQ(client.receive(soon), "nothing");
    EXPECT_LT(accept(std::chrono::milliseconds{0}), 0);
}

TEST_F(gate_test, resets_new_connections) {
    between->admit(admission::reset);
    const end client{new_socket()};
    const int refused = connect(client);
    EXPECT_EQ(refused == 0 ? client.receive() : "reset", "reset");
    EXPECT_TRUE(refused == 0 || refused == ECONNRESET);
}

TEST_F(gate_link, resets_both_ends) {
    between->reset();
    EXPECT_EQ(client.receive(), "reset");
    EXPECT_EQ(server.receive(), "reset");
    EXPECT_EQ(between->present(), 0U);
}

TEST_F(gate_test, whose_server_is_gone_resets_the_client) {
    listener.close();
    const end client{new_socket()};
    const int refused = connect(client);
    EXPECT_EQ(refused == 0 ? client.receive() : "reset", "reset");
}

TEST_F(gate_link, half_closes_one_way) {
    between->to_client({.what = flow::kind::half_close});
    EXPECT_EQ(client.receive(), "");
    server.send("lost");
    client.send("not lost");
    EXPECT_EQ(server.receive(), "not lost");
}

TEST_F(gate_link, delays_one_way_and_keeps_the_order) {
    between->to_client({.what = flow::kind::delay, .delay = soon});
    const auto begin = clock::now();
    client.send("a");
    EXPECT_EQ(server.receive(), "a");
    server.send("b");
    server.send("c");
    EXPECT_EQ(client.receive_all(2), "bc");
    EXPECT_GE(clock::now() - begin, soon);
}

TEST_F(gate_link, cuts_into_single_bytes_and_loses_none) {
    const std::string text = "what is this all about?";
    between->both_ways({.what = flow::kind::slices});
    client.send(text);
    std::size_t reads = 0, bytes = 0;
    while (bytes < text.size()) {
        const auto part = server.receive();
        ASSERT_EQ(part, text.substr(bytes, part.size()));
        bytes += part.size();
        ++reads;
    }
    EXPECT_GT(reads, 1U);
}

TEST_F(gate_link, cuts_after_so_many_bytes) {
    between->to_client({.what = flow::kind::cut, .bytes = 3});
    client.send("all of it");
    EXPECT_EQ(server.receive(), "all of it");
    server.send("more than three");
    EXPECT_EQ(client.receive_all(3), "mor");
    EXPECT_EQ(client.receive(), "");
}

TEST_F(gate_link, holds_and_then_delivers) {
    between->both_ways({.what = flow::kind::hold});
    client.send("a");
    server.send("b");
    EXPECT_EQ(server.receive(soon), "nothing");
    EXPECT_EQ(client.receive(soon), "nothing");
    between->heal();
    EXPECT_EQ(server.receive(), "a");
    EXPECT_EQ(client.receive(), "b");
}

TEST_F(gate_link, holds_one_way_only) {
    between->to_server({.what = flow::kind::hold});
    client.send("a");
    server.send("b");
    EXPECT_EQ(client.receive(), "b");
    EXPECT_EQ(server.receive(soon), "nothing");
}

TEST_F(gate_link, drops_what_it_held_for_a_sender_that_left) {
    between->both_ways({.what = flow::kind::hold});
    client.send("a");
    client.close();
    EXPECT_EQ(server.receive(soon), "nothing") << "not even that it left";
    between->heal();
    EXPECT_EQ(server.receive(), "reset");
}

TEST_F(gate_test, holds_new_connections_and_then_serves_them) {
    between->both_ways({.what = flow::kind::hold});
    const end client{new_socket()};
    ASSERT_EQ(connect(client), 0);
    client.send("a");
    const end server{accept()};
    EXPECT_EQ(server.receive(soon), "nothing");
    between->heal();
    EXPECT_EQ(server.receive(), "a");
}

TEST_F(gate_link, may_treat_new_connections_unlike_present_ones) {
    between->both_ways({.what = flow::kind::hold}, connections::future);
    client.send("a");
    EXPECT_EQ(server.receive(), "a");
    between->both_ways({.what = flow::kind::hold}, connections::present);
    client.send("b");
    EXPECT_EQ(server.receive(soon), "nothing");
}

TEST_F(gate_link, leads_new_connections_elsewhere) {
    const end elsewhere{new_socket()};
    const auto any = at(0);
    ASSERT_EQ(::bind(elsewhere.fd, reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
    ASSERT_EQ(::listen(elsewhere.fd, 16), 0);
    between->lead_to(port_of(elsewhere));
    const end late{new_socket()};
    ASSERT_EQ(connect(late), 0);
    ASSERT_TRUE(is_readable(elsewhere.fd, patience));
    const end other{::accept4(elsewhere.fd, nullptr, nullptr, SOCK_CLOEXEC)};
    late.send("a");
    client.send("b");
    EXPECT_EQ(other.receive(), "a");
    EXPECT_EQ(server.receive(), "b");
}

}  // namespace
}  // namespace larder::test
