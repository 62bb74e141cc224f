// Cache-Control: what is read from requests, what is made of it, what is told to clients.

#include "larder/http/cache_control.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

namespace LARDER_NAMESPACE::http {

void PrintTo(const cache_directives& d, std::ostream* out) {
    const auto print = [out](const char* name, std::optional<std::chrono::seconds> value) {
        if (value) *out << name << value->count() << ' ';
    };
    print("max-age=", d.max_age);
    print("min-fresh=", d.min_fresh);
    print("max-stale=", d.max_stale);
    if (d.no_cache) *out << "no-cache ";
    if (d.no_store) *out << "no-store ";
    if (d.only_if_cached) *out << "only-if-cached ";
}

namespace {

using namespace std::chrono_literals;
using std::string_view;

cache_directives parse(string_view cache_control, string_view pragma = {}) {
    return parse_cache_directives(cache_control, pragma);
}

using table = std::vector<std::pair<string_view, cache_directives>>;

void expect_each(const table& cases) {
    for (const auto& [text, expected] : cases) EXPECT_EQ(parse(text), expected) << text;
}

TEST(parse_cache_directives, reads_each_directive) {
    expect_each({
        {"", {}},
        {"max-age=0", {.max_age = 0s}},
        {"max-age=3600", {.max_age = 1h}},
        {"min-fresh=20", {.min_fresh = 20s}},
        {"max-stale=10", {.max_stale = 10s}},
        {"max-stale", {.max_stale = any_age}},
        {"no-cache", {.no_cache = true}},
        {"no-store", {.no_store = true}},
        {"only-if-cached", {.only_if_cached = true}},
        {"no-transform", {}},
        {"no-cache, no-store, max-age=0, min-fresh=1, max-stale=2, only-if-cached",
         {.max_age = 0s,
          .min_fresh = 1s,
          .max_stale = 2s,
          .no_cache = true,
          .no_store = true,
          .only_if_cached = true}},
    });
}

TEST(parse_cache_directives, does_not_look_at_case_and_space) {
    expect_each({
        {"No-Cache", {.no_cache = true}},
        {"MAX-AGE=5", {.max_age = 5s}},
        {"no-cache,no-store", {.no_cache = true, .no_store = true}},
        {" \tno-cache \t,\t no-store\t ", {.no_cache = true, .no_store = true}},
        {",, no-cache,, ,", {.no_cache = true}},
        {",", {}},
        {" ", {}},
    });
}

TEST(parse_cache_directives, reads_quoted_strings) {
    expect_each({
        {R"(max-age="5")", {.max_age = 5s}},
        {R"(max-age="\5\0")", {.max_age = 50s}},
        {R"(max-stale="5", no-store)", {.max_stale = 5s, .no_store = true}},
        {R"(no-cache="a, no-store")", {.no_cache = true}},
        {R"(ext="no-store, \", max-age=1", no-cache)", {.no_cache = true}},
        {R"(ext="\\", no-cache)", {.no_cache = true}},
        {R"(ext=\", no-cache", no-store)", {.no_store = true}},
        {R"(ext="no end, no-store)", {}},
        {R"(ext="\)", {}},
    });
}

TEST(parse_cache_directives, ignores_what_it_does_not_know) {
    expect_each({
        {"foo", {}},
        {"foo=bar, no-cache", {.no_cache = true}},
        {"no-cach", {}},
        {"no-cachee", {}},
        {"xmax-age=5", {}},
        {"max-age2=5", {}},
        {"max-age =5", {}},
        {"=5", {}},
        {"=", {}},
        {"public, s-maxage=5, must-revalidate", {}},
        {"no-store no-cache", {}},
        {"no-store; no-cache", {}},
        {"\"no-store\"", {}},
    });
}

// RFC 9111, section 1.2.2.
TEST(parse_cache_directives, takes_numbers_that_are_too_large_for_2_to_the_31) {
    expect_each({
        {"max-age=2147483647", {.max_age = 2'147'483'647s}},
        {"max-age=2147483648", {.max_age = 2'147'483'648s}},
        {"max-age=2147483649", {.max_age = 2'147'483'648s}},
        {"max-age=18446744073709551617", {.max_age = any_age}},
        {"max-age=99999999999999999999999999999999", {.max_age = any_age}},
        {"min-fresh=99999999999999999999999999999999", {.min_fresh = any_age}},
        {"max-stale=99999999999999999999999999999999", {.max_stale = any_age}},
        {"max-age=00000000000000000000000000000007", {.max_age = 7s}},
    });
}

// RFC 9111, section 4.2.1: freshness that cannot be read is none.
TEST(parse_cache_directives, takes_what_is_no_number_for_the_strictest_one) {
    for (const string_view value :
         {"=",       "=-1",      "=+1",   "=1.5", "=1e3", "=0x10",    "=abc", "=1 2",
          "= 1",     "='1'",     "=\"\"", "=\"",  "=\"1", "=\"12",    "=1\"", "=\"-1\"",
          "=\" 1\"", "=\"1\\\"", "=\\1",  "==1",  "=1s",  "=\xC3\xA9"}) {
        const auto with = [value](std::string name) { return name.append(value); };
        EXPECT_EQ(parse(with("max-age")), cache_directives{.max_age = 0s}) << value;
        EXPECT_EQ(parse(with("min-fresh")), cache_directives{.min_fresh = any_age}) << value;
        EXPECT_EQ(parse(with("max-stale")), cache_directives{.max_stale = 0s}) << value;
    }
    EXPECT_EQ(parse("max-age"), cache_directives{.max_age = 0s});
    EXPECT_EQ(parse("min-fresh"), cache_directives{.min_fresh = any_age});
}

TEST(parse_cache_directives, takes_the_first_of_several) {
    expect_each({
        {"max-age=5, max-age=7", {.max_age = 5s}},
        {"max-age=7, MAX-AGE=5", {.max_age = 7s}},
        {"max-age=x, max-age=5", {.max_age = 0s}},
        {"max-stale=5, max-stale", {.max_stale = 5s}},
        {"max-stale, max-stale=5", {.max_stale = any_age}},
        {"min-fresh=0, min-fresh=5", {.min_fresh = 0s}},
        {"no-cache, no-cache", {.no_cache = true}},
    });
}

TEST(parse_cache_directives, reads_pragma_only_without_cache_control) {
    EXPECT_EQ(parse("", "no-cache"), cache_directives{.no_cache = true});
    EXPECT_EQ(parse("", "foo=\"a,b\", No-Cache"), cache_directives{.no_cache = true});
    EXPECT_EQ(parse("", "no-store, max-age=0, only-if-cached"), cache_directives{});
    EXPECT_EQ(parse("", "foo"), cache_directives{});
    EXPECT_EQ(parse("max-age=5", "no-cache"), cache_directives{.max_age = 5s});
    EXPECT_EQ(parse("foo", "no-cache"), cache_directives{});
}

constexpr std::optional<entry_times> no_entry;
constexpr entry_times fresh{.age = 30s, .ttl = 90s};
constexpr entry_times stale{.age = 130s, .ttl = -10s};

constexpr auto use = cache_plan::use;
constexpr auto load_and_store = cache_plan::load_and_store;
constexpr auto load = cache_plan::load;
constexpr auto refuse = cache_plan::refuse;

TEST(plan, uses_what_is_fresh_and_loads_what_is_not) {
    EXPECT_EQ(plan({}, true, fresh), use);
    EXPECT_EQ(plan({}, true, stale), load_and_store);
    EXPECT_EQ(plan({}, true, no_entry), load_and_store);
    EXPECT_EQ(plan({}, true, entry_times{.age = 120s, .ttl = 1ms}), use);
    EXPECT_EQ(plan({}, true, entry_times{.age = 120s, .ttl = 0ms}), load_and_store);
}

struct plans {
    string_view asked;
    cache_plan with_fresh, with_stale, with_none;
};

void expect_plans(bool client_reload, const std::vector<plans>& rows) {
    for (const auto& r : rows) {
        EXPECT_EQ(plan(parse(r.asked), client_reload, fresh), r.with_fresh) << r.asked;
        EXPECT_EQ(plan(parse(r.asked), client_reload, stale), r.with_stale) << r.asked;
        EXPECT_EQ(plan(parse(r.asked), client_reload, no_entry), r.with_none) << r.asked;
    }
}

TEST(plan, does_what_the_directives_ask_for) {
    const auto las = load_and_store;
    expect_plans(true, {
                           {"no-cache", las, las, las},
                           {"no-store", use, load, load},
                           {"no-cache, no-store", load, load, load},
                           {"max-age=0", las, las, las},
                           {"max-age=29", las, las, las},
                           {"max-age=30", use, las, las},
                           {"max-age=1000", use, las, las},
                           {"min-fresh=90", use, las, las},
                           {"min-fresh=91", las, las, las},
                           {"min-fresh=0", use, las, las},
                           {"max-stale", use, use, las},
                           {"max-stale=10", use, use, las},
                           {"max-stale=9", use, las, las},
                           {"max-stale=0", use, las, las},
                           {"only-if-cached", use, refuse, refuse},
                       });
}

// RFC 9111, section 4.2.1: of directives in conflict the most restrictive counts.
TEST(plan, heeds_every_one_of_several_directives) {
    const auto las = load_and_store;
    expect_plans(true, {
                           {"max-age=1000, no-cache", las, las, las},
                           {"max-age=130, max-stale=10", use, use, las},
                           {"max-age=129, max-stale=10", use, las, las},
                           {"max-age=130, max-stale=9", use, las, las},
                           {"max-stale, min-fresh=5", use, las, las},
                           {"max-stale, no-cache", las, las, las},
                           {"max-age=30, min-fresh=90", use, las, las},
                           {"max-age=30, min-fresh=91", las, las, las},
                           {"max-age=29, min-fresh=90", las, las, las},
                           {"max-age=0, no-store", load, load, load},
                           {"only-if-cached, max-stale", use, use, refuse},
                           {"only-if-cached, no-cache", refuse, refuse, refuse},
                           {"only-if-cached, max-age=0", refuse, refuse, refuse},
                           {"only-if-cached, min-fresh=91", refuse, refuse, refuse},
                           {"only-if-cached, no-store", use, refuse, refuse},
                       });
}

TEST(plan, lets_no_client_force_a_load_where_the_operator_says_so) {
    const auto las = load_and_store;
    expect_plans(false, {
                            {"", use, las, las},
                            {"no-cache", use, las, las},
                            {"no-store", use, las, las},
                            {"max-age=0", use, las, las},
                            {"min-fresh=91", use, las, las},
                            {"no-cache, no-store, max-age=0, min-fresh=1000", use, las, las},
                            {"max-stale", use, use, las},
                            {"max-stale=9", use, las, las},
                            {"only-if-cached", use, refuse, refuse},
                            {"only-if-cached, no-cache", use, refuse, refuse},
                        });
}

TEST(plan, compares_times_exactly) {
    const auto with = [](string_view asked, std::chrono::milliseconds age,
                         std::chrono::milliseconds ttl) {
        return plan(parse(asked), true, entry_times{.age = age, .ttl = ttl});
    };
    EXPECT_EQ(with("max-age=0", 0ms, 1s), use);
    EXPECT_EQ(with("max-age=0", 1ms, 1s), load_and_store);
    EXPECT_EQ(with("max-age=5", 5'000ms, 1s), use);
    EXPECT_EQ(with("max-age=5", 5'001ms, 1s), load_and_store);
    EXPECT_EQ(with("min-fresh=5", 1s, 5'000ms), use);
    EXPECT_EQ(with("min-fresh=5", 1s, 4'999ms), load_and_store);
    EXPECT_EQ(with("max-stale=5", 1s, -5'000ms), use);
    EXPECT_EQ(with("max-stale=5", 1s, -5'001ms), load_and_store);
}

TEST(cache_control, is_no_cache_by_default) { EXPECT_EQ(cache_control({}), "no-cache"); }

TEST(cache_control, says_what_the_route_allows) {
    EXPECT_EQ(cache_control({.max_age = 60s}), "max-age=60");
    EXPECT_EQ(cache_control({.max_age = 60s, .stale_while_revalidate = 30s}),
              "max-age=60, stale-while-revalidate=30");
    EXPECT_EQ(cache_control({.max_age = 60s, .stale_if_error = 1h}),
              "max-age=60, stale-if-error=3600");
    EXPECT_EQ(
        cache_control({.max_age = 60s, .stale_while_revalidate = 30s, .stale_if_error = 600s}),
        "max-age=60, stale-while-revalidate=30, stale-if-error=600");
}

// With no-cache in it, the other directive would mean nothing.
TEST(cache_control, of_an_answer_that_is_stale_at_once_is_not_no_cache) {
    EXPECT_EQ(cache_control({.stale_while_revalidate = 30s}),
              "max-age=0, stale-while-revalidate=30");
    EXPECT_EQ(cache_control({.stale_if_error = 600s}), "max-age=0, stale-if-error=600");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
