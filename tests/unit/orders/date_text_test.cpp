// Which dates mean the same day whatever PostgreSQL's settings are. That it takes them is the
// integration tests' to show.

#include "date_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace orders {
namespace {

TEST(date_text, that_begins_with_the_year_is_the_same_everywhere) {
    for (const auto* text :
         {"2023-03-10", " 2023-03-10 ", "20230310", "2023/3/10", "2023.069", "2023-Mar-10",
          "2023 March 10", "2023-03-10T23:59:59+02:00", "0044-03-15 BC", "10000-01-01"})
        EXPECT_TRUE(is_same_day_everywhere(text)) << text;
}

TEST(date_text, that_names_the_month_and_has_the_whole_year_is_the_same_everywhere) {
    for (const auto* text :
         {"10 March 2023", "10-Mar-2023", "March 10, 2023", "SEPT 1 2023", "Mar/10/2023",
          "Fri, 10 Mar 2023 12:00:00 GMT", "friday march 10, 2023", "1.may.2023"})
        EXPECT_TRUE(is_same_day_everywhere(text)) << text;
}

TEST(date_text, whose_day_depends_on_settings_or_the_clock_is_not) {
    for (const auto* text : {"01/02/2023",
                             "13/02/2023",
                             "1-2-23",
                             "10 March 23",
                             "23 March 10",
                             "Mar 10 23",
                             "10 Mar 23 12:00:00.123456",
                             "T040506 01/02/2023",
                             "01/02/2023 12:00 MART",
                             "MART 01/02/2023",
                             "Fri 10/03/2023",
                             "01 02 2023",
                             "now",
                             "today",
                             "tomorrow",
                             "yesterday",
                             "epoch",
                             "allballs",
                             "infinity",
                             "-infinity",
                             "Infinity",
                             "",
                             " ",
                             "-",
                             "soon",
                             "March",
                             "March 2023",
                             "\xC2\xB2",
                             "+2023-03-10",
                             "10 March 12023"})
        EXPECT_FALSE(is_same_day_everywhere(text)) << text;
}

TEST(date_text, of_more_than_200_bytes_is_not) {
    EXPECT_TRUE(is_same_day_everywhere("2023-03-10" + std::string(190, ' ')));
    EXPECT_FALSE(is_same_day_everywhere("2023-03-10" + std::string(191, ' ')));
    EXPECT_FALSE(is_same_day_everywhere(std::string(1'000'000, '1')));
}

}  // namespace
}  // namespace orders
