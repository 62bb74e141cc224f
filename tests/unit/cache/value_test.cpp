// What an entry holds, and which texts are surely a value.

#include "larder/cache/value.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace LARDER_NAMESPACE::cache {
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

// ---- Any other struct.

enum class kind_of_line { item, voucher };
BOOST_DESCRIBE_ENUM(kind_of_line, item, voucher)

struct line {
    kind_of_line kind = kind_of_line::item;
    std::string title;
    std::optional<decimal<12, 2>> price;
    friend bool operator==(const line&, const line&) = default;
};
BOOST_DESCRIBE_STRUCT(line, (), (kind, title, price))

struct basket {
    uuid id;
    date day{};
    timestamp at{};
    bool is_open = false;
    std::vector<line> lines;
    std::vector<std::int16_t> sizes;
    std::optional<line> best;
    friend bool operator==(const basket&, const basket&) = default;
};
BOOST_DESCRIBE_STRUCT(basket, (), (id, day, at, is_open, lines, sizes, best))

struct floating {
    double value = 0;
};
BOOST_DESCRIBE_STRUCT(floating, (), (value))
struct deep_floating {
    std::vector<std::optional<floating>> all;
};
BOOST_DESCRIBE_STRUCT(deep_floating, (), (all))

struct positive {
    int a = 0, b = 0;
};
BOOST_DESCRIBE_STRUCT(positive, (), (a, b))
constexpr bool is_possible(const positive& p) { return p.a > 0; }

basket some_basket() {
    using namespace std::chrono_literals;
    basket b{.day = 2023y / 3 / 10,
             .at = std::chrono::sys_days{2023y / 3 / 10} + 12h,
             .is_open = true,
             .lines = {{.title = "\"ACADEMY\" DINOSAUR\n\xC3\xA9",
                        .price = decimal<12, 2>::from_unscaled(2599)},
                       {.kind = kind_of_line::voucher}},
             .sizes = {-1, 0, 32767}};
    b.id.bytes[15] = 7;
    b.best = b.lines.front();
    return b;
}

TEST(struct_value, is_what_can_be_read_back_exactly) {
    static_assert(storable<basket> && storable<count_reply> && storable<blank_reply>);
    static_assert(!storable<floating> && !storable<deep_floating> && !storable<int>);
    static_assert(!storable<std::vector<basket>>);
}

TEST(struct_value, is_readable_json_with_the_fingerprint_of_its_type) {
    const auto text = to_text(line{.title = "a", .price = decimal<12, 2>::from_unscaled(100)});
    EXPECT_TRUE(text.starts_with(R"({"shape":")")) << text;
    EXPECT_TRUE(text.ends_with(R"(","value":{"kind":"item","title":"a","price":1.00}})")) << text;
    EXPECT_TRUE(std::holds_alternative<json::node>(json::parse(text))) << text;
}

TEST(struct_value, is_read_back_as_it_was_written) {
    EXPECT_EQ(read<basket>(to_text(some_basket())), some_basket());
    EXPECT_EQ(read<basket>(to_text(basket{.day = date{std::chrono::year{1}, std::chrono::month{1},
                                                      std::chrono::day{1}}}))
                  ->lines.size(),
              0);
    EXPECT_TRUE(read<blank_reply>(to_text(blank_reply{})));
}

// Whoever cuts, adds or spells otherwise is no writer of ours.
TEST(struct_value, is_nothing_but_what_was_written) {
    const auto text = to_text(some_basket());
    for (std::size_t i = 0; i < text.size(); ++i) {
        EXPECT_FALSE(is_value<basket>(text.substr(0, i))) << i;
        EXPECT_FALSE(is_value<basket>(text.substr(i + 1))) << i;
        auto blank = text;
        blank.insert(i, " ");
        const auto read_with_blank = read<basket>(blank);
        EXPECT_TRUE(!read_with_blank || *read_with_blank != some_basket()) << blank;
    }
    for (const auto& [from, to] : {std::pair{"25.99", "25.990"},
                                   {"25.99", "\"25.99\""},
                                   {"32767", "32768"},
                                   {"true", "1"},
                                   {"\"item\"", "\"things\""},
                                   {"2023-03-10\"", "2023-03-32\""},
                                   {"\"title\":", "\"titel\":"},
                                   {"null", "0"},
                                   {"[-1,", "[null,"},
                                   {"}}", ",\"more\":1}}"}}) {
        auto other = text;
        const auto at = other.rfind(from);
        ASSERT_NE(at, other.npos) << from;
        other.replace(at, std::string_view{from}.size(), to);
        EXPECT_FALSE(is_value<basket>(other)) << other;
    }
    for (const auto* other : {"", "12", "{}", "null", "[]", "{\"shape\":\"\",\"value\":{}}"})
        EXPECT_FALSE(is_value<basket>(other)) << other;
}

TEST(struct_value, says_whether_anything_is_there) {
    EXPECT_TRUE(is_nothing(to_text(std::optional<text_reply>{})));
    for (const auto* text : {"", "null", "null}", "\"null}", "\"value\":null}"})
        EXPECT_FALSE(is_nothing(to_text(std::optional{text_reply{text}}))) << text;
    EXPECT_FALSE(is_nothing(to_text(maybe_reply{})));
    EXPECT_FALSE(is_nothing(to_text(count_reply{12})));
    EXPECT_FALSE(is_nothing(""));
}

TEST(struct_value, that_cannot_be_is_none) {
    EXPECT_TRUE(is_value<positive>(to_text(positive{1, 0})));
    EXPECT_FALSE(is_value<positive>(to_text(positive{0, 1})));
    positive back;
    EXPECT_TRUE(read_back(to_text(positive{0, 1}), back)) << "its own loads are served";
}

namespace versions {
namespace a {
struct reply {
    std::int32_t n = 0;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(reply, (), (n, text))
}  // namespace a
namespace b {
struct reply {
    std::int64_t n = 0;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(reply, (), (n, text))
}  // namespace b
namespace c {
struct reply {
    std::int32_t n = 0;
    std::optional<std::string> text;
};
BOOST_DESCRIBE_STRUCT(reply, (), (n, text))
}  // namespace c
namespace d {
struct reply {
    std::string text;
    std::int32_t n = 0;
};
BOOST_DESCRIBE_STRUCT(reply, (), (text, n))
}  // namespace d
namespace e {
struct reply {
    std::int32_t m = 0;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(reply, (), (m, text))
}  // namespace e
namespace f {
struct reply {
    std::uint32_t n = 0;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(reply, (), (n, text))
}  // namespace f
}  // namespace versions

TEST(struct_value, of_another_version_of_the_type_is_none) {
    using namespace versions;
    const auto text = to_text(a::reply{.n = 1, .text = "x"});
    EXPECT_TRUE(is_value<a::reply>(text));
    EXPECT_FALSE(is_value<b::reply>(text));
    EXPECT_FALSE(is_value<c::reply>(text));
    EXPECT_FALSE(is_value<d::reply>(text));
    EXPECT_FALSE(is_value<e::reply>(text));
    EXPECT_FALSE(is_value<f::reply>(text));
    static_assert(shape_of<line>() != shape_of<basket>());
}

// What is in a Valkey somewhere is read by the next version of larder, too.
TEST(struct_value, has_the_fingerprint_that_it_always_had) {
    EXPECT_EQ(to_text(two_integers{1, 2}), R"({"shape":"caa6cc8f1ec2b104","value":{"a":1,"b":2}})");
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
}  // namespace LARDER_NAMESPACE::cache
