// What instances tell of themselves, and how it is shown.

#include "admin/instances.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "larder/json.hpp"

namespace LARDER_NAMESPACE::admin {
namespace {

using namespace std::chrono_literals;

instance_status calm_instance() {
    return {.instance = "web1:7",
            .version = "1.2",
            .address = "http://10.0.0.1:8000",
            .uptime_s = 7'300,
            .is_ready = true,
            .reasons = {},
            .window_ms = 2'000,
            .local_hits = 90,
            .shared_hits = 8,
            .misses = 2,
            .requests = 120,
            .workers = 2,
            .trusted_workers = 2,
            .follows_here = true,
            .is_followed = true,
            .late_ms = 3};
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(instances, are_read_as_they_were_told) {
    const auto read = read_instance(json::text(calm_instance()));
    ASSERT_TRUE(read);
    EXPECT_EQ(json::text(*read), json::text(calm_instance()));
    EXPECT_FALSE(read_instance(R"({"instance":"of another version"})"));
    EXPECT_FALSE(read_instance(""));
}

TEST(instances, have_a_line_each) {
    auto other = calm_instance();
    other.instance = "web22:4711";
    other.is_ready = other.follows_here = other.is_followed = false;
    other.reasons = {"PostgreSQL is away"};
    other.trusted_workers = 1;
    other.requests.reset();
    other.local_hits = other.shared_hits = other.misses = 0;
    EXPECT_EQ(text_of({{calm_instance(), other}}),
              "instance    version  up   address               state      hits local / shared  "
              "reads / requests a second  follows          trusts Valkey\n"
              "web1:7      1.2      2 h  http://10.0.0.1:8000  ready      90 % / 8 %           "
              "50 / 60                    here, 3 ms late  yes\n"
              "web22:4711  1.2      2 h  http://10.0.0.1:8000  not ready  - / -                "
              "0 / -                      nobody           1 of 2 workers\n"
              "web22:4711 is not ready: PostgreSQL is away\n");
    EXPECT_EQ(text_of(instances_report{}), "No instance has said that it runs\n");
}

TEST(instances, do_nothing_to_a_terminal) {
    auto bad = calm_instance();
    bad.instance = "\x1b[2J\n";
    EXPECT_TRUE(has(text_of({{bad}}), "?[2J?"));
}

TEST(recent_totals, grow_within_a_window) {
    recent_totals all;
    EXPECT_EQ(all.window(), 0ms);
    const auto begun = std::chrono::steady_clock::now();
    for (unsigned i = 0; i < 20; ++i)
        all.add({.at = begun + i * 2s, .local_hits = 10 * i, .misses = i, .requests = 3 * i});
    EXPECT_EQ(all.window(), 10s);
    EXPECT_EQ(all.growth().local_hits, 50U);
    EXPECT_EQ(all.growth().misses, 5U);
    EXPECT_EQ(all.growth().requests, 15U);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::admin
