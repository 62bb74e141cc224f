// Money is decimal from the JSON text to numeric(12,2), with no binary floating point on the way.

#include <gtest/gtest.h>

#include <ostream>

#include "support/order_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct sum {
    const char* law;
    const char* netamount;
    const char* tax;
    const char* stored;  // netamount|tax|totalamount
};

std::ostream& operator<<(std::ostream& to, const sum& row) {
    return to << row.netamount << " + " << row.tax;
}

struct contract_money : shared_service_test {
    http_response add_amounts(const std::string& netamount, const std::string& tax) {
        return add(port(), order(R"("2023-03-10")", "9999", netamount, tax));
    }
    std::string stored() {
        return sql(
            "SELECT netamount || '|' || tax || '|' || totalamount FROM orders"
            " WHERE orderid > 12000");
    }
};

struct contract_sum : contract_money, testing::WithParamInterface<sum> {};

TEST_P(contract_sum, is_stored_exactly) {
    expect_json(add_amounts(GetParam().netamount, GetParam().tax), 200,
                R"({"updated":{"customer":9999}})");
    EXPECT_EQ(stored(), GetParam().stored);
}

INSTANTIATE_TEST_SUITE_P(
    rows, contract_sum,
    testing::Values(
        sum{"tutorial", "23.0", "2.0", "23.00|2.00|25.00"},
        sum{"tenth_and_fifth", "0.10", "0.20", "0.10|0.20|0.30"},
        sum{"binary_would_round_down", "1.005", "0", "1.01|0.00|1.01"},
        sum{"half_a_cent_is_rounded_up", "23.005", "2", "23.01|2.00|25.01"},
        sum{"less_than_half_a_cent_is_rounded_down", "23.0049999999999999999999", "2",
            "23.00|2.00|25.00"},
        sum{"half_a_cent_below_zero_is_rounded_away_from_zero", "-23.005", "0",
            "-23.01|0.00|-23.01"},
        sum{"greatest_amount", "9999999999.99", "0", "9999999999.99|0.00|9999999999.99"},
        sum{"greatest_sum", "9999999999.98", "0.01", "9999999999.98|0.01|9999999999.99"},
        sum{"least_amount", "-9999999999.99", "0", "-9999999999.99|0.00|-9999999999.99"},
        sum{"more_digits_than_a_double_has", "9007199254.93", "0.06",
            "9007199254.93|0.06|9007199254.99"},
        sum{"rounded_down_into_range", "9999999999.9949", "0", "9999999999.99|0.00|9999999999.99"},
        sum{"exponent", "2.3e1", "20E-1", "23.00|2.00|25.00"},
        sum{"exponent_with_plus", "0.23e+2", "2", "23.00|2.00|25.00"},
        sum{"exponent_beyond_any_column", "1e-999999999", "2", "0.00|2.00|2.00"},
        sum{"zero_by_absurd_exponent", "0e999999999", "2", "0.00|2.00|2.00"},
        sum{"minus_zero", "-0", "-0.00", "0.00|0.00|0.00"},
        sum{"negative", "-23.5", "2.25", "-23.50|2.25|-21.25"},
        sum{"long_zeros", "23.000000000000000000000000000000000000000000", "2", "23.00|2.00|25.00"},
        sum{"text", R"("0.10")", R"("0.20")", "0.10|0.20|0.30"},
        sum{"text_with_many_digits", R"("9999999999.99")", R"("0")",
            "9999999999.99|0.00|9999999999.99"}),
    [](const auto& row) { return std::string{row.param.law}; });

// Each column is rounded by itself, and the row's total is the sum of the row's amounts.
TEST_F(contract_money, the_total_is_the_sum_of_what_is_stored) {
    for (const auto* amount : {"0.005", "0.004", "10.015", "-0.005"}) {
        SCOPED_TRACE(amount);
        EXPECT_EQ(add_amounts(amount, amount).status, 200);
    }
    EXPECT_EQ(sql("SELECT count(*) FROM orders WHERE orderid > 12000"), "4");
    EXPECT_EQ(sql("SELECT count(*) FROM orders WHERE totalamount <> netamount + tax"
                  " AND orderid > 12000"),
              "0");
}

TEST_F(contract_money, a_sum_beyond_the_column_is_wrong_input) {
    const auto faults = refused(add_amounts("9999999999.99", "0.01"));
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].type, "decimal_out_of_range");
    EXPECT_EQ(rows(), 12000);
}

TEST_F(contract_money, an_amount_of_very_many_digits_is_answered_at_once) {
    const std::string digits(100000, '1');
    const auto start = std::chrono::steady_clock::now();
    EXPECT_GE(add_amounts("1e-1000000000", "1e1000000000").status, 400);
    EXPECT_GE(add_amounts(digits, "0." + digits).status, 400);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{2} * slack);
    EXPECT_EQ(rows(), 12000);
}

}  // namespace
}  // namespace larder::test
