#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/http_client.hpp"
#include "support/observed_service.hpp"
#include "support/process.hpp"
#include "support/sample.hpp"
#include "support/servers.hpp"
#include "support/valkey_client.hpp"

namespace larder::test {

/// The two servers and the shop, started once for all tests of a program.
struct backends {
    postgres_server postgres;
    valkey_server valkey;
    sample store{postgres};

    static backends& shared();

    /// The environment of a service on these servers.
    environment env() const;
    /// Both servers run, Valkey is empty, and the shop as it was at first.
    void restore();
};

/// Waits until a connection to PostgreSQL is asked whether it is alive, before it is used again:
/// one whose server was heard within 10 ms is not.
inline void let_them_be_idle() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{20};
    eventually([&] { return std::chrono::steady_clock::now() > until; });
}

/// A test of a service on the shared servers, which it finds as they were at first.
struct store_test : testing::Test {
    void SetUp() override { servers.restore(); }

    /// `POST /add/` of the tutorial's order has to succeed.
    static void add_tutorial_order(std::uint16_t port);
    /// What `GET target` answers, which has to be a count.
    static long count(std::uint16_t port, std::string_view target = "/count");
    /// The first column of the first row.
    std::string sql(const std::string& query) { return servers.store.ask(query); }
    /// An order that waits for the lock of `holder` inside PostgreSQL.
    void send_blocked_order(pg_client& holder, http_connection& connection, std::uint16_t port);
    long rows() { return std::stol(sql("SELECT count(*) FROM orders")); }
    valkey_client valkey() const { return valkey_client{servers.valkey.uri()}; }

    backends& servers = backends::shared();
};

/// A test that needs nothing special of its service: all tests of a suite share one, which logs
/// at level debug and has two workers.
struct shared_service_test : store_test {
    static void SetUpTestSuite() {
        const std::vector<std::string> flags{"--workers", "2", "--log-level", "debug"};
        running = std::make_unique<observed_service>(backends::shared().env(), flags);
    }
    static void TearDownTestSuite() { running.reset(); }

    /// Its workers have heard, too, that Valkey was emptied.
    void SetUp() override {
        store_test::SetUp();
        ASSERT_TRUE(running->metric_becomes("larder_cache_local_entries", 0));
    }

    std::uint16_t port() const { return running->port(); }

    static inline std::unique_ptr<observed_service> running;  // one suite at a time
};

/// The answer is JSON of this status and exactly these bytes.
void expect_json(const http_response& answer, int status, std::string_view body);

/// How often it is there.
std::size_t times(std::string_view what, std::string_view text);

/// What `GET /count` answers.
std::string count_body(long count);

}  // namespace larder::test
