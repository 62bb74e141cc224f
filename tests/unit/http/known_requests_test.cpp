// Which requests are known, and that what they are answered is what was written before.

#include "http/known_requests.hpp"

#include <gtest/gtest.h>

#include <string>

namespace LARDER_NAMESPACE::http {
namespace {

using namespace std::chrono_literals;

response hit(unsigned status = 200) {
    response r{.status = status, .body = status == 304 ? "" : R"({"count":3})"};
    r.headers = {{"etag", "\"a\""},
                 {"cache-control", "no-cache"},
                 {"age", "7"},
                 {"cache-status", "larder; hit; ttl=113; detail=local"},
                 {"vary", "origin"}};
    return r;
}

// With another date than anybody's clock says.
std::string without_date(const std::string& text) {
    const auto at = text.find("date: ");
    return at == std::string::npos ? text : text.substr(0, at) + text.substr(text.find('\n', at));
}

TEST(answer_again, is_byte_for_byte_what_was_written_before) {
    for (const auto status : {200U, 304U})
        for (const bool has_date : {true, false})
            for (const bool has_body : {true, false})
                for (const std::string id : {"", "0123456789abcdef"}) {
                    const answer_frame frame{.has_date = has_date,
                                             .headers = "server: larder\r\nage: no\r\n",
                                             .request_id = id,
                                             .has_body = has_body};
                    std::string before, again;
                    append_answer(before, hit(status), frame);
                    answer_again{hit(status), frame}.append(again, id, {7'999ms, 113'001ms});
                    EXPECT_EQ(without_date(again), without_date(before));
                    EXPECT_EQ(again.find("date: ") != std::string::npos, has_date);
                }
}

TEST(answer_again, tells_the_age_and_the_name_of_this_time) {
    const answer_frame frame{.has_date = false, .request_id = "before"};
    std::string again;
    answer_again{hit(), frame}.append(again, "now", {8s, 5s});
    EXPECT_EQ(again,
              "HTTP/1.1 200 OK\r\nx-request-id: now\r\ncontent-length: 11\r\n"
              "content-type: application/json\r\netag: \"a\"\r\ncache-control: no-cache\r\n"
              "age: 8\r\ncache-status: larder; hit; ttl=5; detail=local\r\nvary: origin\r\n\r\n"
              "{\"count\":3}");
}

TEST(answer_again, leaves_a_cache_status_without_a_time_as_it_is) {
    auto r = hit();
    r.headers = {{"cache-status", "x"}};
    std::string again;
    answer_again{r, {.has_date = false}}.append(again, "", {8s, 5s});
    EXPECT_NE(again.find("\r\ncache-status: x\r\n"), std::string::npos) << again;
}

known_answer answer(const std::string& key, std::size_t body = 0) {
    auto r = hit();
    r.body = std::string(body, 'x');
    return {.key = key, .version = 1, .text = answer_again{r, {}}};
}

struct known : testing::Test {
    known_requests all{100'000};
    static constexpr auto clear = request_origin::clear;
};

TEST_F(known, is_what_was_kept_for_the_same_bytes_from_the_same_place) {
    EXPECT_EQ(all.find(clear, "GET /a"), nullptr);
    all.keep(clear, "GET /a", answer("a"));
    ASSERT_NE(all.find(clear, "GET /a"), nullptr);
    EXPECT_EQ(all.find(clear, "GET /a")->key, "a");
    EXPECT_EQ(all.find(clear, "GET /A"), nullptr);
    EXPECT_EQ(all.find(clear, "GET /"), nullptr);
    EXPECT_EQ(all.find(request_origin::encrypted, "GET /a"), nullptr);
    EXPECT_EQ(all.find(request_origin::proxy, "GET /a"), nullptr);
    all.keep(clear, "GET /a", answer("b"));
    EXPECT_EQ(all.find(clear, "GET /a")->key, "b");
    EXPECT_EQ(all.size(), 1U);
}

TEST_F(known, is_only_what_came_twice) {
    EXPECT_FALSE(all.has_come(clear, "GET /a"));
    EXPECT_TRUE(all.has_come(clear, "GET /a"));
    EXPECT_FALSE(all.has_come(request_origin::encrypted, "GET /a"));
}

TEST_F(known, takes_no_more_room_than_it_has) {
    std::size_t most = 0;
    for (int i = 0; i < 10'000; ++i) {
        all.keep(clear, "GET /" + std::to_string(i), answer("k", 1'000));
        EXPECT_NE(all.find(clear, "GET /" + std::to_string(i)), nullptr);
        most = std::max(most, all.size());
    }
    EXPECT_LT(most, 100'000U / 1'000U);
    EXPECT_GT(most, 100'000U / 2'000U);
    all.keep(clear, "GET /large", answer("k", 50'000));
    EXPECT_EQ(all.find(clear, "GET /large"), nullptr);
}

TEST_F(known, takes_what_is_replaced_for_gone) {
    for (int i = 0; i < 10'000; ++i) all.keep(clear, "GET /a", answer("k", 1'000));
    all.keep(clear, "GET /b", answer("k", 1'000));
    EXPECT_EQ(all.size(), 2U);
}

TEST(known_off, keeps_nothing) {
    known_requests none{0};
    EXPECT_FALSE(none.is_on());
    none.keep(request_origin::clear, "GET /a", answer("a"));
    EXPECT_EQ(none.size(), 0U);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
