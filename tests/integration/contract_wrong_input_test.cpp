// The contract's "Wrong input": 422, all faults at once, in declaration order.

#include <gtest/gtest.h>

#include <ostream>

#include "support/order_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct contract_wrong_input : shared_service_test {
    std::vector<fault> refused_order(const std::string& body) {
        auto faults = refused(add(port(), body));
        EXPECT_EQ(rows(), 12000);
        return faults;
    }
};

// ---- one fault a row ----

struct refused_body {
    const char* law;
    std::string body;
    std::vector<fault> faults;
};

std::ostream& operator<<(std::ostream& to, const refused_body& row) { return to << row.body; }

struct contract_wrong_body : contract_wrong_input, testing::WithParamInterface<refused_body> {};

TEST_P(contract_wrong_body, is_refused) {
    EXPECT_EQ(refused_order(GetParam().body), GetParam().faults);
}

const std::vector<refused_body> refused_bodies{
    {"no_body", "", {missing(R"(["body"])")}},
    {"null_body", "null", {missing(R"(["body"])")}},
    {"array_body", "[]", {no_object()}},
    {"array_of_orders", "[" + with_tax("2.0") + "]", {no_object()}},
    {"text_body", R"("order")", {no_object()}},
    {"number_body", "5", {no_object()}},
    {"true_body", "true", {no_object()}},
    {"no_orderdate", with_date(""), {missing(date_loc)}},
    {"no_customerid", with_customer(""), {missing(customer_loc)}},
    {"no_netamount", with_net(""), {missing(net_loc)}},
    {"no_tax", with_tax(""), {missing(tax_loc)}},
    {"no_member",
     "{}",
     {missing(date_loc), missing(customer_loc), missing(net_loc), missing(tax_loc)}},
    {"name_in_another_case",
     R"({"Orderdate":"2023-03-10","customerid":9999,"netamount":1,"tax":1})",
     {missing(date_loc)}},
    {"customerid_with_fraction", with_customer("42.5"), {fraction(customer_loc)}},
    {"customerid_with_small_fraction", with_customer("9999.000001"), {fraction(customer_loc)}},
    {"customerid_with_fraction_by_exponent", with_customer("99995e-1"), {fraction(customer_loc)}},
    {"customerid_true", with_customer("true"), {no_integer(customer_loc)}},
    {"customerid_null", with_customer("null"), {no_integer(customer_loc)}},
    {"customerid_list", with_customer("[9999]"), {no_integer(customer_loc)}},
    {"customerid_object", with_customer(R"({"id":9999})"), {no_integer(customer_loc)}},
    {"customerid_word", with_customer(R"("abc")"), {no_integer_text(customer_loc)}},
    {"customerid_empty_text", with_customer(R"("")"), {no_integer_text(customer_loc)}},
    {"customerid_text_with_fraction", with_customer(R"("42.5")"), {no_integer_text(customer_loc)}},
    {"customerid_text_with_more", with_customer(R"("9999x")"), {no_integer_text(customer_loc)}},
    {"customerid_hexadecimal_text", with_customer(R"("0x10")"), {no_integer_text(customer_loc)}},
    {"tax_true", with_tax("true"), {no_number(tax_loc)}},
    {"tax_null", with_tax("null"), {no_number(tax_loc)}},
    {"tax_list", with_tax("[2.0]"), {no_number(tax_loc)}},
    {"tax_object", with_tax("{}"), {no_number(tax_loc)}},
    {"tax_word", with_tax(R"("much")"), {no_number_text(tax_loc)}},
    {"tax_empty_text", with_tax(R"("")"), {no_number_text(tax_loc)}},
    {"tax_text_with_comma", with_tax(R"("2,0")"), {no_number_text(tax_loc)}},
    {"netamount_false", with_net("false"), {no_number(net_loc)}},
    {"netamount_word", with_net(R"("x")"), {no_number_text(net_loc)}},
    {"orderdate_number", with_date("20230310"), {no_string(date_loc)}},
    {"orderdate_null", with_date("null"), {no_string(date_loc)}},
    {"orderdate_false", with_date("false"), {no_string(date_loc)}},
    {"orderdate_list", with_date(R"(["2023-03-10"])"), {no_string(date_loc)}},
    {"orderdate_object", with_date(R"({"y":2023})"), {no_string(date_loc)}},
    {"all_of_the_wrong_kind",
     order("1", "null", "[]", R"("x")"),
     {no_string(date_loc), no_integer(customer_loc), no_number(net_loc), no_number_text(tax_loc)}},
    {"order_of_declaration_not_of_the_text",
     R"({"tax":null,"netamount":null,"customerid":null})",
     {missing(date_loc), no_integer(customer_loc), no_number(net_loc), no_number(tax_loc)}},
};

