// What an entry holds, and which texts are surely a value.

#include "larder/cache/value.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace larder::cache {
namespace {

struct count_reply {
    std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(count_reply, (), (count))

struct byte_reply {
    std::uint8_t value = 0;
};
BOOST_DESCRIBE_STRUCT(byte_reply, (), (value))

struct small_reply {
    std::int32_t value = 0;
};
BOOST_DESCRIBE_STRUCT(small_reply, (), (value))

struct two_integers {
    int a = 0, b = 0;
};
BOOST_DESCRIBE_STRUCT(two_integers, (), (a, b))

struct text_reply {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(text_reply, (), (text))

struct maybe_reply {
    std::optional<int> count;
};
BOOST_DESCRIBE_STRUCT(maybe_reply, (), (count))

struct truth_reply {
    bool is_so = false;
};
BOOST_DESCRIBE_STRUCT(truth_reply, (), (is_so))

struct blank_reply {};
BOOST_DESCRIBE_STRUCT(blank_reply, (), ())

template <class T>
std::optional<T> read(std::string_view text) {
    T out{};
    if (!from_text(text, out)) return std::nullopt;
    return out;
}

std::optional<std::int64_t> count_in(std::string_view text) {
    const auto reply = read<count_reply>(text);
    return reply ? std::optional{reply->count} : std::nullopt;
}

TEST(value, is_a_struct_of_one_integer) {
    static_assert(plain_value<count_reply> && plain_value<byte_reply>);
    static_assert(!plain_value<two_integers> && !plain_value<text_reply>);
    static_assert(!plain_value<maybe_reply> && !plain_value<truth_reply>);
    static_assert(!plain_value<blank_reply> && !plain_value<int>);
}

TEST(value, is_plain_decimal_text) {
    EXPECT_EQ(to_text(count_reply{12000}), "12000");
    EXPECT_EQ(to_text(count_reply{0}), "0");
    EXPECT_EQ(to_text(count_reply{-1}), "-1");
    EXPECT_EQ(to_text(byte_reply{65}), "65");
}

TEST(value, is_read_back_as_it_was_written) {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    for (const auto count : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{10},
                             std::int64_t{12000}, least, least + 1, most - 1, most})
        EXPECT_EQ(count_in(to_text(count_reply{count})), count);
}

TEST(value, is_nothing_but_what_was_written) {
    for (const auto* text :
         {"",      " ",      "12 ",          " 12",  "12\n",  "\t12",  "012",
          "00",    "-0",     "-012",         "+1",   "+",     "-",     "--1",
          "1e3",   "12.0",   "12.",          ".12",  "1_000", "1,000", "0x10",
          "12a",   "a12",    "\"12\"",       "null", "true",  "{}",    "{\"count\":12}",
          "12 13", "12\r\n", "\xEF\xBC\x91", "NaN",  "1e",    "OK",    "b'12'"})
        EXPECT_EQ(count_in(text), std::nullopt) << '"' << text << '"';
    EXPECT_EQ(count_in(std::string_view{"12\0", 3}), std::nullopt);
    EXPECT_EQ(count_in(std::string_view{"\0", 1}), std::nullopt);
}

TEST(value, does_not_wrap_around) {
    EXPECT_EQ(count_in("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(count_in("9223372036854775808"), std::nullopt);
    EXPECT_EQ(count_in("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(count_in("-9223372036854775809"), std::nullopt);
    EXPECT_EQ(count_in("18446744073709551616"), std::nullopt);
    EXPECT_EQ(count_in("99999999999999999999999999999999999999"), std::nullopt);
}

TEST(value, has_the_range_of_its_member) {
    EXPECT_EQ(read<small_reply>("2147483647")->value, 2147483647);
    EXPECT_FALSE(read<small_reply>("2147483648"));
    EXPECT_EQ(read<byte_reply>("255")->value, 255);
    EXPECT_FALSE(read<byte_reply>("256"));
    EXPECT_FALSE(read<byte_reply>("-1"));
    EXPECT_FALSE(read<byte_reply>("A"));
}

}  // namespace
}  // namespace larder::cache
