// Preconditions: which answer they make of a request.

#include "http/conditional.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace LARDER_NAMESPACE::http {
namespace {

constexpr std::string_view current = R"("xyzzy")";
constexpr std::string_view nothing = "";

constexpr auto proceed = verdict::proceed;
constexpr auto not_modified = verdict::not_modified;
constexpr auto failed = verdict::precondition_failed;

const std::vector<method> reading{method::get, method::head};
const std::vector<method> writing{method::post, method::put, method::patch, method::del};

verdict if_match(std::string_view value, std::string_view etag = current, method m = method::get) {
    return evaluate(m, {.if_match = value}, etag);
}

verdict if_none_match(std::string_view value, std::string_view etag = current,
                      method m = method::get) {
    return evaluate(m, {.if_none_match = value}, etag);
}

// Values that name the current tag, those that do not, and those that are none.
const std::vector<std::string_view> naming{
    R"("xyzzy")",
    R"("xyzzy", "r2d2xxxx", "c3piozzzz")",
    R"("r2d2xxxx","xyzzy")",
    "\"r2d2xxxx\" \t,\t \"xyzzy\"",
    R"(W/"xyzzy", "xyzzy")",
    R"("xyzzy", W/"xyzzy")",
    R"(, "xyzzy")",
    R"(,, ,"r2d2xxxx", ,"xyzzy",,)",
    R"("a,b", "xyzzy")",
    R"("", "xyzzy")",
    R"("*", "xyzzy")",
    R"("!#~", "xyzzy")",
    R"("\", "xyzzy")",
    "\"caf\xC3\xA9\", \"xyzzy\"",
    R"("xyzzy" )",
    R"( "xyzzy")",
};
const std::vector<std::string_view> not_naming{
    R"("r2d2xxxx")",
    R"("r2d2xxxx", "c3piozzzz")",
    R"("XYZZY")",
    R"("xyzz")",
    R"("xyzzyy")",
    R"("")",
    R"("*")",
    R"("a,b")",
    R"("\xyzzy")",
    R"("W/xyzzy")",
    ",",
    " , ,",
};
const std::vector<std::string_view> malformed{
    "xyzzy",
    "'xyzzy'",
    R"("xyzzy)",
    R"(xyzzy")",
    R"(")",
    R"(w/"xyzzy")",
    R"(W"xyzzy")",
    R"(W/ "xyzzy")",
    R"(W /"xyzzy")",
    R"(W/W/"xyzzy")",
    "W/",
    "W/xyzzy",
    R"("xyzzy" "r2d2xxxx")",
    R"("xyzzy";q=1)",
    R"("xyzzy"; "r2d2xxxx")",
    R"("xyzzy", r2d2xxxx)",
    R"(r2d2xxxx, "xyzzy")",
    R"("r2d2xxxx, "xyzzy")",
    R"("a b", "xyzzy")",
    R"("a ,"xyzzy")",
    R"("a\"b", "xyzzy")",
    R"("xyzzy", *)",
    R"(*, "xyzzy")",
    "*, *",
    "**",
    "W/*",
    "\"\x7F\", \"xyzzy\"",
    "\"\t\", \"xyzzy\"",
    std::string_view{"\"\0\", \"xyzzy\"", 12},
    "\"xyzzy\"\n",
};

TEST(preconditions, that_are_not_there_let_everything_proceed) {
    for (const auto m : {method::get, method::head, method::post, method::put, method::patch,
                         method::del, method::options, method::other}) {
        EXPECT_EQ(evaluate(m, {}, current), proceed);
        EXPECT_EQ(evaluate(m, {}, nothing), proceed);
    }
}

TEST(if_none_match, is_304_for_reads_and_412_for_writes) {
    for (const auto value : naming) {
        for (const auto m : reading) EXPECT_EQ(if_none_match(value, current, m), not_modified);
        for (const auto m : writing) EXPECT_EQ(if_none_match(value, current, m), failed);
    }
}

TEST(if_none_match, compares_weakly) {
    EXPECT_EQ(if_none_match(R"(W/"xyzzy")"), not_modified);
    EXPECT_EQ(if_none_match(R"("a",W/"b" , W/"xyzzy")"), not_modified);
    EXPECT_EQ(if_none_match(R"(W/"xyzzy")", current, method::post), failed);
    EXPECT_EQ(if_none_match(R"(W/"r2d2xxxx")"), proceed);
}

TEST(if_none_match, proceeds_if_the_tag_is_not_named) {
    for (const auto value : not_naming) {
        for (const auto m : reading) EXPECT_EQ(if_none_match(value, current, m), proceed) << value;
        for (const auto m : writing) EXPECT_EQ(if_none_match(value, current, m), proceed) << value;
    }
}

TEST(if_none_match, star_asks_for_nothing_there) {
    EXPECT_EQ(if_none_match("*"), not_modified);
    EXPECT_EQ(if_none_match("*", current, method::put), failed);
    EXPECT_EQ(if_none_match("*", nothing), proceed);
    EXPECT_EQ(if_none_match("*", nothing, method::put), proceed);
}

