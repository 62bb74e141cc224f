// Errors as application/problem+json.

#include "http/problem.hpp"

#include <gtest/gtest.h>

namespace LARDER_NAMESPACE::http {
namespace {

TEST(prefers_problem, only_if_it_is_asked_for) {
    for (const auto* yes :
         {"application/problem+json", "Application/Problem+JSON",
          "text/html, application/problem+json", "application/problem+json, application/json",
          "application/json;q=0.5, application/problem+json",
          "application/problem+json;q=0.9,application/json; q=0.9",
          " application/problem+json ;q=1", "application/problem+json;profile=x;q=0.2",
          "application/problem+json;q=nonsense", "application/problem+json;q=5, application/json",
          "application/problem+json, */*", "application/problem+json;q=0.9, */*;q=0.8",
          "*/*;q=0.9, application/problem+json;q=0.5, application/json;q=0.4"})
        EXPECT_TRUE(prefers_problem(yes)) << yes;
    for (const auto* no :
         {"", "*/*", "application/*", "application/json", "text/html", "application/problem+xml",
          "application/problem+json;q=0", "application/problem+json;q=0.4, application/json", ",,,",
          ";;", "application/problem+json;q=0.1, */*",
          "application/*, application/problem+json;q=0.9",
          "application/json;q=0.9, application/problem+json;q=0.5, */*;q=0.1"})
        EXPECT_FALSE(prefers_problem(no)) << no;
}

TEST(make_problem, keeps_the_sentence) {
    auto r = error_response(404, "Not \"Found\"");
    make_problem(r);
    EXPECT_EQ(r.status, 404U);
    EXPECT_EQ(r.content_type, "application/problem+json");
    EXPECT_EQ(r.body, R"({"type":"about:blank","title":"Not Found","status":404,)"
                      R"("detail":"Not \"Found\""})");
}

TEST(make_problem, makes_a_list_of_faults_a_member_of_its_own) {
    response r{.status = 422, .body = R"({"detail":[{"type":"missing","loc":["body"]}]})"};
    make_problem(r);
    EXPECT_EQ(r.body, R"({"type":"about:blank","title":"Unprocessable Entity","status":422,)"
                      R"("detail":"The input is not valid",)"
                      R"("errors":[{"type":"missing","loc":["body"]}]})");
}

TEST(make_problem, leaves_alone_what_has_another_shape) {
    response r{.status = 307, .body = {}};
    make_problem(r);
    EXPECT_EQ(r.body, "");
    EXPECT_EQ(r.content_type, "application/json");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
