// Dates, times, UUIDs and enumerations: one text each, and nothing near it is read.

#include "larder/spelling.hpp"

#include <gtest/gtest.h>

#include <boost/describe/enum.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace LARDER_NAMESPACE {
namespace {

using namespace std::chrono_literals;

enum class size { small, large };
BOOST_DESCRIBE_ENUM(size, small, large)

template <class T>
std::optional<std::string> read_and_spelled(std::string_view text) {
    T value{};
    if (!read_spelling(text, value)) return std::nullopt;
    return spell(value);
}

TEST(date_text, is_iso_8601) {
    EXPECT_EQ(spell(date{2023y / 3 / 10}), "2023-03-10");
    EXPECT_EQ(spell(date{1y / 1 / 1}), "0001-01-01");
    for (const auto* text : {"2023-03-10", "0001-01-01", "9999-12-31", "2024-02-29"})
        EXPECT_EQ(read_and_spelled<date>(text), text);
}

TEST(date_text, is_nothing_else) {
    for (const auto* text : {"",
                             "2023-3-10",
                             "2023-03-1",
                             "2023-03-10 ",
                             " 2023-03-10",
                             "2023-02-29",
                             "2023-13-01",
                             "2023-00-01",
                             "2023-01-00",
                             "2023-04-31",
                             "0000-01-01",
                             "10000-01-01",
                             "-001-01-01",
                             "2023/03/10",
                             "20230310",
                             "2023-03-10T00:00:00Z",
                             "10-03-2023",
                             "03/10/2023",
                             "infinity",
                             "2023-03-1x",
                             "+023-03-10"})
        EXPECT_EQ(read_and_spelled<date>(text), std::nullopt) << text;
}

TEST(timestamp_text, is_rfc_3339_in_utc) {
    const auto noon = std::chrono::sys_days{2023y / 3 / 10} + 12h;
    EXPECT_EQ(spell(timestamp{noon}), "2023-03-10T12:00:00Z");
    EXPECT_EQ(spell(timestamp{noon + 500ms}), "2023-03-10T12:00:00.5Z");
    EXPECT_EQ(spell(timestamp{noon + 1us}), "2023-03-10T12:00:00.000001Z");
    EXPECT_EQ(spell(timestamp{std::chrono::sys_days{1969y / 12 / 31} + 23h + 59min + 59s + 999ms}),
              "1969-12-31T23:59:59.999Z");
    for (const auto* text : {"2023-03-10T12:00:00Z", "2023-03-10T12:00:00.25Z",
                             "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"})
        EXPECT_EQ(read_and_spelled<timestamp>(text), text);
}

TEST(timestamp_text, is_read_as_postgresql_writes_it) {
    for (const auto* text :
         {"2023-03-10 12:00:00+00", "2023-03-10 12:00:00", "2023-03-10 13:00:00+01",
          "2023-03-10 06:30:00-05:30", "2023-03-10 17:45:00.000+05:45", "2023-03-10T12:00:00+00:00",
          "2023-03-10 12:53:28+00:53:28", "2023-03-10 11:06:32-00:53:28"})
        EXPECT_EQ(read_and_spelled<timestamp>(text), "2023-03-10T12:00:00Z") << text;
    EXPECT_EQ(read_and_spelled<timestamp>("2023-03-10 23:30:00-01"), "2023-03-11T00:30:00Z");
}

TEST(timestamp_text, is_nothing_else) {
    for (const auto* text : {"",
                             "2023-03-10",
                             "2023-03-10T",
                             "2023-03-10T12:00Z",
                             "2023-03-10T24:00:00Z",
                             "2023-03-10T12:60:00Z",
                             "2023-03-10T12:00:60Z",
                             "2023-03-10T12:00:00.Z",
                             "2023-03-10T12:00:00.1234567Z",
                             "2023-03-10T12:00:00ZZ",
                             "2023-03-10T12:00:00+24",
                             "2023-03-10T12:00:00+01:60",
                             "2023-03-10T12:00:00+01:00:60",
                             "2023-03-10T12:00:00+01:00:",
                             "2023-03-10T12:00:00+01:00:00:00",
                             "2023-03-10T12:00:00+1",
                             "2023-02-30T12:00:00Z",
                             "2023-03-10 12:00:00 UTC",
                             "0001-01-01T00:00:00+01",
                             "9999-12-31T23:59:59-01",
                             "infinity",
                             "2023-03-10T-1:00:00Z"})
        EXPECT_EQ(read_and_spelled<timestamp>(text), std::nullopt) << text;
}

TEST(uuid_text, is_lower_case_with_four_hyphens) {
    const auto* const text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    EXPECT_EQ(read_and_spelled<uuid>(text), text);
    EXPECT_EQ(read_and_spelled<uuid>("67E55044-10B1-426F-9247-BB680E5FE0C8"), text);
    EXPECT_EQ(spell(uuid{}), "00000000-0000-0000-0000-000000000000");
    uuid read;
    ASSERT_TRUE(read_spelling(text, read));
    EXPECT_EQ(read.bytes.front(), 0x67);
    EXPECT_EQ(read.bytes.back(), 0xc8);
}

TEST(uuid_text, is_nothing_else) {
    for (const auto* text :
         {"", "67e5504410b1426f9247bb680e5fe0c8", "67e55044-10b1-426f-9247-bb680e5fe0c",
          "67e55044-10b1-426f-9247-bb680e5fe0c88", "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
          "67e55044-10b1-426f-9247-bb680e5fe0cg", "67e5504-410b1-426f-9247-bb680e5fe0c8",
          "67e55044-10b1-426f-9247-bb680e5fe0-8", "67e55044-10b1-426f-9247 bb680e5fe0c8",
          "+7e55044-10b1-426f-9247-bb680e5fe0c8"})
        EXPECT_EQ(read_and_spelled<uuid>(text), std::nullopt) << text;
}

TEST(enumeration_text, is_the_enumerators_name) {
    EXPECT_EQ(spell(size::large), "large");
    EXPECT_EQ(read_and_spelled<size>("small"), "small");
    for (const auto* text : {"", "Small", "small ", "medium", "0", "size::small"})
        EXPECT_EQ(read_and_spelled<size>(text), std::nullopt) << text;
    EXPECT_EQ(spell(static_cast<size>(7)), "");
}

}  // namespace
}  // namespace LARDER_NAMESPACE
