// The example checker takes what instances of basket answer, and finds out one that is not told of
// what the others write.

#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct checker_example : store_test {
    checker_example() {
        env["PG_DATABASE"] = servers.store.database();
        // What Valkey was not told of in time the others hear from PostgreSQL, behind the answer.
        env["CACHE_DEADLINE_MS"] = env["PG_DEADLINE_MS"] = "5000";
        drop();
        EXPECT_EQ(run_to_end({program("basket"), "load-sample"}, env).status, 0);
        for (int i = 0; i < 2; ++i) start(env);
    }
    ~checker_example() override {
        for (auto& one : all) one->signal(SIGTERM);
        for (auto& one : all) EXPECT_EQ(one->wait(), 0) << one->err();
        all.clear();
        drop();
    }
    void drop() { sql("DROP TABLE IF EXISTS basket_items, baskets, products, vouchers; SELECT 1"); }
    void start(const environment& with) {
        const auto port = std::to_string(free_port());
        const std::vector<std::string> words{program("basket"), "serve", "--port", port};
        all.push_back(std::make_unique<child>(words, with));
        EXPECT_TRUE(all.back()->wait_for_err("basket listening")) << all.back()->err();
        urls.push_back("http://127.0.0.1:" + port);
    }
    auto check() const {
        std::vector<std::string> words{program("examples/example_checker"), "2"};
        words.insert(words.end(), urls.begin(), urls.end());
        return run_to_end(words, {});
    }

    environment env = servers.env();
    std::vector<std::unique_ptr<child>> all;
    std::vector<std::string> urls;
};

TEST_F(checker_example, finds_nothing_where_all_instances_are_told) {
    const auto ended = check();
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_NE(ended.out.find(" 0 stale, 0 early, 0 never there"), std::string::npos) << ended.out;
}

// Its entries have other names in Valkey, so nobody makes them untrue.
TEST_F(checker_example, finds_an_instance_that_is_told_nothing) {
    auto apart = env;
    apart["CACHE_PREFIX"] = "apart:";
    start(apart);
    const auto ended = check();
    EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
    EXPECT_EQ(ended.out.find(" 0 stale"), std::string::npos) << ended.out;
    EXPECT_NE(ended.out.find(" 0 early, 0 never there"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace larder::test
