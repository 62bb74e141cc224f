// Requests and answers as values.

#include "larder/http/message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace LARDER_NAMESPACE::http {
namespace {

TEST(response, is_an_empty_success_by_default) {
    const response r;
    EXPECT_EQ(r.status, 200U);
    EXPECT_EQ(r.body, "");
    EXPECT_EQ(r.content_type, "application/json");
    EXPECT_TRUE(r.headers.empty());
}

TEST(error_response, is_a_detail_in_compact_json) {
    const auto r = error_response(404, "Not Found");
    EXPECT_EQ(r.status, 404U);
    EXPECT_EQ(r.body, R"({"detail":"Not Found"})");
    EXPECT_EQ(r.content_type, "application/json");
    EXPECT_TRUE(r.headers.empty());
}

TEST(error_response, escapes_what_json_escapes) {
    EXPECT_EQ(error_response(500, "relation \"orders\" does not exist").body,
              R"({"detail":"relation \"orders\" does not exist"})");
    EXPECT_EQ(error_response(500, "a\\b\nc").body, R"({"detail":"a\\b\nc"})");
    EXPECT_EQ(error_response(500, "\xC3\xA9").body, "{\"detail\":\"\xC3\xA9\"}");
    EXPECT_EQ(error_response(500, "").body, R"({"detail":""})");
}

TEST(reason, has_the_words_of_every_status_that_larder_answers) {
    const std::vector<std::pair<unsigned, std::string>> words{
        {200, "OK"},
        {204, "No Content"},
        {307, "Temporary Redirect"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {415, "Unsupported Media Type"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (const auto& [status, word] : words) EXPECT_EQ(reason(status), word) << status;
    // Each of these two has been renamed from one RFC to the next.
    EXPECT_TRUE(reason(413).starts_with("Payload") || reason(413).starts_with("Content"));
    EXPECT_TRUE(reason(422).starts_with("Unprocessable"));
}

TEST(reason, is_never_empty) {
    for (unsigned status = 100; status < 1000; ++status) EXPECT_NE(reason(status), "") << status;
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
