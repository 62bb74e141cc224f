// JSON: texts to trees that keep numbers as written, and values to compact text.

#include "larder/json.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace LARDER_NAMESPACE::json {
namespace {

using namespace std::string_literals;

// The tree; a kind that no test expects if the text is refused.
node tree(std::string_view text) {
    auto parsed = parse(text);
    if (auto* root = std::get_if<node>(&parsed)) return std::move(*root);
    ADD_FAILURE() << "refused: " << text.substr(0, 100) << ": "
                  << std::get<syntax_error>(parsed).reason;
    return {};
}

std::optional<syntax_error> refusal(std::string_view text) {
    const auto parsed = parse(text);
    const auto* error = std::get_if<syntax_error>(&parsed);
    return error ? std::optional{*error} : std::nullopt;
}

void expect_refused(const std::vector<std::string>& texts) {
    for (const auto& text : texts) EXPECT_TRUE(refusal(text)) << text;
}

std::string repeated(std::string_view part, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += part;
    return all;
}

// ---- reading: values ----

TEST(json_parse, knows_every_kind) {
    EXPECT_EQ(tree("null").kind, kind::null);
    EXPECT_EQ(tree("true").kind, kind::boolean);
    EXPECT_EQ(tree("false").kind, kind::boolean);
    EXPECT_TRUE(tree("true").boolean);
    EXPECT_FALSE(tree("false").boolean);
    EXPECT_EQ(tree("1").kind, kind::number);
    EXPECT_EQ(tree(R"("1")").kind, kind::string);
    EXPECT_EQ(tree("[]").kind, kind::array);
    EXPECT_EQ(tree("{}").kind, kind::object);
}

TEST(json_parse, keeps_numbers_as_they_were_written) {
    for (const std::string text : {"0",
                                   "-0",
                                   "0.0",
                                   "-0.0",
                                   "5",
                                   "-5",
                                   "23.0",
                                   "0.10",
                                   "1e5",
                                   "1E5",
                                   "1e+5",
                                   "1E-05",
                                   "1.50e-3",
                                   "9007199254740993",
                                   "9223372036854775807",
                                   "9223372036854775808",
                                   "-9223372036854775808",
                                   "-9223372036854775809",
                                   "18446744073709551615",
                                   "18446744073709551616",
                                   "123456789012345678901234567890",
                                   "0.1000000000000000055511151",
                                   "1e400",
                                   "-1e400",
                                   "1e-400",
                                   "0e400",
                                   "1e999999999",
                                   "1e2147483647",
                                   "1e2147483648",
                                   "1e999999999999999999999999",
                                   "1e-999999999999999999999999",
                                   "0e999999999999999999999",
                                   "1.5e99999999999999999999",
                                   "123456789012345678901234567890e-99999999999999999999"}) {
        const auto in_root = tree(text);
        EXPECT_EQ(in_root.kind, kind::number) << text;
        EXPECT_EQ(in_root.text, text);
        std::string nested = R"({"a":)";
        nested.append(text).append(",\"b\":[").append(text).append("]}");
        const auto root = tree(nested);
        ASSERT_EQ(root.members.size(), 2U) << text;
        EXPECT_EQ(root.find("a")->text, text);
        EXPECT_EQ(root.find("b")->elements.at(0).text, text);
    }
}

TEST(json_parse, keeps_numbers_of_any_length) {
    for (const auto& text : {std::string(5000, '1'), "0." + std::string(5000, '3'),
                             "1e" + std::string(5000, '9'), "1e-" + std::string(5000, '0') + "1"})
        EXPECT_EQ(tree(text).text, text);
}

TEST(json_parse, refuses_what_is_no_json_number) {
    expect_refused({"01",   "-01",  "00",    "+1",   ".5",       "5.",        "1.e5",
                    "1e",   "1e+",  "1e-",   "-",    "--1",      "0x1",       "1_0",
                    "1,0",  "- 1",  "1e5.5", "NaN",  "Infinity", "-Infinity", "1f",
                    "1e5e", "1..2", "-a",    "[01]", "[.5]",     "[1.]",      "{\"a\":+1}"});
}

TEST(json_parse, decodes_strings) {
    EXPECT_EQ(tree(R"("")").text, "");
    EXPECT_EQ(tree(R"("a b")").text, "a b");
    EXPECT_EQ(tree(R"("\"\\\/\b\f\n\r\t")").text, "\"\\/\b\f\n\r\t");
    EXPECT_EQ(tree(R"("\u0041\u00e9\u20AC")").text, "A\xC3\xA9\xE2\x82\xAC");
    EXPECT_EQ(tree(R"("\ud83d\ude00")").text, "\xF0\x9F\x98\x80");
    EXPECT_EQ(tree(R"("\uD800\uDC00\uDBFF\uDFFF")").text, "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
    EXPECT_EQ(tree("\"\xC3\xA9\"").text, "\xC3\xA9");
    EXPECT_EQ(tree("\"\x7F\"").text, "\x7F");
}

TEST(json_parse, keeps_a_zero_character) {
    EXPECT_EQ(tree(R"("a\u0000b")").text, "a\0b"s);
    const auto object = tree(R"({"a\u0000b":1,"a":2})");
    ASSERT_TRUE(object.find("a\0b"s));
    EXPECT_EQ(object.find("a\0b"s)->text, "1");
    EXPECT_EQ(object.find("a")->text, "2");
}

TEST(json_parse, keeps_strings_of_any_length) {
    for (const auto length : {1, 255, 1023, 1024, 1025, 4096, 70'000}) {
        const auto plain = std::string(static_cast<std::size_t>(length), 'x');
        EXPECT_TRUE(tree('"' + plain + '"').text == plain) << length;
        EXPECT_TRUE(tree('"' + repeated("\\n", length) + '"').text == repeated("\n", length))
            << length;
        EXPECT_TRUE(tree("{\"" + plain + "\":1}").find(plain)) << length;
    }
}

TEST(json_parse, refuses_half_a_surrogate_pair) {
    expect_refused({R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\n")",
                    R"("\ud800\u0041")", R"("\ud800\ud800")", R"("\udc00\ud800")",
                    R"({"\ud800":1})"});
}

TEST(json_parse, refuses_wrong_escapes_and_bare_control_characters) {
    expect_refused({R"("\x41")", R"("\u004")", R"("\u00g0")", R"("\a")", R"("\")", R"("\U0041")",
                    "\"\n\"", "\"\t\"", "\"\x01\"", "\"\x1f\"", "\"\0\""s, "\"a"});
}

// ---- reading: UTF-8 ----

TEST(json_parse, takes_every_length_of_utf8) {
    for (const std::string text :
         {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
          "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        EXPECT_EQ(tree('"' + text + '"').text, text);
}

TEST(json_parse, refuses_what_is_no_utf8) {
    for (const std::string bytes : {"\x80",
                                    "\xBF",
                                    "\xC0\x80",
                                    "\xC1\xBF",
                                    "\xC3",
                                    "\xC3\x28",
                                    "\xE0\x80\x80",
                                    "\xE0\x9F\xBF",
                                    "\xE2\x82",
                                    "\xE2\x28\xA1",
                                    "\xED\xA0\x80",
                                    "\xED\xBF\xBF",
                                    "\xF0\x80\x80\x80",
                                    "\xF0\x8F\xBF\xBF",
                                    "\xF0\x9F\x98",
                                    "\xF4\x90\x80\x80",
                                    "\xF5\x80\x80\x80",
                                    "\xF8\x88\x80\x80\x80",
                                    "\xFE",
                                    "\xFF"}) {
        SCOPED_TRACE(testing::PrintToString(bytes));
        expect_refused({'"' + bytes + '"', "{\"" + bytes + "\":1}", "[\"a" + bytes + "b\"]", bytes,
                        "[" + bytes + "]"});
    }
}

TEST(json_parse, refuses_a_byte_order_mark) {
    ASSERT_TRUE(refusal("\xEF\xBB\xBF{}"));
    EXPECT_EQ(refusal("\xEF\xBB\xBF{}")->position, 0U);
    expect_refused({"\xFF\xFE{\0}\0"s, "\xFE\xFF\0{\0}"s});
}

// ---- reading: structure ----

TEST(json_parse, keeps_elements_and_members_in_order) {
    const auto root = tree(R"({"b":[1,"x",[],{"c":null}],"a":{"b":true}})");
    ASSERT_EQ(root.members.size(), 2U);
    EXPECT_EQ(root.members[0].name, "b");
    EXPECT_EQ(root.members[1].name, "a");
    const auto& list = root.members[0].value;
    ASSERT_EQ(list.elements.size(), 4U);
    EXPECT_EQ(list.elements[0].text, "1");
    EXPECT_EQ(list.elements[1].text, "x");
    EXPECT_TRUE(list.elements[2].elements.empty());
    EXPECT_EQ(list.elements[3].find("c")->kind, kind::null);
    EXPECT_TRUE(root.find("a")->find("b")->boolean);
}

TEST(json_parse, goes_on_behind_a_nested_value) {
    const auto root = tree(R"({"a":{"x":{"y":[[1],[2]]}},"b":[{"x":1},{"x":2}],"c":3})");
    ASSERT_EQ(root.members.size(), 3U);
    EXPECT_EQ(root.find("a")->find("x")->find("y")->elements[1].elements[0].text, "2");
    EXPECT_EQ(root.find("b")->elements[1].find("x")->text, "2");
    EXPECT_EQ(root.find("c")->text, "3");
}

TEST(json_parse, gives_the_last_of_repeated_members) {
    const auto root = tree(R"({"a":1,"b":2,"a":{"a":3},"a":4})");
    EXPECT_EQ(root.find("a")->text, "4");
    EXPECT_EQ(root.find("b")->text, "2");
    EXPECT_EQ(root.members.size(), 4U);
    EXPECT_EQ(tree(R"({"a":1,"\u0061":2})").find("a")->text, "2");
    EXPECT_EQ(tree(R"({"a":1,"a":null})").find("a")->kind, kind::null);
}

TEST(json_parse, finds_members_by_their_exact_name) {
    const auto root = tree(R"({"tax":1,"":2})");
    EXPECT_EQ(root.find("")->text, "2");
    EXPECT_FALSE(root.find("Tax"));
    EXPECT_FALSE(root.find("ta"));
    EXPECT_FALSE(root.find("tax "));
    EXPECT_FALSE(tree("[1]").find("tax"));
    EXPECT_FALSE(tree("1").find(""));
}

TEST(json_parse, allows_space_around_values) {
    EXPECT_EQ(tree(" \t\r\n{ \"a\" : [ 1 , 2 ] } \t\r\n").find("a")->elements.size(), 2U);
    EXPECT_EQ(tree(" 1 ").text, "1");
    expect_refused({"\v1", "1\f",
                    "\xC2\xA0"
                    "1"});
}

TEST(json_parse, refuses_what_is_not_quite_json) {
    expect_refused({"",          " ",           "\n",      "{",       "[",    "}",
                    "]",         "{]",          "[1",      "[1,]",    "[,1]", "[1 2]",
                    "{\"a\"}",   "{\"a\":}",    "{a:1}",   "{'a':1}", "'a'",  "{\"a\":1,}",
                    "{,}",       "{1:2}",       "nul",     "nulll",   "True", "NULL",
                    "None",      "undefined",   "[1]//",   "/**/1",   "# 1",  "{\"a\":1 \"b\":2}",
                    "{\"a\",1}", "\"a\" \"b\"", "a=1&b=2", "<a/>",    "\0"s,  "1\0"s});
}

TEST(json_parse, refuses_anything_behind_the_value) {
    expect_refused({"{} x", "{}{}", "{} {}", "[]]", "{}}", "1 2", "null null", "\"a\"b", "{},",
                    "{}\0"s, "true1"});
}

TEST(json_parse, goes_thirty_two_levels_deep) {
    EXPECT_EQ(tree(repeated("[", 32) + repeated("]", 32)).kind, kind::array);
    EXPECT_EQ(tree(repeated("{\"a\":", 31) + "{}" + repeated("}", 31)).kind, kind::object);
    EXPECT_EQ(tree(repeated("[", 32) + "1" + repeated("]", 32)).kind, kind::array);
    expect_refused({repeated("[", 33) + repeated("]", 33),
                    repeated("{\"a\":", 32) + "{}" + repeated("}", 32),
                    repeated("[{\"a\":", 17) + "1" + repeated("}]", 17),
                    std::string(1'000'000, '['), repeated("{\"a\":", 200'000)});
}

TEST(json_parse, counts_depth_not_breadth) {
    EXPECT_EQ(tree("[" + repeated("[],", 100) + "[]]").elements.size(), 101U);
}

// What is open is counted, too, so neither many small arrays nor one long one gets through.
TEST(json_parse, has_no_more_values_than_it_may) {
    const auto refuses = [](const std::string& text, std::size_t most) {
        const auto parsed = parse(text, most);
        const auto* error = std::get_if<syntax_error>(&parsed);
        EXPECT_TRUE(!error || error->has_too_many) << text;
        return error != nullptr;
    };
    for (const auto* text : {R"([1,2,3])", R"([[],{},""])", R"({"a":1,"b":[2]})", "[[[[]]]]",
                             R"({"a":1,"a":null,"a":true})", "[true,false,null]"}) {
        EXPECT_FALSE(refuses(text, 4)) << text;
        EXPECT_TRUE(refuses(text, 3)) << text;
    }
    EXPECT_TRUE(refuses("1", 0));
    EXPECT_FALSE(refuses("1", 1));
    const auto cut = parse("[1,2,3,", 2);
    EXPECT_EQ(std::get<syntax_error>(cut).position, 4U) << "nothing more is read";
    EXPECT_FALSE(refusal("[1,")->has_too_many);
}

// ---- reading: where it went wrong ----

TEST(json_parse, names_the_position_of_the_fault) {
    struct row {
        std::string text;
        std::size_t position;
    };
    const std::vector<row> rows{
        {"", 0},          {"  ", 2},    {"x", 0},         {"{\"a\":}", 5},
        {"[1,]", 3},      {"{} x", 3},  {"{}x", 2},       {"[1 2]", 3},
        {"{\"a\":1 ", 7}, {"{a:1}", 1}, {"{\"a\" 1}", 5}, {"[1,2\n,x]", 6},
    };
    for (const auto& [text, position] : rows) {
        ASSERT_TRUE(refusal(text)) << text;
        EXPECT_EQ(refusal(text)->position, position) << text;
        EXPECT_NE(refusal(text)->reason, "") << text;
    }
}

TEST(json_parse, counts_positions_in_characters_not_bytes) {
    EXPECT_EQ(refusal("\"\xC3\xA9\" x")->position, 4U);
    EXPECT_EQ(refusal("\"\xE2\x82\xAC\" x")->position, 4U);
    EXPECT_EQ(refusal("\"\xF0\x9F\x98\x80\" x")->position, 4U);
    EXPECT_EQ(refusal("{\"\xC3\xA9\":\"\xE2\x82\xAC\",}")->position, 9U);
}

TEST(json_parse, never_names_a_position_behind_the_text) {
    const std::string text = R"({"a":[1.5e3,"x\u00e9\n"],"b":null,"c":true})";
    for (std::size_t length = 0; length < text.size(); ++length) {
        const auto cut = text.substr(0, length);
        ASSERT_TRUE(refusal(cut)) << cut;
        EXPECT_LE(refusal(cut)->position, length) << cut;
    }
    EXPECT_FALSE(refusal(text));
}

TEST(json_parse, takes_time_in_proportion_to_the_text) {
    const auto start = std::clock();  // of the processor: it may be shared
    EXPECT_EQ(tree("[" + repeated("1,", 100'000) + "1]").elements.size(), 100'001U);
    EXPECT_EQ(tree('"' + repeated("\\u00e9", 100'000) + '"').text.size(), 200'000U);
    EXPECT_EQ(tree("{" + repeated("\"a\":1,", 50'000) + "\"a\":2}").find("a")->text, "2");
    EXPECT_EQ(tree(std::string(1'000'000, '1')).text.size(), 1'000'000U);
    EXPECT_EQ(refusal(std::string(1'000'000, ' '))->position, 1'000'000U);
    EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC);
}

// ---- writing ----

struct inner {
    std::int32_t customer = 0;
};
BOOST_DESCRIBE_STRUCT(inner, (), (customer))

struct outer {
    inner updated;
    std::string word;
    decimal<12, 2> amount;
    std::optional<std::int64_t> count;
    std::vector<inner> list;
    bool is_so = false;
};
BOOST_DESCRIBE_STRUCT(outer, (), (updated, word, amount, count, list, is_so))

struct blank {};
BOOST_DESCRIBE_STRUCT(blank, (), ())

TEST(json_text, is_compact_and_in_declaration_order) {
    const outer full{{9999}, "a b", *decimal<12, 2>::from_unscaled(2500), 12000, {{1}, {2}}, true};
    EXPECT_EQ(text(full), R"({"updated":{"customer":9999},"word":"a b","amount":25.00,)"
                          R"("count":12000,"list":[{"customer":1},{"customer":2}],"is_so":true})");
    EXPECT_EQ(text(outer{}), R"({"updated":{"customer":0},"word":"","amount":0.00,)"
                             R"("count":null,"list":[],"is_so":false})");
}

TEST(json_text, writes_scalars) {
    EXPECT_EQ(text(true), "true");
    EXPECT_EQ(text(false), "false");
    EXPECT_EQ(text(0), "0");
    EXPECT_EQ(text(-1), "-1");
    EXPECT_EQ(text(INT64_MIN), "-9223372036854775808");
    EXPECT_EQ(text(INT64_MAX), "9223372036854775807");
    EXPECT_EQ(text(std::int8_t{65}), "65");
    EXPECT_EQ(text(std::uint8_t{65}), "65");
    EXPECT_EQ(text(UINT32_MAX), "4294967295");
    EXPECT_EQ(text("word"), R"("word")");
    EXPECT_EQ(text("word"s), R"("word")");
    EXPECT_EQ(text(std::string_view{"word"}), R"("word")");
    EXPECT_EQ(text(*decimal<12, 2>::from_unscaled(-5)), "-0.05");
    EXPECT_EQ(text(*decimal<3, 0>::from_unscaled(7)), "7");
}

TEST(json_text, writes_what_may_be_missing) {
    EXPECT_EQ(text(std::optional<int>{}), "null");
    EXPECT_EQ(text(std::optional<int>{7}), "7");
    EXPECT_EQ(text(std::optional<std::string>{""}), R"("")");
}

TEST(json_text, writes_lists) {
    EXPECT_EQ(text(std::vector<int>{}), "[]");
    EXPECT_EQ(text(std::vector<int>{1}), "[1]");
    EXPECT_EQ(text(std::array{1, 2, 3}), "[1,2,3]");
    EXPECT_EQ(text(std::vector<std::vector<int>>{{}, {1}}), "[[],[1]]");
    EXPECT_EQ(text(std::vector<std::optional<int>>{std::nullopt, 1}), "[null,1]");
}

TEST(json_text, writes_a_struct_without_members) { EXPECT_EQ(text(blank{}), "{}"); }

TEST(json_text, appends) {
    std::string out = "a";
    append(out, 1);
    append(out, "b");
    append_string(out, "c");
    EXPECT_EQ(out, R"(a1"b""c")");
}

TEST(json_text, escapes_what_json_escapes) {
    EXPECT_EQ(text("\"\\"), R"("\"\\")");
    EXPECT_EQ(text("\b\f\n\r\t"), R"("\b\f\n\r\t")");
    EXPECT_EQ(text("\x01\x1f"), R"("\u0001\u001f")");
    EXPECT_EQ(text("\0"s), R"("\u0000")");
    EXPECT_EQ(text("</script>"), R"("</script>")");
    EXPECT_EQ(text("\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80"),
              "\"\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80\"");
}

// Each byte that belongs to no character becomes U+FFFD, so that the answer stays JSON.
TEST(json_text, replaces_what_is_no_utf8) {
    const std::string replaced = "\xEF\xBF\xBD";
    EXPECT_EQ(text("\xFF"), '"' + replaced + '"');
    EXPECT_EQ(text("a\xC3"), "\"a" + replaced + '"');
    EXPECT_EQ(text("\xC3(\xC3\xA9"), '"' + replaced + "(\xC3\xA9\"");
    EXPECT_EQ(text("\xE2\x82"), '"' + replaced + replaced + '"');
    EXPECT_EQ(text("\xE2\x82\xAC\x82"), "\"\xE2\x82\xAC" + replaced + '"');
    for (const std::string bytes :
         {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xF0\x9F\x98"}) {
        const auto all = repeated(replaced, static_cast<int>(bytes.size()));
        EXPECT_EQ(text(bytes), '"' + all + '"');
        EXPECT_EQ(tree(text("a" + bytes + "b")).text, "a" + all + "b");
    }
}

TEST(json_text, keeps_every_length_of_utf8) {
    for (const std::string character :
         {"\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xE1\x80\x80", "\xED\x9F\xBF",
          "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF1\x80\x80\x80",
          "\xF4\x8F\xBF\xBF"})
        EXPECT_EQ(text(character), '"' + character + '"');
}

TEST(json_text, is_read_back_as_it_was_written) {
    std::string every_ascii;
    for (int c = 0; c < 128; ++c) every_ascii += static_cast<char>(c);
    for (const auto& word : {every_ascii, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"s, ""s,
                             repeated("\"\\", 2000), std::string(5000, '\n')})
        EXPECT_EQ(tree(text(word)).text, word);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::json
