// What a key's policy does, asked over HTTP.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "support/eventually.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

struct policy : store_test {
    policy() {
        env["PG_SERVICE_URI"] = servers.postgres.with("dbname=" + servers.store.database());
        env["PG_DATABASE"] = servers.store.database();
        env["PG_DEADLINE_MS"] = "1000";
        sql("DROP TABLE IF EXISTS things; CREATE TABLE things (id integer PRIMARY KEY,"
            " name text NOT NULL); INSERT INTO things SELECT n, 'thing ' || n"
            " FROM generate_series(1, 9) n; SELECT 1");
        const std::vector<std::string> command{program("tests/integration/policy_service"),
                                               "serve",
                                               "--port",
                                               std::to_string(port),
                                               "--workers",
                                               "2"};
        one = std::make_unique<child>(command, env);
        EXPECT_TRUE(one->wait_for_err("policies listening")) << one->err();
    }
    ~policy() override {
        one->signal(SIGTERM);
        EXPECT_EQ(one->wait(), 0) << one->err();
        sql("DROP TABLE things; SELECT 1");
    }

    /// Nobody reads a thing while it is there.
    struct lock {
        explicit lock(pg_client by) : holder(std::move(by)) {
            holder.exec("BEGIN; LOCK TABLE things IN ACCESS EXCLUSIVE MODE");
        }
        void end() { holder.exec("ROLLBACK"); }
        pg_client holder;
    };
    lock lock_things() const { return lock{servers.store.connect()}; }
    /// How many statements wait for that lock.
    long waiting() {
        return std::stol(
            sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND query LIKE 'SELECT id, name FROM things%'"));
    }
    auto ask(const std::string& target) const {
        return std::async(std::launch::async, [at = port, target] { return get(at, target); });
    }

    environment env = servers.env();
    const std::uint16_t port = free_port();
    std::unique_ptr<child> one;
};

void expect_refusal(const http_response& answer, std::string_view why) {
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("retry-after"), "1");
    EXPECT_NE(answer.body.find(why), std::string::npos) << answer.body;
}

// PostgreSQL itself would wait for the lock for 2 s.
TEST_F(policy, ends_a_load_that_takes_too_long_also_in_postgresql) {
    auto held = lock_things();
    const auto begun = steady_clock::now();
    const auto answer = get(port, "/quick/1");
    const auto took = steady_clock::now() - begun;
    expect_refusal(answer, "took too long");
    EXPECT_GE(took, 300ms);
    EXPECT_LT(took, 1200ms * slack);
    EXPECT_TRUE(eventually([&] { return waiting() == 0; }, 1000ms * slack));
    held.end();
    EXPECT_EQ(get(port, "/quick/1").body, R"({"id":1,"name":"thing 1"})");
    EXPECT_NE(one->err().find("policies listening"), std::string::npos);
}

TEST_F(policy, bounds_how_many_loads_go_on_in_the_process) {
    auto held = lock_things();
    std::vector<std::future<http_response>> all;
    for (int id = 1; id <= 6; ++id) all.push_back(ask("/single/" + std::to_string(id)));
    EXPECT_TRUE(eventually([&] { return waiting() == 1; }));
    // Loads of other families have turns of their own.
    auto other = ask("/quick/7");
    EXPECT_TRUE(eventually([&] { return waiting() == 2; })) << waiting();
    held.end();
    for (auto& one_answer : all) EXPECT_EQ(one_answer.get().status, 200);
    other.get();
}

TEST_F(policy, refuses_who_waits_for_his_turn_for_too_long) {
    auto held = lock_things();
    auto first = ask("/single/1");
    EXPECT_TRUE(eventually([&] { return waiting() == 1; }));
    const auto begun = steady_clock::now();
    expect_refusal(get(port, "/single/2"), "too many");
    EXPECT_GE(steady_clock::now() - begun, 1000ms);
    held.end();
    first.get();
    EXPECT_EQ(get(port, "/single/2").status, 200);
}

}  // namespace
}  // namespace larder::test
