// The harness sees a broken cache: the same checker over the same servers and gates must find stale
// answers in services that have them.

#include "cluster.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

struct broken_cache : testing::TestWithParam<const char*> {};

TEST_P(broken_cache, is_seen_by_the_harness) {
    const command_line serve = [](std::uint16_t port) {
        return std::vector<std::string>{LARDER_BROKEN_SERVICE, GetParam(), std::to_string(port)};
    };
    cluster all{2, serve};
    // The reader's answer from the source is under way while another instance writes, and so is a
    // writer's statement while another one reads.
    all.at(0).to_postgres.both_ways({.what = flow::kind::delay, .delay = 10ms});

    auto how = all.checking();
    how.duration = 300ms;
    how.settle = 0ms;
    how.write_pause = 5ms;
    std::int64_t reads = 0, rounds = 0;
    orders::check::report found;
    const bool seen = eventually([&] {
        found = orders::check::checker{how}.run();
        reads += found.reads;
        ++rounds;
        return found.stale_reads > 0;
    });
    std::printf("%s: %d of %d reads stale, the worst by %d ms, in round %d\n", GetParam(),
                static_cast<int>(found.stale_reads), static_cast<int>(reads),
                static_cast<int>(found.worst_stale_ms), static_cast<int>(rounds));
    EXPECT_TRUE(seen) << text(found);
    EXPECT_FALSE(found.consistent);
    EXPECT_EQ(found.overcounts + found.lost_writes + found.doubled_writes, 0) << text(found);
}

INSTANTIATE_TEST_SUITE_P(forms, broken_cache, testing::Values("delete_after", "delete_before"),
                         [](const auto& form) { return std::string{form.param}; });

}  // namespace
}  // namespace larder::test
