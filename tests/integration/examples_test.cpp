// The examples that need servers, with the output that they print; and the tutorial.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "support/process.hpp"
#include "support/scratch_folder.hpp"
#include "support/servers.hpp"
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
                  "train 7: 2, all trains: 4\n"
                  "train 7: 2\n"
                  "train 8: 2\n"
                  "train 7, counted again: 2\n");
        EXPECT_EQ(valkey().get("seats_taken:7"), "2");
        EXPECT_EQ(valkey().get("seats_taken:all"), "4");
    }
}

// Its commands run where larder/ is like a checkout that was built, and servers/ has servers of
// their own, whose database is empty.
TEST(tutorial, answers_as_it_says) {
    namespace files = std::filesystem;
    const postgres_server postgres;
    const valkey_server valkey;
    const scratch_folder home{"tutorial"};
    const std::string source = LARDER_SOURCE_DIR;
    files::create_directories(home.path + "/larder/build/release");
    files::create_directory(home.path + "/servers");
    for (const auto& [name, of] : {std::pair{"larder/tools", source + "/tools"},
                                   std::pair{"larder/.deps", source + "/.deps"},
                                   std::pair{"larder/build/release/orders", program("orders")},
                                   std::pair{"servers/postgres", postgres.folder()},
                                   std::pair{"servers/valkey", valkey.folder()}})
        files::create_symlink(of, home.path + "/" + name);
    const auto result = run_to_end(
        {"perl", source + "/tests/docs/tutorial.pl", "run", source, std::to_string(free_port()),
         // Of this build, whichever build's service is tested.
         std::string{LARDER_BINARY_DIR} + "/examples"},
        {{"HOME", home.path}, {"LARDER_TEST_SERVERS", "1"}}, patience * 12);
    EXPECT_EQ(result.status, 0) << result.err;
}

}  // namespace
}  // namespace larder::test
