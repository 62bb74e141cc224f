#include "larder/secret.hpp"

#include <gtest/gtest.h>

#include <string>

namespace LARDER_NAMESPACE {
namespace {

TEST(secret, is_the_same_as_itself_alone) {
    EXPECT_TRUE(is_same_secret("abc", std::string{"abc"}));
    EXPECT_TRUE(is_same_secret("", ""));
    for (const auto* other : {"", "ab", "abd", "abcd", "ABC"})
        EXPECT_FALSE(is_same_secret("abc", other)) << other;
    using namespace std::string_literals;
    EXPECT_FALSE(is_same_secret("abc\0"s, "abc"s));
}

// FIPS 180-2, appendix B.1.
TEST(secret, has_the_digest_that_others_compute) {
    EXPECT_EQ(digest_of_secret("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace LARDER_NAMESPACE
