// The tests' own tools: that the checkers complain of what they are there for, and that nothing
// a test starts outlives it.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "support/http_client.hpp"
#include "support/json_text.hpp"
#include "support/servers.hpp"
#include "support/valkey_client.hpp"

namespace larder::test {
namespace {

/// Answers one connection with these bytes, whatever it says, and closes.
class parrot {
public:
    explicit parrot(std::string bytes) : port{free_port()} {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            listen(listener_, 1) != 0) {
            throw std::runtime_error{"cannot listen"};
        }
        thread_ = std::thread{[this, text = std::move(bytes)] {
            const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            char request[4096];
            if (recv(client, request, sizeof request, 0) > 0) {
                ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
            }
            close(client);
        }};
    }
    ~parrot() {
        thread_.join();
        close(listener_);
    }
    parrot(const parrot&) = delete;
    parrot& operator=(const parrot&) = delete;

    const std::uint16_t port;

private:
    int listener_;
    std::thread thread_;
};

http_response answer_of(const std::string& bytes) {
    const parrot server{bytes};
    return request(server.port, "GET", "/");
}

TEST(http_client, understands_an_exact_answer) {
    const auto answer = answer_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: \r\nb:  c\r\n\r\n{}");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.reason, "OK");
    EXPECT_EQ(answer.body, "{}");
    EXPECT_EQ(answer.header("a"), "");
    EXPECT_EQ(answer.header("B"), "c");
    EXPECT_THROW(answer.header("c"), std::runtime_error);
}

TEST(http_client, complains_of_any_other_framing) {
    for (const auto* bytes : {
             "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}x",
             "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}",
             "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}",
             "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\n{}",
             "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\n\r\n{}",
             "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
             "HTTP/1.1 200 OK\ncontent-length: 2\n\n{}",
             "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\n{}",
             "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}",
             "HTTP/1.1 200 OK\r\ncontent length: 2\r\n\r\n{}",
             "{}",
             "",
         }) {
        EXPECT_THROW(answer_of(bytes), std::runtime_error) << bytes;
    }
}

TEST(json_text, understands_faults) {
    const auto faults =
        faults_of(R"({"detail":[{"type":"a","loc":["b",1],"msg":"c\"\u000a","input")"
                  R"(:-1.5e3},{"type":"d","loc":[],"msg":"e"}]})");
    ASSERT_EQ(faults.size(), 2U);
    EXPECT_EQ(faults[0].loc, R"(["b",1])");
    EXPECT_EQ(faults[0].msg, "c\"\n");
    EXPECT_EQ(faults[0].input, "-1.5e3");
    EXPECT_EQ(faults[1].input, std::nullopt);
    EXPECT_EQ(detail_of(R"({"detail":"Not Found"})"), "Not Found");
}

TEST(json_text, complains_of_what_is_not_compact_json) {
    for (const auto* text :
         {"", "{", "{}x", "[1, 2]", "[1,]", "{\"a\":}", "{\"a\" :1}", "01", "1.", "-", "nul", "\"",
          "\"\n\"", R"("\x")", "'a'", "\"\xff\"", "\"\xc3\"", "\"\x80\""}) {
        EXPECT_THROW(expect_compact_json(text), std::runtime_error) << text;
    }
    for (const auto* text : {R"({"detail":[]})", R"({"detail":[{"type":"a"}]})",
                             R"({"detail":[{"loc":[],"type":"a","msg":"b"}]})",
                             R"({"detail":[{"type":"a","loc":[],"msg":"b","more":1}]})"}) {
        EXPECT_THROW(faults_of(text), std::runtime_error) << text;
    }
}

TEST(process, tells_status_and_output) {
    const auto result = run_to_end({"sh", "-c", "echo $A$B; echo oops >&2; exit 3"}, {{"A", "x"}});
    EXPECT_EQ(result.status, 3);
    EXPECT_EQ(result.out, "x\n");
    EXPECT_EQ(result.err, "oops\n");
    EXPECT_EQ(run_to_end({"sh", "-c", "kill -9 $$"}, {}).status, 128 + SIGKILL);
    EXPECT_EQ(run_to_end({"no such program"}, {}).status, 127);
}

TEST(servers, keep_their_port_and_freeze_and_thaw) {
    valkey_server server;
    const auto uri = server.uri();
    valkey_client{uri}.set("a", "1");
    server.freeze();
    {
        valkey_client client{uri};
        std::atomic<bool> answered = false;
        std::thread asking{[&] {
            EXPECT_EQ(client.get("a"), "1");
            answered = true;
        }};
        EXPECT_FALSE(eventually([&] { return answered.load(); }, std::chrono::milliseconds{100}));
        server.thaw();
        asking.join();
    }
    server.kill();
    EXPECT_THROW(valkey_client{uri}, std::runtime_error);
    server.start();
    EXPECT_EQ(server.uri(), uri);
    EXPECT_EQ(valkey_client{uri}.get("a"), std::nullopt);
}

TEST(servers, do_not_outlive_a_test_that_crashes) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const auto test = fork();
    if (test == 0) {
        const valkey_server server;
        const auto pid = server.pid();
        const auto text = std::to_string(pid) + " " + server.folder();
        if (write(ends[1], text.data(), text.size()) < 0) _exit(1);
        raise(SIGKILL);
    }
    close(ends[1]);
    char buffer[4096] = {};
    ASSERT_GT(read(ends[0], buffer, sizeof buffer - 1), 0);
    close(ends[0]);
    ASSERT_EQ(waitpid(test, nullptr, 0), test);
    const std::string text{buffer};
    const auto pid = std::stoi(text);
    EXPECT_TRUE(eventually([pid] { return kill(pid, 0) != 0; }));
    EXPECT_TRUE(
        eventually([&] { return !std::filesystem::exists(text.substr(text.find(' ') + 1)); }));
}

}  // namespace
}  // namespace larder::test
