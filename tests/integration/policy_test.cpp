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

struct policy_test : store_test {
    explicit policy_test(const std::string& deadline_ms = "1000") {
        env["PG_SERVICE_URI"] = servers.postgres.with("dbname=" + servers.store.database());
        env["PG_DATABASE"] = servers.store.database();
        env["PG_DEADLINE_MS"] = deadline_ms;
        sql("DROP TABLE IF EXISTS things; CREATE TABLE things (id integer PRIMARY KEY,"
            " name text NOT NULL); INSERT INTO things SELECT n, 'thing ' || n"
            " FROM generate_series(1, 9) n; SELECT 1");
        const std::vector<std::string> command{program("examples/example_policies"),
                                               "serve",
                                               "--port",
                                               std::to_string(port),
                                               "--workers",
                                               "2"};
        one = std::make_unique<child>(command, env);
        EXPECT_TRUE(one->wait_for_err("policies listening")) << one->err();
    }
    ~policy_test() override {
        servers.postgres.start();
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

void expect_no_load(const http_response& answer, std::string_view why) {
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("retry-after"), "1");
    EXPECT_NE(answer.body.find(why), std::string::npos) << answer.body;
}

// PostgreSQL itself would wait for the lock for 2 s.
TEST_F(policy_test, ends_a_load_that_takes_too_long_also_in_postgresql) {
    auto held = lock_things();
    const auto begun = steady_clock::now();
    const auto answer = get(port, "/quick/1");
    const auto took = steady_clock::now() - begun;
    expect_no_load(answer, "took too long");
    EXPECT_GE(took, 300ms);
    EXPECT_LT(took, 1200ms * slack);
    EXPECT_TRUE(eventually([&] { return waiting() == 0; }, 1000ms * slack));
    held.end();
    EXPECT_EQ(get(port, "/quick/1").body, R"({"id":1,"name":"thing 1"})");
    EXPECT_NE(one->err().find("policies listening"), std::string::npos);
}

// Who waits for his turn is not refused before that was looked at, on a busy machine either.
struct patient_policy_test : policy_test {
    patient_policy_test() : policy_test("30000") {}
};

TEST_F(patient_policy_test, bounds_how_many_loads_go_on_in_the_process) {
    auto held = lock_things();
    std::vector<std::future<http_response>> all;
    for (int id = 1; id <= 6; ++id) all.push_back(ask("/single/" + std::to_string(id)));
    EXPECT_TRUE(eventually([&] { return waiting() == 1; }));
    // Loads of other families have turns of their own.
    auto other = ask("/lasting/7");
    EXPECT_TRUE(eventually([&] { return waiting() == 2; })) << waiting();
    held.end();
    for (auto& one_answer : all) EXPECT_EQ(one_answer.get().status, 200);
    other.get();
}

TEST_F(policy_test, refuses_who_waits_for_his_turn_for_too_long) {
    auto held = lock_things();
    auto first = ask("/single/1");
    EXPECT_TRUE(eventually([&] { return waiting() == 1; }));
    const auto begun = steady_clock::now();
    expect_no_load(get(port, "/single/2"), "too many");
    EXPECT_GE(steady_clock::now() - begun, 1000ms);
    held.end();
    first.get();
    EXPECT_EQ(get(port, "/single/2").status, 200);
}

struct stale_test : policy_test {
    void SetUp() override {
        policy_test::SetUp();
        for (const std::string name : {"lasting", "kept"})
            EXPECT_TRUE(eventually([&] { return is_hit('/' + name + "/1"); })) << one->err();
    }
    /// For either worker: each connection is one's of the two. Valkey may be new, and none of them
    /// trusts it at once then.
    bool is_hit(const std::string& path) const {
        for (int i = 0; i < 20; ++i) {
            const auto answer = get(port, path);
            EXPECT_EQ(answer.status, 200);
            if (!answer.header("cache-status").starts_with("larder; hit")) return false;
        }
        return true;
    }
    /// Its TTL ended so many seconds ago: it is kept for 600 s longer than that.
    void age(const std::string& entry, int seconds) const {
        const auto left = std::to_string(600'000 - seconds * 1'000);
        ASSERT_EQ(valkey().command({"PEXPIRE", entry, left}), "1");
    }
    void rename(const std::string& name) {  // behind larder's back
        sql("UPDATE things SET name = '" + name + "' WHERE id = 1; SELECT 1");
    }
    void expect_past_its_ttl(const http_response& answer, long seconds, const std::string& before,
                             const std::string& behind) const {
        EXPECT_EQ(answer.status, 200) << answer.body;
        EXPECT_EQ(answer.body, thing_1) << one->err();
        const auto& status = answer.header("cache-status");
        EXPECT_TRUE(status.starts_with(before + "; ttl=-") &&
                    status.ends_with("; detail=" + behind))
            << status;
        const auto age = std::stol(answer.header("age"));  // the TTL, or up to a twentieth less
        EXPECT_TRUE(age >= 57 + seconds && age <= 63 + seconds) << age;
        EXPECT_FALSE(answer.has("warning"));
    }
    void expect_used_behind(const http_response& answer, long seconds) const {
        expect_past_its_ttl(answer, seconds, "larder; hit", "stale-while-revalidate");
    }
    void expect_used_instead(const http_response& answer, long seconds) const {
        expect_past_its_ttl(answer, seconds, "larder; fwd=stale", "stale-if-error");
    }
    static void expect_loaded(const http_response& answer) {
        EXPECT_TRUE(answer.header("cache-status").starts_with("larder; fwd=stale; stored"))
            << answer.header("cache-status");
        EXPECT_EQ(answer.header("age"), "0");
    }

