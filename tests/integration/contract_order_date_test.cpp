// The contract's dates: one finite day of the years 1 to 9999, whatever the settings of PostgreSQL.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "support/order_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct contract_order_date : shared_service_test {
    std::vector<fault> refused_order(const std::string& body) {
        auto faults = refused(add(port(), body));
        EXPECT_EQ(rows(), 12000);
        return faults;
    }
    /// What PostgreSQL itself says of this date.
    std::string sentence_about(const std::string& date) {
        try {
            sql("SELECT '" + date + "'::date");
        } catch (const sql_error& error) {
            return error.what();
        }
        throw std::runtime_error{"PostgreSQL takes " + date};
    }
};

TEST_F(contract_order_date, a_date_that_is_none_is_refused_in_postgresqls_words) {
    for (const auto* date : {"soon", "2023-02-30", "2023-13-01", "", "2023", "5874898-01-01",
                             "2023-03-10; DROP TABLE orders"}) {
        SCOPED_TRACE(date);
        const auto faults = refused_order(with_date('"' + std::string{date} + '"'));
        EXPECT_EQ(faults, (std::vector<fault>{{"date_parsing", date_loc, sentence_about(date)}}));
    }
}

// PostgreSQL takes these, so the words are larder's own.
TEST_F(contract_order_date, a_date_that_is_no_one_day_of_the_years_1_to_9999_is_refused) {
    for (const auto* date :
         {"infinity", "-infinity", "Infinity", "now", "today", "tomorrow", "yesterday", "epoch",
          "0001-12-31 BC", "0044-03-15 BC", "March 15, 0044 BC", "10000-01-01", "294276-12-31",
          "01/02/2023", "1-2-23", "10 March 23", "J2460014"}) {
        SCOPED_TRACE(date);
        sql("SELECT '" + std::string{date} + "'::date");
        const fault no_day{
            "date_parsing", date_loc,
            "Input should be a date from 0001-01-01 to 9999-12-31, such as 2023-03-10"};
        EXPECT_EQ(refused_order(with_date('"' + std::string{date} + '"')),
                  std::vector<fault>{no_day});
        EXPECT_EQ(
            refused_order(order('"' + std::string{date} + '"', "30000", "23.0", "2.0")).size(), 2U);
    }
}

TEST_F(contract_order_date, a_date_of_more_than_200_bytes_is_refused_without_repeating_it) {
    const auto answer = add(port(), with_date('"' + std::string(100'000, '9') + '"'));
    EXPECT_EQ(refused(answer)[0].type, "date_parsing");
    EXPECT_LT(answer.body.size(), 300U) << "and PostgreSQL's words would";
}

TEST_F(contract_order_date, the_first_and_the_last_date_are_taken) {
    for (const auto* date : {"0001-01-01", "9999-12-31", "2024-02-29", "20230310"})
        EXPECT_EQ(add(port(), with_date('"' + std::string{date} + '"')).status, 200) << date;
    EXPECT_EQ(sql("SELECT string_agg(orderdate::text, ' ' ORDER BY orderid) FROM orders"
                  " WHERE orderid > 12000"),
              "0001-01-01 9999-12-31 2024-02-29 2023-03-10");
}

// A role or a database may have its own DateStyle, and a pooler may change it.
TEST_F(contract_order_date, a_date_is_the_same_day_under_any_datestyle) {
    const auto role = sql("SELECT current_user");
    long added = 0;
    for (const auto* style : {"ISO, MDY", "SQL, DMY", "German, DMY", "ISO, YMD"}) {
        SCOPED_TRACE(style);
        sql("ALTER ROLE " + role + " SET datestyle = " + style);
        const service fresh{servers.env()};
        for (const auto* date : {"2023-03-04", "2023/03/04", "20230304", "04 March 2023",
                                 "Mar 4, 2023", "4.mar.2023", "Sat, 4 Mar 2023"}) {
            EXPECT_EQ(add(fresh.port(), with_date('"' + std::string{date} + '"')).status, 200)
                << date;
            ++added;
        }
        for (const auto* date : {"03/04/2023", "4 March 23", "04.03.2023", "0044-03-15 BC"})
            EXPECT_EQ(refused(add(fresh.port(), with_date('"' + std::string{date} + '"'))).size(),
                      1U)
                << date;
    }
    sql("ALTER ROLE " + role + " RESET datestyle");
    EXPECT_EQ(sql("SELECT count(*) FROM orders WHERE orderid > 12000 AND orderdate = '2023-03-04'"),
              std::to_string(added));
    EXPECT_EQ(rows(), 12000 + added);
}

TEST_F(contract_order_date, a_date_with_a_nul_is_refused) {
    for (const auto* json : {R"("2023-03-10\u0000")", R"("\u0000")", R"("2023-03-10\u0000x")"}) {
        SCOPED_TRACE(json);
        const auto faults = refused_order(with_date(json));
        ASSERT_EQ(faults.size(), 1U);
        EXPECT_EQ(faults[0].type, "date_parsing");
        EXPECT_EQ(faults[0].loc, date_loc);
    }
}

}  // namespace
}  // namespace larder::test
