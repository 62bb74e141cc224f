// How figures of several workers become one text. That Prometheus takes it is seen in
// tests/integration/metrics_test.cpp.

#include "admin/metrics.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace LARDER_NAMESPACE::admin {
namespace {

using namespace std::chrono_literals;

worker_figures worker_of(const http::request_counts& counts) {
    worker_figures one;
    one.requests = counts.figures();
    return one;
}

observation observed(std::vector<worker_figures> workers) {
    observation all{.service = "films", .version = "1.2", .routes = {"none", "/films/{id}"}};
    all.at.workers.assign(workers.begin(), workers.end());
    all.workers = std::move(workers);
    return all;
}

bool shows(const std::string& text, const std::string& line) {
    return ('\n' + text).find('\n' + line + '\n') != std::string::npos;
}

TEST(metrics, add_up_what_workers_counted) {
    http::request_counts one{2}, other{2};
    one.add(1, http::method::get, 200, 70us);
    one.add(1, http::method::get, 404, 3ms);
    other.add(1, http::method::get, 200, 50us);
    other.add_refused(431);
    auto first = worker_of(one), second = worker_of(other);
    first.cache.local_hits = 4;
    second.cache.local_hits = 5;
    second.cache.misses.write_in_progress = 2;
    const auto text = metrics_text(observed({first, second}));
    for (const auto* line :
         {R"(larder_build_info{service="films",version="1.2"} 1)", "larder_workers 2",
          R"(larder_http_requests_total{route="/films/{id}",method="GET",status="200"} 2)",
          R"(larder_http_requests_total{route="/films/{id}",method="GET",status="404"} 1)",
          R"(larder_http_requests_total{route="none",method="other",status="431"} 1)",
          R"(larder_http_request_duration_seconds_bucket{route="/films/{id}",le="0.0001"} 2)",
          R"(larder_http_request_duration_seconds_bucket{route="/films/{id}",le="0.005"} 3)",
          R"(larder_http_request_duration_seconds_bucket{route="/films/{id}",le="+Inf"} 3)",
          R"(larder_http_request_duration_seconds_count{route="/films/{id}"} 3)",
          R"(larder_cache_hits_total{tier="local"} 9)",
          R"(larder_cache_misses_total{reason="write_in_progress"} 2)"})
        EXPECT_TRUE(shows(text, line)) << line << '\n' << text;
    EXPECT_EQ(text.find("larder_http_request_duration_seconds_count{route=\"none\"}"), text.npos)
        << "of what has no time";
    EXPECT_EQ(text.find("larder_follower_"), text.npos) << "as nobody is to follow";
}

TEST(metrics, tell_of_a_worker_that_does_not_answer_and_keep_what_it_said_last) {
    worker_figures silent;
    silent.cache.loads = 7;
    auto all = observed({silent});
    all.at.workers.front().reset();
    const auto text = metrics_text(all);
    EXPECT_TRUE(shows(text, "larder_workers 1") && shows(text, "larder_workers_answering 0"));
    EXPECT_TRUE(shows(text, "larder_cache_loads_total 7"));
}

TEST(metrics, add_up_what_differed_for_how_long) {
    worker_figures first, second;
    first.self_check = self_check_figures{.compared = 10, .inconsistent = {3, 2, 0}};
    second.self_check = self_check_figures{.compared = 5, .inconsistent = {1, 1, 1}};
    const auto text = metrics_text(observed({first, second}));
    for (const auto* line :
         {"larder_self_checks_total 15", R"(larder_inconsistent_reads_total{age="bound"} 4)",
          R"(larder_inconsistent_reads_total{age="1m"} 3)",
          R"(larder_inconsistent_reads_total{age="10m"} 1)"})
        EXPECT_TRUE(shows(text, line)) << line << '\n' << text;
    EXPECT_EQ(metrics_text(observed({worker_figures{}})).find("self_check"), std::string::npos);
}

TEST(metrics, add_up_reads_that_were_joined) {
    worker_figures first, second;
    first.cache.joined_reads = 9;
    second.cache.joined_reads = 10;
    EXPECT_TRUE(
        shows(metrics_text(observed({first, second})), "larder_cache_joined_reads_total 19"));
}

// Of whatever is no status of HTTP.
TEST(request_counts, have_a_place_for_every_status) {
    http::request_counts counts{1};
    for (const unsigned status : {0U, 99U, 100U, 599U, 600U, 70'000U})
        counts.add(0, http::method::other, status, 0ns);
    const auto all = counts.figures();
    ASSERT_EQ(all.counts.size(), 2U);
    EXPECT_EQ(all.counts.front().status, 100U);
    EXPECT_EQ(all.counts.front().requests, 3U);
    EXPECT_EQ(all.counts.back().status, 599U);
    EXPECT_EQ(all.counts.back().requests, 3U);
}

TEST(request_counts, put_a_duration_into_the_first_bucket_that_is_as_long) {
    http::request_counts counts{1};
    counts.add(0, http::method::get, 200, 50us);
    counts.add(0, http::method::get, 200, 51us);
    counts.add(0, http::method::get, 200, 1h);
    const auto one = counts.figures().latencies.front();
    EXPECT_EQ(one.buckets[0], 1U);
    EXPECT_EQ(one.buckets[1], 1U);
    EXPECT_EQ(one.buckets.back(), 1U);
    EXPECT_EQ(one.sum, 1h + 101us);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::admin
