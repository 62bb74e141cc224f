// What a client prefers, by its accept-encoding. The weights of `accept` are problem_test's.

#include "http/weight.hpp"

#include <gtest/gtest.h>

namespace LARDER_NAMESPACE::http {
namespace {

TEST(prefers_gzip, of_who_names_it) {
    for (const auto* text :
         {"gzip", "GZIP", "x-gzip", "gzip, deflate, br, zstd", "br;q=1, gzip;q=0.1", "*",
          "gzip;q=1.0, identity; q=0.5, *;q=0", "identity;q=0.5, gzip;q=0.5", "gzip;q=0.001",
          "identity;q=0, *;q=0.5", "deflate,\tgzip ;q=0.8", "gzip;Q=0.5", "gzip;q=x", ",,gzip"})
        EXPECT_TRUE(prefers_gzip(text)) << text;
}

TEST(prefers_gzip, of_nobody_else) {
    for (const auto* text :
         {"", " ", "identity", "br", "gzip;q=0", "gzip;q=0.0, *", "gzip;q=0.000", "*;q=0",
          "identity, gzip;q=0.5", "identity;q=0.6, *;q=0.5", "gzipped", "x gzip", "deflate"})
        EXPECT_FALSE(prefers_gzip(text)) << text;
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