INSTANTIATE_TEST_SUITE_P(rows, contract_wrong_body, testing::ValuesIn(refused_bodies),
                         [](const auto& row) { return std::string{row.param.law}; });

// ---- out of range ----

struct out_of_range_value {
    const char* law;
    std::string body;
    const char* type;
    std::string loc;
    const char* bound;
};

std::ostream& operator<<(std::ostream& to, const out_of_range_value& row) { return to << row.body; }

struct contract_out_of_range : contract_wrong_input,
                               testing::WithParamInterface<out_of_range_value> {};

TEST_P(contract_out_of_range, is_refused_and_says_the_range) {
    const auto& row = GetParam();
    const auto faults = refused_order(row.body);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].type, row.type);
    EXPECT_EQ(faults[0].loc, row.loc);
    EXPECT_NE(faults[0].msg.find(row.bound), std::string::npos) << faults[0].msg;
}

constexpr const char* int_range = "int_out_of_range";
constexpr const char* decimal_range = "decimal_out_of_range";
constexpr const char* int_max = "2147483647";
constexpr const char* decimal_max = "9999999999.99";

const std::vector<out_of_range_value> out_of_range_values{
    {"customerid_one_above", with_customer("2147483648"), int_range, customer_loc, int_max},
    {"customerid_one_below", with_customer("-2147483649"), int_range, customer_loc, "-2147483648"},
    {"customerid_beyond_64_bits", with_customer("99999999999999999999999"), int_range, customer_loc,
     int_max},
    {"customerid_by_exponent", with_customer("1e30"), int_range, customer_loc, int_max},
    {"customerid_by_absurd_exponent", with_customer("1e999999999"), int_range, customer_loc,
     int_max},
    {"customerid_as_text", with_customer(R"("2147483648")"), int_range, customer_loc, int_max},
    {"netamount_one_cent_above", with_net("10000000000"), decimal_range, net_loc, decimal_max},
    {"netamount_rounded_up_above", with_net("9999999999.995"), decimal_range, net_loc, decimal_max},
    {"netamount_below", with_net("-10000000000"), decimal_range, net_loc, decimal_max},
    {"tax_by_exponent", with_tax("1e10"), decimal_range, tax_loc, decimal_max},
    {"tax_by_absurd_exponent", with_tax("1e999999999"), decimal_range, tax_loc, decimal_max},
    {"tax_as_text", with_tax(R"("10000000000")"), decimal_range, tax_loc, decimal_max},
};

INSTANTIATE_TEST_SUITE_P(rows, contract_out_of_range, testing::ValuesIn(out_of_range_values),
                         [](const auto& row) { return std::string{row.param.law}; });

TEST_F(contract_wrong_input, a_text_that_is_no_finite_number_is_no_amount) {
    for (const auto* text : {R"("NaN")", R"("Infinity")", R"("-inf")", R"("nan")"}) {
        SCOPED_TRACE(text);
        const auto faults = refused_order(with_tax(text));
        ASSERT_EQ(faults.size(), 1U);
        EXPECT_EQ(faults[0].loc, tax_loc);
    }
}

// ---- the query ----

