// Many readers and writers on several instances, without any fault: no answer is stale, ever.

#include <cstdlib>
#include <functional>

#include "cluster.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

const std::int64_t reads_to_check = slack > 1 ? 30'000 : 300'000;

// Each on a database of its own: what writers add makes every load dearer.
void over_and_over(const std::function<void()>& once) {
    const int times = std::getenv("LARDER_SOAK") != nullptr ? 10 : 1;
    for (int i = 0; i < times; ++i) once();
}

void expect_no_stale_read(const cluster& all, std::int64_t reads,
                          std::chrono::milliseconds write_pause) {
    auto how = all.checking();
    how.reads = reads;
    how.write_pause = write_pause;
    how.timeout = patience;
    const auto found = orders::check::checker{how}.run();
    std::printf("writers pause %d ms on average:\n%s", static_cast<int>(write_pause.count()),
                text(found).c_str());
    EXPECT_TRUE(found.consistent);
    EXPECT_GE(found.reads, reads);
    EXPECT_GT(found.writes, 0);
    EXPECT_EQ(found.stale_reads, 0);
    EXPECT_EQ(found.errors.sum(), 0);
    EXPECT_EQ(found.foreign_orders, 0);
}

// Where the machine keeps Valkey from answering within its deadline, that is a fault: a write then
// goes on without it, and the other instances hear of it late.
// Likewise PostgreSQL: then a request is refused.
const environment patient{{"CACHE_DEADLINE_MS", "5000"}, {"PG_DEADLINE_MS", "5000"}};

// While writers never rest nearly every key is always held, so that readers hardly meet an entry;
// while they rest for long there are few invalidations. So both, and what lies between.
TEST(consistency, consistent_without_faults) {
    over_and_over([&] {
        const cluster all{3, orders_serve, patient, ways::straight};
        const auto reads = reads_to_check;
        expect_no_stale_read(all, reads / 100, 0ms);
        expect_no_stale_read(all, reads / 10, 20ms);
        expect_no_stale_read(all, reads * 89 / 100, 100ms);
    });
}

// A write holds nothing then.
TEST(consistency, consistent_while_the_log_is_followed) {
    over_and_over([&] {
        auto env = followed();
        env.insert(patient.begin(), patient.end());
        const cluster all{3, orders_serve, env, ways::straight};
        const auto reads = reads_to_check;
        expect_no_stale_read(all, reads / 100, 0ms);
        expect_no_stale_read(all, reads / 10, 20ms);
        expect_no_stale_read(all, reads / 5, 100ms);
    });
}

TEST(consistency, consistent_without_the_local_tier) {
    over_and_over([&] {
        auto env = patient;
        env["CACHE_LOCAL_BYTES"] = "0";
        const cluster all{3, orders_serve, env, ways::straight};
        expect_no_stale_read(all, reads_to_check / 30, 20ms);
    });
}

// Whether a worker has read all that Valkey told it is found out in another way for each of them.
struct consistency_over : testing::TestWithParam<transport> {};

TEST_P(consistency_over, is_the_same) {
    over_and_over([&] {
        const cluster all{3, orders_serve, patient, ways::straight, GetParam()};
        const auto reads = reads_to_check / 10;
        expect_no_stale_read(all, reads / 10, 20ms);
        expect_no_stale_read(all, reads * 9 / 10, 100ms);
    });
}

INSTANTIATE_TEST_SUITE_P(transports, consistency_over,
                         testing::Values(transport::tls, transport::unix_socket),
                         [](const auto& one) {
                             return one.param == transport::tls ? "tls" : "a_unix_socket";
                         });

}  // namespace
}  // namespace larder::test
