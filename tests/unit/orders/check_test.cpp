// What the consistency checker decides, without a server.
#include <gtest/gtest.h>

#include "check/count.hpp"
#include "check/report.hpp"
#include "check/truth.hpp"
#include "larder/json.hpp"

namespace orders::check {
namespace {

using namespace std::chrono_literals;

TEST(check_count, is_a_number_and_nothing_else) {
    EXPECT_EQ(count_in(R"({"count":0})"), 0);
    EXPECT_EQ(count_in(R"({"count":12001})"), 12001);
    for (const auto* body : {"", "{}", R"({"count":})", R"({"count":"1"})", R"({"count":1.5})",
                             R"({"count":1}x)", R"({"count":1,"a":2})", R"({ "count":1})"})
        EXPECT_FALSE(count_in(body)) << body;
}

TEST(check_amount, has_two_places) {
    EXPECT_EQ(amount(1), "0.01");
    EXPECT_EQ(amount(10), "0.10");
    EXPECT_EQ(amount(99'999'999), "999999.99");
}

TEST(check_report, is_consistent_unless_a_promise_was_broken) {
    EXPECT_TRUE(is_consistent({.errors = {.late = 3}, .stale_reads = 2, .foreign_orders = 1}));
    EXPECT_FALSE(is_consistent({.too_stale_reads = 1}));
    EXPECT_FALSE(is_consistent({.overcounts = 1}));
    EXPECT_FALSE(is_consistent({.lost_writes = 1}));
    EXPECT_FALSE(is_consistent({.doubled_writes = 1}));
    EXPECT_FALSE(is_consistent({.denied_writes = 1}));
    EXPECT_FALSE(is_consistent({.wrong_at_the_end = 1}));
}

TEST(check_report, tells_people_what_happened) {
    report found{.instances = 3,
                 .reads = 10,
                 .reads_per_second = 5,
                 .errors = {.refused = 2, .unavailable = 1},
                 .stale_reads = 2,
                 .worst_stale_ms = 70,
                 .first_violations = {"that one"}};
    found.errors.late = 4;
    const auto table = text(found);
    for (const auto* part : {"reads             10  (5 a second)", "the worst by 70 ms",
                             "7  (no connection 2, no answer in time 4, answered 503 1)",
                             "  that one\n", "NOT CONSISTENT\n"})
        EXPECT_NE(table.find(part), std::string::npos) << part << "\n" << table;
}

TEST(check_report, tells_programs_in_one_line) {
    const auto line = larder::json::text(report{.consistent = true, .reads = 7});
    EXPECT_TRUE(line.starts_with(R"({"consistent":true,"instances":0,)")) << line;
    EXPECT_NE(line.find(R"("reads":7,)"), std::string::npos) << line;
    EXPECT_TRUE(line.ends_with(R"("first_violations":[]})")) << line;
}

}  // namespace
}  // namespace orders::check
