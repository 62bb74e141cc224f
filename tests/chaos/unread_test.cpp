// What Valkey told an instance counts from when it has arrived, whether a worker has looked at it
// or not, and whatever it came over.

#include "cluster.hpp"
#include "support/order_text.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

// One worker, so that a stopped process is a worker that is behind.
std::vector<std::string> one_worker(std::uint16_t port) {
    return {program("orders"), "serve", "--port",      std::to_string(port),
            "--workers",       "1",     "--log-level", "warning"};
}

struct unread : testing::TestWithParam<transport> {
    cluster all{2, one_worker, {}, ways::straight, GetParam()};
    http_connection reader{all.at(1).port()};

    // What changes last is asked for first.
    const std::vector<std::string> targets{"/count?customerid=9998", "/count?customerid=9999",
                                           "/count"};
    const std::string requests = [this] {
        std::string text;
        for (const auto& one : targets) text += request_text("GET", one, {}, "", all.at(1).port());
        return text;
    }();

    void expect_local(const std::string& target) {
        EXPECT_TRUE(eventually([&] {
            const auto answer = reader.request("GET", target);
            return answer.header("cache-status").ends_with("detail=local");
        })) << target
            << " is not kept locally";
    }
    /// The counts that the requests were answered with.
    std::vector<long> receive() {
        std::vector<long> counts;
        for (std::size_t i = 0; i < targets.size(); ++i) {
            const auto answer = reader.receive();
            EXPECT_EQ(answer.status, 200);
            long count = -1;
            EXPECT_EQ(std::sscanf(answer.body.c_str(), "{\"count\":%ld}", &count), 1);
            counts.push_back(count);
        }
        return counts;
    }
};

// The worker finds all invalidations and all requests when it runs again. It may answer no request
// from its own entries before it has looked at all that had come. Over TLS what each order makes
// untrue is a record of its own.
TEST_P(unread, invalidations_come_before_requests_that_wait_with_them) {
    int stale = 0;
    constexpr int rounds = 40;
    for (int added = 1; added <= rounds; ++added) {
        for (const auto& target : targets) expect_local(target);
        all.at(1).freeze();
        EXPECT_EQ(add(all.at(0).port(), with_customer("9999")).status, 200);
        EXPECT_EQ(add(all.at(0).port(), with_customer("9998")).status, 200);
        reader.send(requests);
        all.at(1).thaw();
        if (receive() != std::vector<long>{added, added, 12'000 + 2 * added}) ++stale;
    }
    EXPECT_EQ(stale, 0) << "of " << rounds << " rounds";
}

// Likewise what others than this service change.
TEST_P(unread, changes_by_others_come_before_requests_that_wait_with_them) {
    valkey_client valkey{all.servers.valkey.uri()};
    int stale = 0;
    constexpr int rounds = 40;
    for (int round = 1; round <= rounds; ++round) {
        for (const auto& target : targets) expect_local(target);
        all.at(1).freeze();
        for (const auto* key : {"num_orders:all", "num_orders:9999", "num_orders:9998"})
            valkey.set(key, std::to_string(round));
        valkey.command({"PING"});  // SET may be answered a moment before it is told
        reader.send(requests);
        all.at(1).thaw();
        if (receive() != std::vector<long>{round, round, round}) ++stale;
    }
    EXPECT_EQ(stale, 0) << "of " << rounds << " rounds";
}

// Else the local tier would be of no use, and nothing would say so.
TEST_P(unread, entries_are_used_where_there_is_nothing) {
    expect_local("/count");
    int local = 0;
    constexpr int requests_count = 1'000;
    for (int i = 0; i < requests_count; ++i) {
        const auto answer = reader.request("GET", "/count");
        if (answer.header("cache-status").ends_with("detail=local")) ++local;
    }
    EXPECT_GT(local, requests_count * 9 / 10);
}

INSTANTIATE_TEST_SUITE_P(transports, unread,
                         testing::Values(transport::tcp, transport::tls, transport::unix_socket),
                         [](const auto& one) {
                             if (one.param == transport::tcp) return "tcp";
                             return one.param == transport::tls ? "tls" : "a_unix_socket";
                         });

}  // namespace
}  // namespace larder::test
