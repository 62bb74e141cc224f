// `orders check --external`: orders that another program adds are seen, or the checker says that
// they are not.

#include <gtest/gtest.h>

#include <string>

#include "follow_store.hpp"

namespace larder::test {
namespace {

struct check_external : follow_store {
    ended check(const service& one) {
        return run_orders(
            {"check", "--external", "--seconds", "2", "--writers", "2", "--write-pause-ms", "5",
             "--read-pause-ms", "2", "--urls", "http://127.0.0.1:" + std::to_string(one.port())},
            env());
    }
};

TEST_F(check_external, finds_all_that_others_add_where_somebody_follows) {
    const follower one{env()};
    warm(one);
    const auto done = check(one);
    EXPECT_EQ(done.status, 0) << done.out << done.err;
}

TEST_F(check_external, finds_answers_that_lack_it_where_nobody_follows) {
    auto all = env();
    all["CACHE_FOLLOW"] = "off";
    const service one{all, {"--workers", "2"}};
    const auto done = check(one);
    EXPECT_EQ(done.status, 1) << done.out << done.err;
    EXPECT_NE(done.out.find("stale by "), std::string::npos) << done.out;
}

}  // namespace
}  // namespace larder::test