TEST(if_none_match, malformed_never_hides_an_answer_and_never_lets_a_write_through) {
    for (const auto value : malformed) {
        for (const auto m : reading) EXPECT_EQ(if_none_match(value, current, m), proceed) << value;
        for (const auto m : writing) EXPECT_EQ(if_none_match(value, current, m), failed) << value;
    }
}

TEST(if_match, proceeds_if_the_tag_is_named) {
    for (const auto value : naming) {
        for (const auto m : reading) EXPECT_EQ(if_match(value, current, m), proceed) << value;
        for (const auto m : writing) EXPECT_EQ(if_match(value, current, m), proceed) << value;
    }
}

TEST(if_match, fails_if_the_tag_is_not_named_or_the_value_is_malformed) {
    for (const auto* values : {&not_naming, &malformed})
        for (const auto value : *values) {
            for (const auto m : reading) EXPECT_EQ(if_match(value, current, m), failed) << value;
            for (const auto m : writing) EXPECT_EQ(if_match(value, current, m), failed) << value;
        }
}

TEST(if_match, fails_if_it_names_no_tag_at_all) {
    for (const auto m : {method::get, method::put}) EXPECT_EQ(if_match("", current, m), failed);
    EXPECT_EQ(evaluate(method::put, {}, current), proceed) << "there is no such line";
}

TEST(if_match, compares_strongly) {
    EXPECT_EQ(if_match(R"(W/"xyzzy")"), failed);
    EXPECT_EQ(if_match(R"("a", W/"xyzzy")", current, method::put), failed);
}

TEST(if_match, star_asks_for_anything_there) {
    EXPECT_EQ(if_match("*"), proceed);
    EXPECT_EQ(if_match("*", current, method::put), proceed);
    EXPECT_EQ(if_match("*", nothing), failed);
    EXPECT_EQ(if_match("*", nothing, method::put), failed);
}

// No list names what is not there, not even one with an empty member.
TEST(preconditions, on_nothing_name_nothing) {
    for (const auto* value : {R"("xyzzy")", R"("")", ",", R"(W/"")"}) {
        EXPECT_EQ(if_match(value, nothing, method::put), failed) << value;
        EXPECT_EQ(if_none_match(value, nothing, method::put), proceed) << value;
        EXPECT_EQ(if_none_match(value, nothing), proceed) << value;
    }
}

// RFC 9110, section 13.2.2: If-Match first; where it holds, If-None-Match decides.
TEST(preconditions, are_evaluated_in_order) {
    const preconditions both_hold{.if_match = R"("xyzzy")", .if_none_match = R"("other")"};
    const preconditions second_fails{.if_match = R"("xyzzy")", .if_none_match = R"("xyzzy")"};
    const preconditions first_fails{.if_match = R"("other")", .if_none_match = R"("other")"};
    const preconditions both_fail{.if_match = R"("other")", .if_none_match = R"("xyzzy")"};
    for (const auto m : reading) {
        EXPECT_EQ(evaluate(m, both_hold, current), proceed);
        EXPECT_EQ(evaluate(m, second_fails, current), not_modified);
        EXPECT_EQ(evaluate(m, first_fails, current), failed);
        EXPECT_EQ(evaluate(m, both_fail, current), failed);
    }
    for (const auto m : writing) {
        EXPECT_EQ(evaluate(m, both_hold, current), proceed);
        EXPECT_EQ(evaluate(m, second_fails, current), failed);
        EXPECT_EQ(evaluate(m, first_fails, current), failed);
        EXPECT_EQ(evaluate(m, both_fail, current), failed);
    }
}

// RFC 9110, section 13.2.1.
TEST(preconditions, do_not_count_for_methods_that_select_nothing) {
    for (const auto m : {method::options, method::other}) {
        EXPECT_EQ(if_match(R"("other")", current, m), proceed);
        EXPECT_EQ(if_match("*", nothing, m), proceed);
        EXPECT_EQ(if_none_match(R"("xyzzy")", current, m), proceed);
        EXPECT_EQ(if_none_match("*", current, m), proceed);
    }
}

// RFC 9110, section 8.8.3.2: the table of comparisons. What larder sends is always strong.
TEST(preconditions, compare_as_in_the_rfc) {
    struct row {
        std::string_view listed, current;
        bool strong, weak;
    };
    for (const auto& r : std::vector<row>{{R"(W/"1")", R"("1")", false, true},
                                          {R"(W/"1")", R"("2")", false, false},
                                          {R"("1")", R"("1")", true, true},
                                          {R"("1")", R"("2")", false, false}}) {
        EXPECT_EQ(if_match(r.listed, r.current), r.strong ? proceed : failed) << r.listed;
        EXPECT_EQ(if_none_match(r.listed, r.current), r.weak ? not_modified : proceed) << r.listed;
    }
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
