// What is kept in Valkey for people.

#include "cache/notes.hpp"

#include <gtest/gtest.h>

#include "larder/json.hpp"

namespace larder::cache {
namespace {

TEST(notes, say_who_follows_as_json) {
    using namespace std::chrono_literals;
    EXPECT_EQ(text_of_sign({.by = "web1:4711", .since = 93s, .late = 2ms}),
              R"({"by":"web1:4711","since_ms":93000,"late_ms":2})");
    EXPECT_EQ(sign_of({"num_orders", "sums"}, "5a0c"), "larder:followed:num_orders:5a0c");
}

TEST(notes, of_purges_are_json_whatever_a_table_is_called) {
    const auto words = note_of_purge("num_orders", "of \"a\\\nb\" he said");
    EXPECT_EQ(words.at(0), "SET");
    EXPECT_EQ(words.at(1), "{larder:trusted:num_orders}:purged");
    const auto parsed = json::parse(words.at(2));
    ASSERT_TRUE(std::holds_alternative<json::node>(parsed)) << words.at(2);
    EXPECT_EQ(std::get<json::node>(parsed).find("why")->text, "of \"a\\ b\" he said");
    EXPECT_EQ(words.at(3), "PX");
}

}  // namespace
}  // namespace larder::cache
