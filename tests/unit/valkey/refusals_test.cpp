// What Valkey refuses, and what the log says of it.

#include "valkey/refusals.hpp"

#include <gtest/gtest.h>

namespace LARDER_NAMESPACE::valkey {
namespace {

TEST(valkey_refusal, of_a_command_names_the_right_that_helps) {
    const std::string helped =
        "NOPERM User shop has no permissions to run the 'zadd' command; to allow it: ACL SETUSER "
        "shop +zadd (docs/reference.md has all that is needed)";
    EXPECT_EQ(with_help("NOPERM User shop has no permissions to run the 'zadd' command", "shop"),
              helped);
    // In a script it is the same, wherever in it.
    EXPECT_EQ(with_help("ERR ACL failure in script: User shop has no permissions to run the 'zadd' "
                        "command script: f1b71fd28c263b9bc9, on @user_script:15.",
                        "shop"),
              helped);
    EXPECT_NE(
        with_help("NOPERM this user has no permissions to run the 'script|load' command", "default")
            .find("ACL SETUSER default +script|load"),
        std::string::npos);
}

TEST(valkey_refusal, of_a_key_says_that_it_is_the_keys) {
    for (const auto* error :
         {"NOPERM No permissions to access a key",
          "NOPERM this user has no permissions to access one of the keys used as arguments",
          "ERR ACL failure in script: No permissions to access a key script: 0f, on "
          "@user_script:3."})
        EXPECT_NE(with_help(error, "shop").find("the user shop needs the cache's keys"),
                  std::string::npos)
            << error;
}

TEST(valkey_refusal, of_a_cluster_is_known_and_explained) {
    for (const auto* error : {"MOVED 1282 127.0.0.1:7002", "ASK 1282 127.0.0.1:7002",
                              "CLUSTERDOWN Hash slot not served",
                              "CROSSSLOT Keys in request don't hash to the same slot",
                              "TRYAGAIN Multiple keys request"}) {
        EXPECT_TRUE(is_of_cluster(error)) << error;
        EXPECT_NE(with_help(error, "shop").find("one node of a cluster"), std::string::npos)
            << error;
    }
    EXPECT_FALSE(is_of_cluster("ERR MOVED"));
}

TEST(valkey_refusal, of_an_unknown_command_does_not_quote_its_arguments) {
    EXPECT_EQ(
        with_help("ERR unknown command 'SCRIPT', with args beginning with: 'LOAD' 'local'", "a"),
        "ERR unknown command 'SCRIPT'; is it a Sentinel, or a server older than Valkey 7.2? "
        "Give the URI of the primary");
}

TEST(valkey_refusal, that_nobody_knows_is_told_as_it_is) {
    EXPECT_EQ(with_help("OOM command not allowed when used memory > 'maxmemory'.", "shop"),
              "OOM command not allowed when used memory > 'maxmemory'.");
    EXPECT_EQ(with_help("", "shop"), "");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::valkey
