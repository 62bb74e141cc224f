// Percent-encoding: what is decoded, what is refused.

#include "larder/percent.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace LARDER_NAMESPACE {
namespace {

TEST(percent_decode, leaves_other_text_alone) {
    for (const auto* text : {"", "a", "num_orders:all", "a+b", "a b", "\xC3\xA9", "/?#&="})
        EXPECT_EQ(percent_decode(text), text);
}

TEST(percent_decode, takes_two_digits_of_either_case) {
    EXPECT_EQ(percent_decode("%41%5a%5A"), "AZZ");
    EXPECT_EQ(percent_decode("%e2%82%AC"), "\xE2\x82\xAC");
    EXPECT_EQ(percent_decode("a%20b"), "a b");
    EXPECT_EQ(percent_decode("%2B"), "+");
    EXPECT_EQ(percent_decode("%3A%2F"), ":/");
}

TEST(percent_decode, decodes_once) {
    EXPECT_EQ(percent_decode("%2541"), "%41");
    EXPECT_EQ(percent_decode("%25"), "%");
    EXPECT_EQ(percent_decode("%25%2541"), "%%41");
}

TEST(percent_decode, makes_every_byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (unsigned byte = 0; byte < 256; ++byte) {
        const std::string text{'%', digits[byte / 16], digits[byte % 16]};
        EXPECT_EQ(percent_decode(text), std::string(1, static_cast<char>(byte))) << text;
    }
}

TEST(percent_decode, refuses_a_sign_without_two_digits) {
    for (const auto* text : {"%", "%4", "a%", "a%4", "%%", "%%41", "%4%41", "%zz", "%4z", "%z4",
                             "%-1", "%+1", "%0x", "% 1", "%1 ", "41%", "%41%"})
        EXPECT_EQ(percent_decode(text), std::nullopt) << text;
    EXPECT_EQ(percent_decode(std::string_view{"%4\0", 3}), std::nullopt);
}

TEST(percent_decode, does_not_look_behind_the_end) {
    constexpr std::string_view text = "%41%42";
    EXPECT_EQ(percent_decode(text.substr(0, 5)), std::nullopt);
    EXPECT_EQ(percent_decode(text.substr(0, 4)), std::nullopt);
    EXPECT_EQ(percent_decode(text.substr(0, 3)), "A");
}

// Only the sign that starts no byte is left as it is, as in the URL standard.
TEST(percent_decode_leniently, lets_broken_encodings_stand_for_themselves) {
    for (const auto* text : {"%", "%4", "%zz", "%4z", "%-1", "100%", "% 41", "%%", "%\xC3\xA9"})
        EXPECT_EQ(percent_decode_leniently(text), text);
    EXPECT_EQ(percent_decode_leniently("%41%"), "A%");
    EXPECT_EQ(percent_decode_leniently("%zz%41"), "%zzA");
    EXPECT_EQ(percent_decode_leniently("%%41"), "%A");
    EXPECT_EQ(percent_decode_leniently("%4%41"), "%4A");
    EXPECT_EQ(percent_decode_leniently("%2541"), "%41");
}

TEST(percent_decode_leniently, differs_only_where_the_strict_one_refuses) {
    for (const auto* text : {"", "a", "%41%5a%5A", "a%20b", "a+b", "%25%2541", "%00"})
        EXPECT_EQ(percent_decode_leniently(text), percent_decode(text));
}

}  // namespace
}  // namespace LARDER_NAMESPACE
