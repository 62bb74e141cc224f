// Typed input: the contract's "Wrong input", and what is taken for right.

#include "larder/http/input.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace LARDER_NAMESPACE::http {
namespace {

using namespace std::string_literals;
using money = decimal<12, 2>;

struct count_query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(count_query, (), (customerid))

struct new_order {
    std::string orderdate;
    std::int32_t customerid = 0;
    money netamount;
    money tax;
};
BOOST_DESCRIBE_STRUCT(new_order, (), (orderdate, customerid, netamount, tax))

// A struct of one member of the type under test.
template <class T>
struct holder {
    T value{};
    BOOST_DESCRIBE_CLASS(holder, (), (value), (), ())
};

using strings = std::vector<std::string>;

std::string step_text(const std::variant<std::string, std::int64_t>& step) {
    return std::visit([](const auto& s) { return json::text(s); }, step);
}

// `int_type body.customerid`
strings short_forms(const faults& all) {
    strings forms;
    for (const auto& f : all) {
        std::string where;
        for (const auto& step : f.loc) where += (where.empty() ? "" : ",") + step_text(step);
        forms.push_back(f.type + " [" + where + "]");
    }
    return forms;
}

template <class T>
strings body_faults(std::string_view body) {
    T out{};
    faults wrong;
    read_body(body, out, wrong);
    return short_forms(wrong);
}

template <class T>
strings query_faults(std::string_view query) {
    T out{};
    faults wrong;
    read_query(query, out, wrong);
    return short_forms(wrong);
}

// What `{"value":<json>}` makes of a member: the value as JSON, or the fault's type.
template <class T>
std::string from_body(const std::string& json) {
    holder<T> out;
    faults wrong;
    read_body("{\"value\":" + json + "}", out, wrong);
    return wrong.empty() ? json::text(out.value) : wrong.front().type;
}

// The same for `value=<text>` in a query.
template <class T>
std::string from_query(const std::string& text) {
    holder<T> out;
    faults wrong;
    read_query("value=" + text, out, wrong);
    return wrong.empty() ? json::text(out.value) : wrong.front().type;
}

struct row {
    std::string input, read;
};

template <class T>
void expect_from_body(const std::vector<row>& rows) {
    for (const auto& r : rows) EXPECT_EQ(from_body<T>(r.input), r.read) << r.input;
}

template <class T>
void expect_from_query(const std::vector<row>& rows) {
    for (const auto& r : rows) EXPECT_EQ(from_query<T>(r.input), r.read) << r.input;
}

// ---- the body as a whole ----

TEST(read_body, reads_the_tutorials_order) {
    new_order order;
    faults wrong;
    read_body(R"({"orderdate":"2023-03-10","customerid":9999,"netamount":23.0,"tax":2.0})", order,
              wrong);
    EXPECT_TRUE(wrong.empty());
    EXPECT_EQ(order.orderdate, "2023-03-10");
    EXPECT_EQ(order.customerid, 9999);
    EXPECT_EQ(order.netamount.text(), "23.00");
    EXPECT_EQ(order.tax.text(), "2.00");
}

TEST(read_body, misses_a_body_that_is_not_there) {
    EXPECT_EQ(body_faults<new_order>(""), strings{R"(missing ["body"])"});
    EXPECT_EQ(body_faults<new_order>("null"), strings{R"(missing ["body"])"});
    EXPECT_EQ(body_faults<new_order>(" null "), strings{R"(missing ["body"])"});
}

TEST(read_body, wants_an_object) {
    for (const auto* body : {"[]", "[{}]", "5", "\"order\"", "true", "\"\"", "[null]"})
        EXPECT_EQ(body_faults<new_order>(body), strings{R"(model_attributes_type ["body"])"})
            << body;
}

TEST(read_body, has_at_most_10000_values) {
    const auto of = [](int more) {
        std::string body = R"({"value":1,"more":[)";
        for (int i = 0; i < more; ++i) body += i == 0 ? "0" : ",0";
        return body + "]}";
    };
    EXPECT_EQ(body_faults<holder<std::int32_t>>(of(9'997)), strings{});
    EXPECT_EQ(body_faults<holder<std::int32_t>>(of(9'998)), strings{R"(too_long ["body"])"});
    EXPECT_EQ(body_faults<holder<std::int32_t>>(of(500'000)), strings{R"(too_long ["body"])"});
}

TEST(read_body, skips_one_byte_order_mark) {
    EXPECT_EQ(body_faults<holder<std::int32_t>>("\xEF\xBB\xBF{\"value\":1}"), strings{});
    EXPECT_EQ(body_faults<new_order>("\xEF\xBB\xBF"), strings{R"(missing ["body"])"});
    EXPECT_EQ(body_faults<new_order>("\xEF\xBB\xBF\xEF\xBB\xBF{}"),
              strings{R"(json_invalid ["body",1])"});
}

TEST(read_body, says_where_a_body_stops_being_json) {
    EXPECT_EQ(body_faults<new_order>(R"({"orderdate":})"), strings{R"(json_invalid ["body",13])"});
    EXPECT_EQ(body_faults<new_order>("x"), strings{R"(json_invalid ["body",0])"});
    EXPECT_EQ(body_faults<new_order>("  "), strings{R"(json_invalid ["body",2])"});
    EXPECT_EQ(body_faults<new_order>("{} x"), strings{R"(json_invalid ["body",3])"});
    EXPECT_EQ(body_faults<new_order>("{\"\xC3\xA9\":}"), strings{R"(json_invalid ["body",5])"});
    EXPECT_EQ(body_faults<new_order>("orderdate=2023-03-10&tax=2"),
              strings{R"(json_invalid ["body",0])"});
}

TEST(read_body, changes_nothing_when_it_is_no_object) {
    for (const auto* body : {"", "null", "[]", "{", "5"}) {
        count_query out{7};
        faults wrong;
        read_body(body, out, wrong);
        EXPECT_EQ(wrong.size(), 1U) << body;
        EXPECT_EQ(out.customerid, 7) << body;
    }
}

TEST(read_body, names_all_faults_in_declaration_order) {
    EXPECT_EQ(body_faults<new_order>("{}"),
              (strings{R"(missing ["body","orderdate"])", R"(missing ["body","customerid"])",
                       R"(missing ["body","netamount"])", R"(missing ["body","tax"])"}));
    EXPECT_EQ(
        body_faults<new_order>(
            R"({"tax":1e30,"netamount":"x","customerid":1.5,"orderdate":20230310})"),
        (strings{R"(string_type ["body","orderdate"])", R"(int_from_float ["body","customerid"])",
                 R"(float_parsing ["body","netamount"])",
                 R"(decimal_out_of_range ["body","tax"])"}));
    EXPECT_EQ(
        body_faults<new_order>(R"({"tax":null,"customerid":2147483648,"netamount":[]})"),
        (strings{R"(missing ["body","orderdate"])", R"(int_out_of_range ["body","customerid"])",
                 R"(float_type ["body","netamount"])", R"(float_type ["body","tax"])"}));
}

TEST(read_body, names_only_what_is_wrong) {
    EXPECT_EQ(body_faults<new_order>(
                  R"({"orderdate":"2023-03-10","customerid":9999,"netamount":23.0,"tax":"x"})"),
              strings{R"(float_parsing ["body","tax"])"});
}

TEST(read_body, adds_to_the_faults_that_are_there) {
    faults wrong{{"earlier", {"body"}, "Earlier"}};
    new_order out;
    read_body("null", out, wrong);
    EXPECT_EQ(short_forms(wrong), (strings{R"(earlier ["body"])", R"(missing ["body"])"}));
}

TEST(read_body, ignores_unknown_members) {
    EXPECT_EQ(body_faults<count_query>(R"({"customer":1,"x":{"customerid":"abc"},"":null})"),
              strings{});
    EXPECT_EQ(body_faults<new_order>(R"({"Orderdate":"","customerid":1,"netamount":1,"tax":1})"),
              strings{R"(missing ["body","orderdate"])"});
}

TEST(read_body, takes_the_last_of_repeated_members) {
    count_query out;
    faults wrong;
    read_body(R"({"customerid":"abc","customerid":1,"customerid":2})", out, wrong);
    EXPECT_TRUE(wrong.empty());
    EXPECT_EQ(out.customerid, 2);
    EXPECT_EQ(body_faults<count_query>(R"({"customerid":1,"customerid":"abc"})"),
              strings{R"(int_parsing ["body","customerid"])"});
}

// ---- integers ----

TEST(integer_input, takes_numbers_without_a_fraction) {
    expect_from_body<std::int32_t>({{"0", "0"},
                                    {"-0", "0"},
                                    {"9999", "9999"},
                                    {"-1", "-1"},
                                    {"9999.0", "9999"},
                                    {"9999.000000000000000000000000000", "9999"},
                                    {"-0.0", "0"},
                                    {"1e3", "1000"},
                                    {"1E+3", "1000"},
                                    {"10e-1", "1"},
                                    {"1.5e1", "15"},
                                    {"2147483647.0", "2147483647"},
                                    {"0e400", "0"},
                                    {"0e-999999999999", "0"}});
}

TEST(integer_input, keeps_numbers_that_a_double_would_change) {
    expect_from_body<std::int64_t>({{"9007199254740993", "9007199254740993"},
                                    {"9007199254740993.0", "9007199254740993"},
                                    {"9223372036854775807", "9223372036854775807"},
                                    {"9223372036854775807.0", "9223372036854775807"},
                                    {"-9223372036854775808", "-9223372036854775808"},
                                    {"922337203685477580.7e1", "9223372036854775807"}});
}

TEST(integer_input, takes_texts_that_hold_one) {
    for (const auto& [text, read] : std::vector<row>{{"9999", "9999"},
                                                     {"+5", "5"},
                                                     {"-5", "-5"},
                                                     {"-0", "0"},
                                                     {"00042", "42"},
                                                     {"9999.0", "9999"},
                                                     {"42.00", "42"},
                                                     {"  42 ", "42"},
                                                     {" 9999.0 ", "9999"},
                                                     {"0000000000000000000000000000042", "42"}})
        EXPECT_EQ(from_body<std::int32_t>('"' + text + '"'), read) << text;
    EXPECT_EQ(from_body<std::int32_t>(R"("\t42\r\n")"), "42");
    EXPECT_EQ(from_body<std::int32_t>(R"("\u000b\u000c42")"), "42");
}

TEST(integer_input, refuses_texts_that_hold_none) {
    for (const auto* text :
         {"",    " ",    "abc",  "42.5",  "9999.", ".0",     ".",         "+",         "-",
          "+-5", "--5",  "- 5",  "+ 5",   "4_2",   "1e3",    "1E3",       "10e-1",     "0x10",
          "42x", "x42",  "4 2",  "1,000", "1.0.0", "42.0e0", "42.05",     "42.0x",     "NaN",
          "inf", "true", "null", "[1]",   "٣",     "４２",   "42\\u0000", "\\u000042", "\\u00a042"})
        EXPECT_EQ(from_body<std::int32_t>('"' + std::string{text} + '"'), "int_parsing") << text;
}

TEST(integer_input, refuses_a_fraction) {
    for (const auto* number : {"42.5", "0.5", "-0.1", "9999.000001", "99995e-1", "1e-1", "1e-400",
                               "1e-999999999999", "2147483647.5", "0.99999999999999999999999"})
        EXPECT_EQ(from_body<std::int32_t>(number), "int_from_float") << number;
}

TEST(integer_input, refuses_other_kinds) {
    for (const auto* other : {"true", "false", "null", "[]", "[1]", "{}", R"({"value":1})"})
        EXPECT_EQ(from_body<std::int32_t>(other), "int_type") << other;
}

TEST(integer_input, has_the_range_of_its_member) {
    expect_from_body<std::int8_t>({{"127", "127"},
                                   {"128", "int_out_of_range"},
                                   {"-128", "-128"},
                                   {"-129", "int_out_of_range"}});
    expect_from_body<std::uint8_t>({{"255", "255"},
                                    {"256", "int_out_of_range"},
                                    {"0", "0"},
                                    {"-0", "0"},
                                    {"-1", "int_out_of_range"}});
    expect_from_body<std::int16_t>({{"32767", "32767"}, {"32768", "int_out_of_range"}});
    expect_from_body<std::int32_t>({{"2147483647", "2147483647"},
                                    {"2147483648", "int_out_of_range"},
                                    {"-2147483648", "-2147483648"},
                                    {"-2147483649", "int_out_of_range"},
                                    {"\"2147483648\"", "int_out_of_range"},
                                    {"\"-2147483649\"", "int_out_of_range"}});
    expect_from_body<std::uint32_t>({{"4294967295", "4294967295"},
                                     {"4294967296", "int_out_of_range"},
                                     {"-1", "int_out_of_range"}});
    expect_from_body<std::int64_t>({{"9223372036854775807", "9223372036854775807"},
                                    {"9223372036854775808", "int_out_of_range"},
                                    {"-9223372036854775808", "-9223372036854775808"},
                                    {"-9223372036854775809", "int_out_of_range"},
                                    {"18446744073709551615", "int_out_of_range"},
                                    {"18446744073709551617", "int_out_of_range"},
                                    {"9999999999999999999", "int_out_of_range"}});
}

TEST(integer_input, takes_numbers_of_absurd_size_for_out_of_range) {
    expect_from_body<std::int32_t>({{"1e30", "int_out_of_range"},
                                    {"1e400", "int_out_of_range"},
                                    {"-1e400", "int_out_of_range"},
                                    {"1e999999999999", "int_out_of_range"},
                                    {std::string(500, '9'), "int_out_of_range"},
                                    {'"' + std::string(500, '9') + '"', "int_out_of_range"},
                                    {'"' + std::string(500, '9') + ".0\"", "int_out_of_range"}});
}

// ---- amounts ----

TEST(amount_input, takes_numbers_and_texts_that_hold_one) {
    expect_from_body<money>({{"23.0", "23.00"},
                             {"23", "23.00"},
                             {"-0.5", "-0.50"},
                             {"2.3e1", "23.00"},
                             {"0.005", "0.01"},
                             {"-0", "0.00"},
                             {"\"23.0\"", "23.00"},
                             {"\" 23.0\\n\"", "23.00"},
                             {"\"+.5\"", "0.50"},
                             {"\"5.\"", "5.00"},
                             {"\"2.3e1\"", "23.00"}});
}

TEST(amount_input, refuses_texts_that_hold_none) {
    for (const auto* text : {"", " ", "much", "2,0", "1_0", "NaN", "nan", "Infinity", "-inf", "0x1",
                             "2.0 EUR", "--1", "1e", ".", "2.0\\u0000"})
        EXPECT_EQ(from_body<money>('"' + std::string{text} + '"'), "float_parsing") << text;
}

TEST(amount_input, refuses_other_kinds) {
    for (const auto* other : {"true", "false", "null", "[]", "[2.0]", "{}"})
        EXPECT_EQ(from_body<money>(other), "float_type") << other;
}

TEST(amount_input, is_judged_after_rounding) {
    expect_from_body<money>({{"9999999999.99", "9999999999.99"},
                             {"9999999999.994", "9999999999.99"},
                             {"9999999999.995", "decimal_out_of_range"},
                             {"-9999999999.995", "decimal_out_of_range"},
                             {"1e10", "decimal_out_of_range"},
                             {"1e999999999999", "decimal_out_of_range"},
                             {"0e999999999999", "0.00"},
                             {"1e-999999999999", "0.00"},
                             {"\"10000000000\"", "decimal_out_of_range"}});
}

// ---- texts and truth values ----

TEST(text_input, takes_strings_only) {
    expect_from_body<std::string>({{"\"2023-03-10\"", "\"2023-03-10\""},
                                   {"\"\"", "\"\""},
                                   {"\" a \"", "\" a \""},
                                   {"20230310", "string_type"},
                                   {"true", "string_type"},
                                   {"null", "string_type"},
                                   {"[\"a\"]", "string_type"},
                                   {"{}", "string_type"}});
}

TEST(truth_input, takes_truth_values_and_their_names) {
    expect_from_body<bool>({{"true", "true"},
                            {"false", "false"},
                            {"\"true\"", "true"},
                            {"\"false\"", "false"},
                            {"\"yes\"", "bool_type"},
                            {"1", "bool_type"},
                            {"0", "bool_type"},
                            {"\"\"", "bool_type"},
                            {"null", "bool_type"},
                            {"[]", "bool_type"}});
    expect_from_query<bool>({{"true", "true"}, {"false", "false"}, {"maybe", "bool_type"}});
}

// ---- what may be left out ----

enum class pace { slow, brisk, fast };
BOOST_DESCRIBE_ENUM(pace, slow, brisk, fast)

struct journey {
    larder::date day{};
    larder::timestamp at{};
    larder::uuid ticket;
    pace how = pace::slow;
};
BOOST_DESCRIBE_STRUCT(journey, (), (day, at, ticket, how))

TEST(spelled_input, is_read_from_its_text) {
    journey read;
    faults wrong;
    read_body(R"({"day":"2023-03-10","at":"2023-03-10T12:00:00+01:00",)"
              R"("ticket":"67e55044-10b1-426f-9247-bb680e5fe0c8","how":"fast"})",
              read, wrong);
    EXPECT_TRUE(wrong.empty()) << faults_json(wrong);
    EXPECT_EQ(spell(read.day), "2023-03-10");
    EXPECT_EQ(spell(read.at), "2023-03-10T11:00:00Z");
    EXPECT_EQ(read.how, pace::fast);
}

TEST(spelled_input, that_is_none_is_told_what_would_be) {
    journey read;
    faults wrong;
    read_body(R"({"day":"2023-02-30","at":1,"ticket":"x","how":"Fast"})", read, wrong);
    EXPECT_EQ(
        faults_json(wrong),
        R"({"detail":[{"type":"date_parsing","loc":["body","day"],)"
        R"("msg":"Input should be a valid date, such as 2023-03-10","input":"2023-02-30"},)"
        R"({"type":"datetime_parsing","loc":["body","at"],)"
        R"("msg":"Input should be a valid datetime, such as 2023-03-10T12:00:00Z","input":1},)"
        R"({"type":"uuid_parsing","loc":["body","ticket"],"msg":"Input should be a valid )"
        R"(uuid, such as 67e55044-10b1-426f-9247-bb680e5fe0c8","input":"x"},)"
        R"({"type":"enum","loc":["body","how"],)"
        R"("msg":"Input should be 'slow', 'brisk' or 'fast'","input":"Fast"}]})");
}

TEST(optional_input, may_be_left_out_or_null) {
    EXPECT_EQ(body_faults<count_query>("{}"), strings{});
    expect_from_body<std::optional<std::int32_t>>({{"null", "null"}, {"7", "7"}});
    expect_from_body<std::optional<money>>({{"null", "null"}, {"7", "7.00"}});
    expect_from_body<std::optional<std::string>>({{"null", "null"}, {"\"\"", "\"\""}});
    expect_from_body<std::optional<bool>>({{"null", "null"}, {"false", "false"}});
}

TEST(optional_input, is_as_strict_as_any_other) {
    expect_from_body<std::optional<std::int32_t>>({{"\"\"", "int_parsing"},
                                                   {"\"null\"", "int_parsing"},
                                                   {"true", "int_type"},
                                                   {"1.5", "int_from_float"},
                                                   {"2147483648", "int_out_of_range"}});
    expect_from_body<std::optional<money>>({{"\"x\"", "float_parsing"}, {"[]", "float_type"}});
}

// ---- the query ----

using members = std::vector<std::pair<std::string, std::string>>;

TEST(parse_query, splits_at_the_signs) {
    EXPECT_EQ(parse_query(""), members{});
    EXPECT_EQ(parse_query("a=1"), (members{{"a", "1"}}));
    EXPECT_EQ(parse_query("a=1&b=2&a=3"), (members{{"a", "1"}, {"b", "2"}, {"a", "3"}}));
    EXPECT_EQ(parse_query("a=b=c"), (members{{"a", "b=c"}}));
    EXPECT_EQ(parse_query("a;b=1"), (members{{"a;b", "1"}}));
    EXPECT_EQ(parse_query("a?b=/?"), (members{{"a?b", "/?"}}));
}

TEST(parse_query, keeps_members_without_a_value) {
    EXPECT_EQ(parse_query("a"), (members{{"a", ""}}));
    EXPECT_EQ(parse_query("a="), (members{{"a", ""}}));
    EXPECT_EQ(parse_query("=1"), (members{{"", "1"}}));
    EXPECT_EQ(parse_query("a&b"), (members{{"a", ""}, {"b", ""}}));
}

TEST(parse_query, skips_what_is_empty) {
    EXPECT_EQ(parse_query("&"), members{});
    EXPECT_EQ(parse_query("&&a=1&&"), (members{{"a", "1"}}));
}

TEST(parse_query, decodes_names_and_values) {
    EXPECT_EQ(parse_query("%61=%31"), (members{{"a", "1"}}));
    EXPECT_EQ(parse_query("a+b=c+d"), (members{{"a b", "c d"}}));
    EXPECT_EQ(parse_query("a=%2B%26%3d%25"), (members{{"a", "+&=%"}}));
    EXPECT_EQ(parse_query("a%26b=1"), (members{{"a&b", "1"}}));
    EXPECT_EQ(parse_query("a=%2541"), (members{{"a", "%41"}}));
    EXPECT_EQ(parse_query("a=%00"), (members{{"a", "\0"s}}));
}

TEST(parse_query, lets_broken_encodings_stand_for_themselves) {
    EXPECT_EQ(parse_query("a=%"), (members{{"a", "%"}}));
    EXPECT_EQ(parse_query("a=%4"), (members{{"a", "%4"}}));
    EXPECT_EQ(parse_query("a=%zz"), (members{{"a", "%zz"}}));
    EXPECT_EQ(parse_query("100%=1"), (members{{"100%", "1"}}));
    EXPECT_EQ(parse_query("a=1+%"), (members{{"a", "1 %"}}));
}

TEST(parse_query, decodes_what_stands_beside_a_broken_encoding) {
    EXPECT_EQ(parse_query("a=%41%"), (members{{"a", "A%"}}));
    EXPECT_EQ(parse_query("a=%zz%41"), (members{{"a", "%zzA"}}));
}

TEST(read_query, reads_texts_that_hold_an_integer) {
    expect_from_query<std::int32_t>({{"9999", "9999"},
                                     {"%209999%20", "9999"},
                                     {"+9999", "9999"},
                                     {"%2B5", "5"},
                                     {"-5", "-5"},
                                     {"9999.0", "9999"},
                                     {"%39%39", "99"}});
}

TEST(read_query, refuses_texts_that_hold_none) {
    for (const auto* text : {"abc", "", "42.5", "1e3", "0x10", "4_2", "42x", "--1", "%22", "%5c",
                             "%01", "%ff%fe", "42%00", "null", "true", "%", "42%", "%zz", "9999."})
        EXPECT_EQ(from_query<std::int32_t>(text), "int_parsing") << text;
    EXPECT_EQ(from_query<std::int32_t>("2147483648"), "int_out_of_range");
    EXPECT_EQ(from_query<money>("much"), "float_parsing");
    EXPECT_EQ(from_query<money>("1e30"), "decimal_out_of_range");
}

TEST(read_query, takes_the_last_of_repeated_names) {
    count_query out;
    faults wrong;
    read_query("customerid=1&customerid=2", out, wrong);
    EXPECT_EQ(out.customerid, 2);
    read_query("customerid=abc&customerid=3&x=4", out, wrong);
    EXPECT_EQ(out.customerid, 3);
    read_query("customerid=4&%63ustomerid=5", out, wrong);
    EXPECT_EQ(out.customerid, 5);
    EXPECT_TRUE(wrong.empty());
    EXPECT_EQ(query_faults<count_query>("customerid=1&customerid="),
              strings{R"(int_parsing ["query","customerid"])"});
}

TEST(read_query, takes_a_name_alone_for_an_empty_text) {
    EXPECT_EQ(query_faults<count_query>("customerid"),
              strings{R"(int_parsing ["query","customerid"])"});
    EXPECT_EQ(query_faults<count_query>("customerid&customerid=1"), strings{});
    EXPECT_EQ(from_query<std::string>(""), R"("")");
}

TEST(read_query, ignores_unknown_names) {
    for (const auto* query :
         {"", "x=1", "Customerid=abc", "customerid%20=abc", "customer=abc&&="}) {
        count_query out;
        faults wrong;
        read_query(query, out, wrong);
        EXPECT_TRUE(wrong.empty()) << query;
        EXPECT_FALSE(out.customerid) << query;
    }
}

TEST(read_query, misses_what_is_not_there) {
    EXPECT_EQ(
        query_faults<new_order>("customerid=x&orderdate=2023-03-10&tax=1"),
        (strings{R"(int_parsing ["query","customerid"])", R"(missing ["query","netamount"])"}));
}

// ---- faults that are found later ----

TEST(is_at_fault, knows_the_members_that_were_named) {
    const faults wrong{{"missing", {"body", "tax"}, ""}, {"missing", {"body", "orderdate"}, ""}};
    EXPECT_TRUE(is_at_fault(wrong, "tax"));
    EXPECT_TRUE(is_at_fault(wrong, "orderdate"));
    EXPECT_FALSE(is_at_fault(wrong, "customerid"));
    EXPECT_FALSE(is_at_fault(wrong, "body"));
    EXPECT_FALSE(is_at_fault({}, "tax"));
}

TEST(is_at_fault, blames_all_members_for_a_fault_of_the_whole) {
    EXPECT_TRUE(is_at_fault({{"missing", {"body"}, ""}}, "tax"));
    EXPECT_TRUE(is_at_fault({{"json_invalid", {"body", std::int64_t{7}}, ""}}, "tax"));
}

TEST(sort_as_declared, brings_faults_into_the_order_of_members) {
    faults wrong{{"foreign_key", {"body", "customerid"}, ""},
                 {"b", {"body", "tax"}, ""},
                 {"date_parsing", {"body", "orderdate"}, ""},
                 {"a", {"body", "tax"}, ""},
                 {"missing", {"body", "netamount"}, ""}};
    sort_as_declared<new_order>(wrong);
    EXPECT_EQ(
        short_forms(wrong),
        (strings{R"(date_parsing ["body","orderdate"])", R"(foreign_key ["body","customerid"])",
                 R"(missing ["body","netamount"])", R"(b ["body","tax"])", R"(a ["body","tax"])"}));
}

TEST(sort_as_declared, puts_faults_of_the_whole_first_and_unknown_members_last) {
    faults wrong{{"x", {"body", "unknown"}, ""},
                 {"y", {"body", "tax"}, ""},
                 {"z", {"body"}, ""},
                 {"json_invalid", {"body", std::int64_t{7}}, ""}};
    sort_as_declared<new_order>(wrong);
    EXPECT_EQ(short_forms(wrong), (strings{R"(z ["body"])", R"(json_invalid ["body",7])",
                                           R"(y ["body","tax"])", R"(x ["body","unknown"])"}));
    faults none;
    sort_as_declared<new_order>(none);
    EXPECT_TRUE(none.empty());
}

// ---- the answer ----

TEST(faults_json, is_the_contracts_shape) {
    new_order out;
    faults wrong;
    read_body(R"({"customerid":"a\"b","netamount":null,"tax":1e10})", out, wrong);
    EXPECT_EQ(
        faults_json(wrong),
        R"({"detail":[)"
        R"({"type":"missing","loc":["body","orderdate"],"msg":"Field required"},)"
        R"({"type":"int_parsing","loc":["body","customerid"],)"
        R"("msg":"Input should be a valid integer, unable to parse string as an integer",)"
        R"("input":"a\"b"},)"
        R"({"type":"float_type","loc":["body","netamount"],)"
        R"("msg":"Input should be a valid number","input":null},)"
        R"({"type":"decimal_out_of_range","loc":["body","tax"],)"
        R"("msg":"Input should be between -9999999999.99 and 9999999999.99","input":1e10}]})");
    EXPECT_EQ(faults_json({}), R"({"detail":[]})");
}

template <class T>
std::string answer_to_body(std::string_view body) {
    T out{};
    faults wrong;
    read_body(body, out, wrong);
    return faults_json(wrong);
}

TEST(faults_json, has_the_contracts_sentences) {
    const auto one = [](std::string_view type, std::string_view msg) {
        return R"("type":")" + std::string{type} + R"(","loc":["body","value"],"msg":")" +
               std::string{msg} + '"';
    };
    const auto expect = [](const std::string& answer, const std::string& part) {
        EXPECT_NE(answer.find(part), std::string::npos) << answer << "\nlacks " << part;
    };
    using integer_member = holder<std::int32_t>;
    expect(answer_to_body<integer_member>("{}"), one("missing", "Field required"));
    expect(answer_to_body<integer_member>(R"({"value":1.5})"),
           one("int_from_float",
               "Input should be a valid integer, got a number with a fractional part"));
    expect(answer_to_body<integer_member>(R"({"value":true})"),
           one("int_type", "Input should be a valid integer"));
    expect(answer_to_body<integer_member>(R"({"value":2147483648})"),
           one("int_out_of_range", "Input should be between -2147483648 and 2147483647"));
    expect(answer_to_body<holder<std::uint32_t>>(R"({"value":-1})"),
           one("int_out_of_range", "Input should be between 0 and 4294967295"));
    expect(answer_to_body<holder<std::int64_t>>(R"({"value":1e30})"),
           one("int_out_of_range",
               "Input should be between -9223372036854775808 and 9223372036854775807"));
    expect(
        answer_to_body<holder<money>>(R"({"value":"x"})"),
        one("float_parsing", "Input should be a valid number, unable to parse string as a number"));
    expect(answer_to_body<holder<std::string>>(R"({"value":1})"),
           one("string_type", "Input should be a valid string"));
    expect(answer_to_body<integer_member>("[]"),
           R"("type":"model_attributes_type","loc":["body"],"msg":)"
           R"("Input should be a valid dictionary or object to extract fields from")");
    expect(answer_to_body<integer_member>("{"),
           R"("type":"json_invalid","loc":["body",1],"msg":"JSON decode error")");
    expect(answer_to_body<integer_member>(""),
           R"("type":"missing","loc":["body"],"msg":"Field required")");
}

// The echo of the only fault, as JSON; empty if there is none.
std::string echo(const std::string& answer) {
    const auto at = answer.find(R"(,"input":)");
    if (at == std::string::npos) return {};
    return answer.substr(at + 9, answer.size() - at - 9 - 3);
}

TEST(faults_json, echoes_scalars_as_they_were_written) {
    const auto echo_of = [](const std::string& json) {
        return echo(answer_to_body<holder<std::int32_t>>("{\"value\":" + json + "}"));
    };
    EXPECT_EQ(echo_of("42.50"), "42.50");
    EXPECT_EQ(echo_of("1e400"), "1e400");
    EXPECT_EQ(echo_of("true"), "true");
    EXPECT_EQ(echo_of("false"), "false");
    EXPECT_EQ(echo_of("null"), "null");
    EXPECT_EQ(echo_of(R"("")"), R"("")");
    EXPECT_EQ(echo_of(R"(" \u0061 ")"), R"(" a ")");
    EXPECT_EQ(echo_of(R"("\u0000\"")"), R"("\u0000\"")");
}

TEST(faults_json, echoes_no_more_than_200_bytes) {
    const auto echo_of = [](const std::string& json) {
        return echo(answer_to_body<holder<std::int32_t>>("{\"value\":" + json + "}"));
    };
    const std::string most(200, 'x');
    EXPECT_EQ(echo_of('"' + most + '"'), '"' + most + '"');
    EXPECT_EQ(echo_of('"' + most + "x\""), "");
    const std::string digits(200, '9');
    EXPECT_EQ(echo_of(digits), digits);
    EXPECT_EQ(echo_of(digits + "9"), "");
    const std::string accents = "\xC3\xA9" + std::string(199, 'x');
    EXPECT_EQ(echo_of('"' + accents + '"'), "");
}

TEST(faults_json, echoes_no_text_that_escapes_make_long) {
    const auto echo_of = [](const std::string& query) {
        count_query out;
        faults wrong;
        read_query("customerid=" + query, out, wrong);
        return echo(faults_json(wrong));
    };
    std::string quotes, controls;
    for (int i = 0; i < 101; ++i) quotes += "%22";
    for (int i = 0; i < 200; ++i) controls += "%01";
    EXPECT_EQ(echo_of(quotes.substr(3)).size(), 202U);
    EXPECT_EQ(echo_of(quotes), "");
    EXPECT_EQ(echo_of(controls), "");
}

TEST(faults_json, echoes_no_structures) {
    for (const auto* json : {"[]", "[1]", "{}", R"({"value":1})"})
        EXPECT_EQ(
            echo(answer_to_body<holder<std::int32_t>>(R"({"value":)" + std::string{json} + "}")),
            "")
            << json;
}

TEST(faults_json, never_echoes_a_whole_body) {
    for (const auto* body : {"[]", "[1]", "null", "", "{", "5", "\"order\"", "true"})
        EXPECT_EQ(echo(answer_to_body<new_order>(body)), "") << body;
}

TEST(faults_json, echoes_bytes_that_are_no_text_as_replacements) {
    count_query out;
    faults wrong;
    read_query("customerid=a%ffb", out, wrong);
    EXPECT_EQ(echo(faults_json(wrong)),
              "\"a\xEF\xBF\xBD"
              "b\"");
}

// Bytes that no text has can come percent-encoded, and the answer to them is JSON all the same.
TEST(faults_json, is_json_whatever_the_query_held) {
    for (const auto* query : {"customerid=%22%5C", "customerid=%00%01", "customerid=%c3%a9",
                              "customerid=%ff%fe", "customerid=%c3", "customerid=%ed%a0%80"}) {
        count_query out;
        faults wrong;
        read_query(query, out, wrong);
        ASSERT_EQ(wrong.size(), 1U) << query;
        EXPECT_TRUE(std::holds_alternative<json::node>(json::parse(faults_json(wrong)))) << query;
    }
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
