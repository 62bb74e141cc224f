// The contract's "Wrong input", where it is not about the kind of a member: what is no JSON, what
// is taken although it looks wrong, and what only PostgreSQL can refuse. Types and codings of the
// body are contract_content_type_test's, dates contract_order_date_test's.

#include <gtest/gtest.h>

#include <ostream>

#include "support/order_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct contract_order_body : shared_service_test {
    std::vector<fault> refused_order(const std::string& body) {
        auto faults = refused(add(port(), body));
        EXPECT_EQ(rows(), 12000);
        return faults;
    }
};

// ---- not JSON ----

struct contract_not_json : contract_order_body,
                           testing::WithParamInterface<std::pair<const char*, std::string>> {};

TEST_P(contract_not_json, is_refused_and_says_where) {
    const auto& body = GetParam().second;
    const auto faults = refused_order(body);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].type, "json_invalid");
    EXPECT_EQ(faults[0].msg, "JSON decode error");
    std::size_t position = 0;
    int used = 0;
    ASSERT_EQ(std::sscanf(faults[0].loc.c_str(), "[\"body\",%zu]%n", &position, &used), 1)
        << faults[0].loc;
    EXPECT_EQ(static_cast<std::size_t>(used), faults[0].loc.size()) << faults[0].loc;
    EXPECT_LE(position, body.size());
}

INSTANTIATE_TEST_SUITE_P(rows, contract_not_json,
                         testing::Values(std::pair{"word", std::string{"nope"}},
                                         std::pair{"half_an_object", "{"},
                                         std::pair{"half_a_member", R"({"orderdate":)"},
                                         std::pair{"half_a_text", R"({"orderdate":"2023)"},
                                         std::pair{"single_quotes", "{'tax':1}"},
                                         std::pair{"trailing_comma", R"({"tax":1,})"},
                                         std::pair{"two_values", "{}{}"},
                                         std::pair{"more_after", with_tax("2.0") + "x"},
                                         std::pair{"form", "orderdate=2023-03-10&customerid=9999"},
                                         std::pair{"number_with_leading_zero", with_tax("02.0")},
                                         std::pair{"number_without_digits", with_tax("2.")},
                                         std::pair{"number_with_plus", with_tax("+2")},
                                         std::pair{"not_a_number", with_tax("NaN")},
                                         std::pair{"infinity", with_tax("Infinity")},
                                         std::pair{"hexadecimal", with_customer("0x270f")},
                                         std::pair{"unknown_escape", with_date(R"("\x41")")},
                                         std::pair{"line_break_in_text", with_date("\"2023\n\"")},
                                         std::pair{"no_utf8", with_date("\"\xff\xfe\"")},
                                         std::pair{"nul", std::string("{}\0", 3)},
                                         std::pair{"deep", std::string(100000, '[')}),
                         [](const auto& row) { return std::string{row.param.first}; });

TEST_F(contract_order_body, the_position_is_that_of_the_byte_at_fault) {
    const auto faults = refused_order(R"({"orderdate":@})");
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].loc, R"(["body",13])");
}

// ---- taken for what it means ----

struct contract_taken_body : contract_order_body,
                             testing::WithParamInterface<std::pair<const char*, std::string>> {};

TEST_P(contract_taken_body, is_stored_as_the_tutorials_order) {
    expect_json(add(port(), GetParam().second), 200, R"({"updated":{"customer":9999}})");
    EXPECT_EQ(sql("SELECT orderdate || '|' || customerid || '|' || totalamount FROM orders"
                  " WHERE orderid > 12000"),
              "2023-03-10|9999|25.00");
}

INSTANTIATE_TEST_SUITE_P(
    rows, contract_taken_body,
    testing::Values(std::pair{"integer_in_a_text", with_customer(R"("9999")")},
                    std::pair{"integer_with_a_zero_fraction", with_customer("9999.0")},
                    std::pair{"integer_by_exponent", with_customer("9.999e3")},
                    std::pair{"number_in_a_text", with_tax(R"("2.0")")},
                    std::pair{"integer_as_amount", with_tax("2")},
                    std::pair{"exponent_in_a_text", with_net(R"("2.3e1")")},
                    std::pair{"unknown_members", R"({"colour":{"a":[null,true]},"orderdate":)"
                                                 R"("2023-03-10","customerid":9999,"netamount":)"
                                                 R"(23,"tax":2,"totalamount":1})"},
                    std::pair{"members_in_another_order",
                              R"({"tax":2,"netamount":23,"customerid":9999,)"
                              R"("orderdate":"2023-03-10"})"},
                    std::pair{"spaces_and_lines",
                              "\r\n {\t\"orderdate\" : \"2023-03-10\" ,\n"
                              "\"customerid\": 9999, \"netamount\": 23,"
                              " \"tax\": 2 }\n"},
                    std::pair{"escapes", R"({"\u006frderdate":"2023\u002d03-10",)"
                                         R"("customerid":9999,"netamount":23,"tax":2})"},
                    std::pair{"another_way_to_write_the_date", with_date(R"("10 March 2023")")}),
    [](const auto& row) { return std::string{row.param.first}; });

// ---- what PostgreSQL refuses ----

TEST_F(contract_order_body, a_customer_who_does_not_exist_is_refused_by_name) {
    for (const auto* customer : {"30000", "0", "-1", "2147483647", "-2147483648"}) {
        SCOPED_TRACE(customer);
        const auto faults = refused_order(with_customer(customer));
        ASSERT_EQ(faults.size(), 1U);
        EXPECT_EQ(faults[0].type, "foreign_key");
        EXPECT_EQ(faults[0].loc, customer_loc);
        EXPECT_NE(faults[0].msg.find(customer), std::string::npos) << faults[0].msg;
    }
}

TEST_F(contract_order_body, no_date_and_no_customer_are_both_told_at_once) {
    const auto faults = refused_order(order(R"("soon")", "30000", "23.0", "2.0"));
    ASSERT_EQ(faults.size(), 2U);
    EXPECT_EQ(faults[0].type, "date_parsing");
    EXPECT_EQ(faults[1].type, "foreign_key");
}

TEST_F(contract_order_body, a_refused_order_leaves_the_service_as_it_was) {
    EXPECT_EQ(count(port()), 12000);
    refused_order(with_date(R"("soon")"));
    refused_order(with_customer("30000"));
    refused_order("{");
    EXPECT_EQ(count(port()), 12000);
    add_tutorial_order(port());
    EXPECT_EQ(count(port()), 12001);
}

}  // namespace
}  // namespace larder::test