    static constexpr auto thing_1 = R"({"id":1,"name":"thing 1"})";
};

TEST_F(stale_test, is_the_answer_while_it_is_loaded_anew_once) {
    EXPECT_GT(valkey().ttl("lasting:1"), 600);
    EXPECT_NE(get(port, "/openapi.json")
                  .body.find(R"("ttl":60,"stale_while_revalidate":30,"stale_if_error":600)"),
              std::string::npos);
    rename("another");
    age("lasting:1", 10);
    auto held = lock_things();
    for (int i = 0; i < 8; ++i) {  // by either worker
        const auto answer = get(port, "/lasting/1");
        expect_used_behind(answer, 10);
        EXPECT_EQ(answer.header("cache-control"), "no-cache");
        EXPECT_LE(waiting(), 1);
    }
    held.end();
    EXPECT_TRUE(eventually([&] {
        const auto answer = get(port, "/lasting/1");
        return answer.body == R"({"id":1,"name":"another"})" &&
               answer.header("cache-status").ends_with("detail=local");
    })) << one->err();
    EXPECT_GT(valkey().ttl("lasting:1"), 600);
}

TEST_F(stale_test, is_nothing_that_was_never_there) {
    int id = 900;
    EXPECT_TRUE(eventually([&] {
        const auto said = get(port, "/lasting/" + std::to_string(++id)).header("cache-status");
        EXPECT_EQ(said.find("fwd=stale"), std::string::npos) << said;
        return said.starts_with("larder; fwd=uri-miss");
    }));
}

TEST_F(stale_test, is_not_the_answer_beyond_its_bound) {
    rename("another");
    age("lasting:1", 31);
    const auto answer = get(port, "/lasting/1");
    EXPECT_EQ(answer.body, R"({"id":1,"name":"another"})");
    expect_loaded(answer);
}

// Nobody has to delete it: Valkey does, and a worker that has it in its own memory knows when.
TEST_F(stale_test, is_nowhere_beyond_its_bound) {
    for (const auto* entry : {"lasting:1", "kept:1"}) {
        EXPECT_LE(valkey().ttl(entry), 60 + 600) << entry;
        EXPECT_GT(valkey().ttl(entry), 57 + 600 - 60) << entry;
    }
    auto held = lock_things();
    const auto aged = steady_clock::now();
    age("kept:1", 598);
    http_response answer;
    std::chrono::steady_clock::duration took{};
    EXPECT_TRUE(eventually([&] {
        answer = get(port, "/kept/1");
        took = steady_clock::now() - aged;
        if (answer.status == 200) expect_used_instead(answer, 598);
        return answer.status != 200;
    }));
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_GT(took, 1'900ms) << "it may be the answer for two seconds more";
    EXPECT_LT(took, 2'000ms + 1'000ms * slack);
    EXPECT_EQ(valkey().get("kept:1"), std::nullopt);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(get(port, "/kept/1").status, 503) << "by either worker";
}

TEST_F(stale_test, is_the_answer_where_the_load_fails_if_it_was_not_made_untrue) {
    age("kept:1", 100);
    auto held = lock_things();
    const auto answer = get(port, "/kept/1");
    expect_used_instead(answer, 100);
    EXPECT_EQ(answer.header("cache-control"), "no-cache");
    // Who says how old it may be gets no older one.
    const auto refused = request(port, "GET", "/kept/1", {{"cache-control", "max-age=150"}});
    EXPECT_EQ(refused.status, 503) << refused.body;
    held.end();
    const auto written = request(port, "PUT", "/things/1", {{"content-type", "application/json"}},
                                 R"({"name":"written"})");
    EXPECT_EQ(written.status, 200) << written.body;
    auto again = lock_things();
    EXPECT_EQ(get(port, "/kept/1").status, 503);
}

TEST_F(stale_test, is_the_answer_while_postgresql_is_down) {
    age("kept:1", 100);
    age("lasting:1", 10);
    servers.postgres.kill();
    expect_used_instead(get(port, "/kept/1"), 100);
    EXPECT_EQ(get(port, "/kept/2").status, 503);
    expect_used_behind(get(port, "/lasting/1"), 10);
    age("lasting:1", 40);
    expect_used_instead(get(port, "/lasting/1"), 40);
    EXPECT_NE(one->err().find("PostgreSQL cannot be used"), std::string::npos) << one->err();
    servers.postgres.start();
    EXPECT_TRUE(eventually([&] {
        return get(port, "/kept/1").header("cache-status").ends_with("detail=local");
    })) << one->err();
}

// A Valkey that is not trusted has no entries, past their TTL or not.
TEST_F(stale_test, is_not_the_answer_without_valkey) {
    age("kept:1", 100);
    servers.valkey.kill();
    auto held = lock_things();
    EXPECT_EQ(get(port, "/kept/1").status, 503);
}

TEST_F(stale_test, does_not_hide_an_answer_of_the_handler) {
    age("kept:1", 1);
    rename("broken");
    EXPECT_EQ(get(port, "/kept/1").body, thing_1);
    rename("gone");
    EXPECT_EQ(get(port, "/kept/1").status, 410);
}

TEST_F(stale_test, is_no_answer_that_nothing_is_there) {
    EXPECT_EQ(get(port, "/lasting/77").status, 404);
    age("lasting:77", 10);
    const auto answer = get(port, "/lasting/77");
    EXPECT_EQ(answer.status, 404);
    expect_loaded(answer);
}

TEST_F(policy_test, bounds_how_large_an_entry_is) {
    sql("UPDATE things SET name = repeat('x', 100) WHERE id = 2; SELECT 1");
    for (int i = 0; i < 6; ++i) {
        const auto answer = get(port, "/brief/2");
        EXPECT_EQ(answer.body, R"({"id":2,"name":")" + std::string(100, 'x') + R"("})");
        EXPECT_TRUE(answer.header("cache-status").ends_with("detail=too-large"))
            << answer.header("cache-status");
    }
    EXPECT_FALSE(valkey().get("brief:2"));
    EXPECT_LE(times("brief:2 has 145 bytes, more than the 80 that are kept", one->err()), 2U)
        << "each worker says it once: " << one->err();
    EXPECT_GE(times("more than the 80 that are kept", one->err()), 1U) << one->err();
    // One of another family is kept, and a short one of this.
    EXPECT_EQ(get(port, "/quick/2").status, 200);
    EXPECT_EQ(get(port, "/brief/1").status, 200);
    EXPECT_TRUE(eventually([&] { return valkey().get("quick:2") && valkey().get("brief:1"); }));
    // What somebody else put there is as long as it is.
    valkey().set("brief:3", std::string(81, ' '));
    EXPECT_EQ(get(port, "/brief/3").body, R"({"id":3,"name":"thing 3"})");
}

}  // namespace
}  // namespace larder::test
