// Entity tags: pinned, since clients keep them across restarts and versions.

#include "http/etag.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace LARDER_NAMESPACE::http {
namespace {

std::string tag(std::string_view body) { return std::string{std::string_view{etag_of(body)}}; }

// The first half of what `sha256sum` says. 55 bytes are one block of SHA-256, 56 are two.
TEST(etag_of, is_half_of_sha_256) {
    using namespace std::string_literals;
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", R"("e3b0c44298fc1c149afbf4c8996fb924")"},
        {R"({"count":12000})", R"("1e6a609d8bc0ccd350008517eb43691b")"},
        {R"({"count":12001})", R"("99899027e303782d54db8374263783bb")"},
        {"a\0b"s, R"("59b271ae1bbcb1d31d41929817f4b16f")"},
        {std::string(55, 'x'), R"("d5e285683cd4efc02d021a5c62014694")"},
        {std::string(56, 'x'), R"("04c26261370ee7541549d16dee320c72")"},
        {std::string(63, 'x'), R"("75220b47218278e656f2013bb8f0c455")"},
        {std::string(64, 'x'), R"("7ce100971f64e7001e8fe5a51973ecdf")"},
        {std::string(65, 'x'), R"("9537c5fdf120482f7d58d25e9ed583f5")"},
        {std::string(10'000, 'x'), R"("e4ee97ec252749d2096447e849628d0d")"},
    };
    for (const auto& [body, expected] : cases) EXPECT_EQ(tag(body), expected) << body.size();
}

TEST(etag_of, takes_no_bytes_at_all) { EXPECT_EQ(tag(std::string_view{}), tag("")); }

TEST(etag_of, does_not_depend_on_what_came_before) {
    const auto first = tag("a");
    EXPECT_NE(tag("b"), first);
    EXPECT_EQ(tag("a"), first);
    EXPECT_NE(tag("ab"), first);
    EXPECT_EQ(tag("a"), first);
}

TEST(etag_of, is_the_same_in_every_thread) {
    std::vector<int> wrong(4);
    std::vector<std::thread> threads;
    for (auto& w : wrong)
        threads.emplace_back(
            [&w, body = std::string(100, static_cast<char>('a' + threads.size()))] {
                const auto first = tag(body);
                for (int i = 0; i < 20'000; ++i) w += tag(body) != first;
            });
    for (auto& t : threads) t.join();
    EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST(etag_of, differs_for_every_count) {
    std::set<std::string> tags;
    for (int i = 0; i < 10'000; ++i) tags.insert(tag("{\"count\":" + std::to_string(i) + "}"));
    EXPECT_EQ(tags.size(), 10'000U);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
