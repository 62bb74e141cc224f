// What header values are made of.

#include "http/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace LARDER_NAMESPACE::http {
namespace {

TEST(trim, takes_blanks_and_tabs_off_both_ends) {
    EXPECT_EQ(trim(" \t a\t b \t"), "a\t b");
    EXPECT_EQ(trim("a"), "a");
    EXPECT_EQ(trim("\r\n"), "\r\n");
}

// A reader keeps the place of what it was given, also of what is empty.
TEST(trim, gives_a_part_of_the_text) {
    for (const std::string text : {"", " ", " \t "}) {
        const auto rest = trim(text);
        EXPECT_EQ(rest, "");
        EXPECT_EQ(rest.data(), text.data() + text.size());
    }
}

TEST(same, overlooks_the_case_of_ascii_letters_alone) {
    EXPECT_TRUE(same("Chunked", "chunkeD"));
    EXPECT_FALSE(same("chunked", "xchunked"));
    EXPECT_FALSE(same("\xC4", "\xE4"));
    EXPECT_FALSE(same("[", "{"));
}

TEST(take_until, goes_through_a_list) {
    std::string_view list = " a ,, b=\",\"";
    EXPECT_EQ(take_until(list, ','), "a");
    EXPECT_EQ(take_until(list, ','), "");
    EXPECT_EQ(take_until(list, ','), "b=\"");
    EXPECT_EQ(take_until(list, ','), "\"");
    EXPECT_EQ(list, "");
    EXPECT_EQ(take_until(list, ','), "");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