struct contract_wrong_query : contract_wrong_input,
                              testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(contract_wrong_query, is_refused) {
    const auto faults = refused(get(port(), "/count?customerid=" + std::string{GetParam().second}));
    EXPECT_EQ(faults, (std::vector<fault>{no_integer_text(R"(["query","customerid"])")}));
}

INSTANTIATE_TEST_SUITE_P(
    rows, contract_wrong_query,
    testing::Values(std::pair{"word", "abc"}, std::pair{"nothing", ""},
                    std::pair{"fraction", "42.5"}, std::pair{"number_and_more", "42x"},
                    std::pair{"exponent", "1e3"}, std::pair{"hexadecimal", "0x10"},
                    std::pair{"two_minus", "--1"}, std::pair{"quote", "%22"},
                    std::pair{"backslash", "%5c"}, std::pair{"control_character", "%01"},
                    std::pair{"no_utf8", "%ff%fe"}, std::pair{"nul", "42%00"},
                    std::pair{"markup", "%3Cscript%3E"}),
    [](const auto& row) { return std::string{row.param.first}; });

TEST_F(contract_wrong_input, a_query_number_beyond_the_column_is_out_of_range) {
    for (const auto* text : {"2147483648", "-2147483649", "99999999999999999999999999"}) {
        SCOPED_TRACE(text);
        const auto faults = refused(get(port(), "/count?customerid=" + std::string{text}));
        ASSERT_EQ(faults.size(), 1U);
        EXPECT_EQ(faults[0].type, "int_out_of_range");
        EXPECT_EQ(faults[0].loc, R"(["query","customerid"])");
        EXPECT_NE(faults[0].msg.find("2147483647"), std::string::npos) << faults[0].msg;
    }
}

TEST_F(contract_wrong_input, of_a_repeated_query_name_the_last_counts) {
    EXPECT_EQ(count(port(), "/count?customerid=42&customerid=9999"), 0);
    EXPECT_EQ(count(port(), "/count?customerid=abc&customerid=9999"), 0);
    EXPECT_EQ(refused(get(port(), "/count?customerid=9999&customerid=abc")).size(), 1U);
}

// ---- how much of it ----

TEST_F(contract_wrong_input, a_body_of_more_than_10000_values_is_told_so) {
    const auto with_list = [](std::size_t size) {
        std::string body = R"({"colours":[)";
        for (std::size_t i = 0; i < size; ++i) body += "1,";
        body.back() = ']';
        return body + ',' + with_tax("2.0").substr(1);
    };
    const fault too_long{"too_long", R"(["body"])", "Input should have at most 10000 values"};
    EXPECT_EQ(refused_order(with_list(10'000)), std::vector<fault>{too_long});
    EXPECT_EQ(refused_order(with_list(500'000)), std::vector<fault>{too_long});
    EXPECT_EQ(add(port(), with_list(9'994)).status, 200);
}

// ---- echoes ----

TEST_F(contract_wrong_input, a_long_scalar_is_not_echoed) {
    const std::string long_word(201, 'x');
    const auto in_body = refused_order(with_customer('"' + long_word + '"'));
    ASSERT_EQ(in_body.size(), 1U);
    EXPECT_FALSE(in_body[0].input);
    const auto in_query = refused(get(port(), "/count?customerid=" + long_word));
    ASSERT_EQ(in_query.size(), 1U);
    EXPECT_FALSE(in_query[0].input);
}

TEST_F(contract_wrong_input, an_echo_is_what_was_sent) {
    const auto in_body = refused_order(with_customer(R"("a\"b\\c")"));
    ASSERT_EQ(in_body.size(), 1U);
    if (in_body[0].input) {
        EXPECT_EQ(*in_body[0].input, R"("a\"b\\c")");
    }
    const auto in_query = refused(get(port(), "/count?customerid=a%22b"));
    ASSERT_EQ(in_query.size(), 1U);
    if (in_query[0].input) {
        EXPECT_EQ(*in_query[0].input, R"("a\"b")");
    }
}

}  // namespace
}  // namespace larder::test
