// The examples that need servers, with the output that they print.

#include <gtest/gtest.h>

#include "support/process.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using examples = store_test;

TEST_F(examples, without_http_reads_through_the_cache_and_makes_it_untrue) {
    auto env = servers.env();
    env["PG_SERVICE_URI"] = servers.postgres.uri();
    for (int run = 1; run <= 2; ++run) {
        const auto result = run_to_end({program("examples/example_without_http")}, env);
        EXPECT_EQ(result.status, 0) << result.err;
        EXPECT_EQ(result.out,
                  "train 7: 0, all trains: 0\n"
                  "train 7: 2, all trains: 4\n"
                  "train 7: 2, all trains: 4\n");
        EXPECT_EQ(valkey().get("seats_taken:7"), "2");
        EXPECT_EQ(valkey().get("seats_taken:all"), "4");
    }
}

}  // namespace
}  // namespace larder::test
