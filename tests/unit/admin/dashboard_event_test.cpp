// What the dashboard is told of several workers.

#include "admin/dashboard_event.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "larder/json.hpp"

namespace LARDER_NAMESPACE::admin {
namespace {

using namespace std::chrono_literals;

observation two_workers() {
    http::request_counts counts{2};
    counts.add(1, http::method::get, 200, 70us);
    counts.add(1, http::method::get, 404, 3ms);
    counts.add(1, http::method::post, 503, 10s);
    worker_figures one;
    one.requests = counts.figures();
    one.cache.local_hits = 4;
    one.cache.misses = {.absent = 2, .requested = 1};
    one.cache.invalidations = 5;
    one.keys = {.all = 60, .most = {{"a", 20}, {"b", 10}}};
    auto other = one;
    other.keys = {.all = 40, .most = {{"b", 30}}};
    observation all{.service = "films", .version = "1.2", .workers = {one, other}};
    all.at.workers = {one, std::nullopt};
    return all;
}

std::string told() {
    return dashboard_event(two_workers(), std::chrono::steady_clock::time_point{3s});
}

bool tells(const std::string& part) { return told().find(part) != std::string::npos; }

TEST(dashboard_event, is_one_line_of_json) {
    EXPECT_TRUE(std::holds_alternative<json::node>(json::parse(told()))) << told();
    EXPECT_EQ(told().find('\n'), std::string::npos);
    EXPECT_TRUE(tells(R"({"at_us":3000000,)")) << told();
    EXPECT_TRUE(tells(R"("service":"films","version":"1.2",)")) << told();
}

TEST(dashboard_event, adds_up_what_workers_counted) {
    EXPECT_TRUE(tells(R"("requests":{"answered":6,"refused":2,"failed":2,)")) << told();
    EXPECT_TRUE(tells(R"("requests":[0,2,0,0,0,0,2,0,0,0,0,0,0,0,0,2]})")) << told();
    EXPECT_TRUE(tells(R"("reads":{"local":8,"shared":0,"missed":6},)")) << told();
    EXPECT_TRUE(tells(R"("invalidations":{"local_entries":10,)")) << told();
}

TEST(dashboard_event, has_the_last_counters_of_a_worker_that_does_not_answer) {
    EXPECT_TRUE(tells(R"("workers":[{"is_answering":true,"requests":3,)")) << told();
    EXPECT_TRUE(tells(R"({"is_answering":false,"requests":3,)")) << told();
}

TEST(dashboard_event, tells_the_share_that_all_workers_together_read_of_a_key) {
    EXPECT_TRUE(tells(R"("hot_keys":[{"key":"b","millionths":400000},)"
                      R"({"key":"a","millionths":200000}])"))
        << told();
}

}  // namespace
}  // namespace LARDER_NAMESPACE::admin
