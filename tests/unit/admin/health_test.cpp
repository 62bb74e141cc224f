// When an instance is ready, and what it is told to go without.

#include "admin/health.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace LARDER_NAMESPACE::admin {
namespace {

using sentences = std::vector<std::string>;

worker_figures calm_worker() {
    worker_figures one;
    one.cache.is_connected = one.cache.is_trusted = one.cache.is_local_usable = true;
    return one;
}

condition calm() {
    return {.has_started = true,
            .local_limit = 1'000,
            .source = {.is_reachable = true},
            .workers = {calm_worker(), calm_worker()}};
}

TEST(health, is_ready_and_lacks_nothing_where_all_is_well) {
    const auto all = judge(calm());
    EXPECT_TRUE(all.is_ready());
    EXPECT_EQ(all.status, "ready");
    EXPECT_EQ(all.degraded, sentences{});
}

TEST(health, names_every_reason_at_once) {
    auto at = calm();
    at.is_stopping = true;
    at.source = {.why_not = "no connection"};
    at.follow = following::required;
    at.workers.back().reset();
    const auto all = judge(at);
    EXPECT_EQ(all.status, "not ready");
    EXPECT_EQ(all.reasons,
              (sentences{"The service is stopping", "PostgreSQL cannot be reached: no connection",
                         "Nobody follows the writes of others, as CACHE_FOLLOW=on "
                         "wants",
                         "1 of 2 workers did not answer in time"}));
}

TEST(health, says_that_it_starts_where_there_is_no_better_reason) {
    auto at = calm();
    at.has_started = false;
    EXPECT_EQ(judge(at).reasons, sentences{"The service is starting"});
    at.not_set_up = "PG_SERVICE_URI is empty/unset";
    at.source = {};
    EXPECT_EQ(judge(at).reasons, sentences{"PG_SERVICE_URI is empty/unset"});
}

TEST(health, of_who_has_to_be_followed_needs_one_worker_that_knows_of_it) {
    auto at = calm();
    at.follow = following::required;
    at.workers.front()->cache.is_followed = true;
    EXPECT_TRUE(judge(at).is_ready());
    at.workers.front()->follower =
        follower_figures{.is_following = true, .late = std::chrono::milliseconds{7}};
    EXPECT_EQ(judge(at).follower.late_ms, 7);
}

TEST(health, without_valkey_is_ready_and_says_what_it_goes_without) {
    auto at = calm();
    auto& one = at.workers.front()->cache;
    one = {};
    EXPECT_TRUE(judge(at).is_ready());
    EXPECT_EQ(judge(at).degraded,
              sentences{"Valkey is away for 1 of 2 workers, which answer from PostgreSQL"});
    one.is_connected = one.is_silent = true;
    EXPECT_EQ(judge(at).degraded,
              (sentences{"Valkey is silent for 1 of 2 workers, which answer from PostgreSQL",
                         "Valkey is not trusted yet by 1 of 2 workers"}));
    at.is_foreign = true;
    EXPECT_EQ(judge(at).degraded.back(),
              "Valkey holds entries of another database, so it is not used");
}

TEST(health, tells_of_what_makes_it_slower) {
    auto at = calm();
    at.follow = following::automatic;
    at.unreleased_keys = 3;
    at.source = {.is_reachable = true, .is_busy = true};
    at.workers.back()->cache.is_local_usable = false;
    const auto all = judge(at);
    EXPECT_TRUE(all.is_ready());
    EXPECT_EQ(all.degraded,
              (sentences{"All connections to PostgreSQL are in use, so requests wait",
                         "Nobody follows the writes of others, so entries are believed for a "
                         "short time",
                         "3 keys are read from PostgreSQL until Valkey is told of writes on them",
                         "The local tier is not used by 1 of 2 workers"}));
    at.local_limit = 0;
    EXPECT_EQ(judge(at).degraded.size(), 3U) << "which is meant so";
}

}  // namespace
}  // namespace LARDER_NAMESPACE::admin
