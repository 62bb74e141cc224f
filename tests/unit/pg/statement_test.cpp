// Parameters as text, and rows as described structs. The results are made by hand with libpq's own
// calls, so no server is needed.

#include "larder/pg/statement.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "larder/decimal.hpp"

namespace LARDER_NAMESPACE::pg {
namespace {

using money = decimal<12, 2>;
using field = std::optional<std::string>;

// A result of rows of text, as a query would give it.
result rows_of(const std::vector<std::string>& columns,
               const std::vector<std::vector<field>>& rows) {
    auto* made = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
    auto names = columns;
    std::vector<PGresAttDesc> described(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) described[i].name = names[i].data();
    EXPECT_EQ(PQsetResultAttrs(made, static_cast<int>(names.size()), described.data()), 1);
    for (std::size_t r = 0; r < rows.size(); ++r)
        for (std::size_t c = 0; c < names.size(); ++c) {
            auto text = rows[r].at(c);
            EXPECT_EQ(PQsetvalue(made, static_cast<int>(r), static_cast<int>(c),
                                 text ? text->data() : nullptr,
                                 text ? static_cast<int>(text->size()) : -1),
                      1);
        }
    return result{made};
}

template <class Act>
void expect_misused(Act act, std::string_view named) {
    try {
        act();
        ADD_FAILURE() << "nothing was thrown for " << named;
    } catch (const error& e) {
        EXPECT_EQ(e.kind(), failure::misused);
        EXPECT_NE(std::string_view{e.what()}.find(named), std::string_view::npos) << e.what();
    }
}

// ---- parameters ----

TEST(parameter, is_the_text_that_postgresql_reads) {
    EXPECT_EQ(parameter(9999), "9999");
    EXPECT_EQ(parameter(-1), "-1");
    EXPECT_EQ(parameter(std::int8_t{65}), "65");
    EXPECT_EQ(parameter(std::uint32_t{4294967295}), "4294967295");
    EXPECT_EQ(parameter(INT64_MIN), "-9223372036854775808");
    EXPECT_EQ(parameter(*money::from_unscaled(2500)), "25.00");
    EXPECT_EQ(parameter(*money::from_unscaled(-5)), "-0.05");
    EXPECT_EQ(parameter("2023-03-10"), "2023-03-10");
    EXPECT_EQ(parameter(std::string{"it's"}), "it's");
    EXPECT_EQ(parameter(std::string_view{"ab"}.substr(0, 1)), "a");
}

TEST(parameter, is_null_only_for_what_is_missing) {
    EXPECT_EQ(parameter(std::optional<int>{}), std::nullopt);
    EXPECT_EQ(parameter(std::optional<std::string>{}), std::nullopt);
    EXPECT_EQ(parameter(std::optional<int>{0}), "0");
    EXPECT_EQ(parameter(std::optional<money>{money{}}), "0.00");
    EXPECT_EQ(parameter(std::string{}), "");
    EXPECT_EQ(parameter(std::optional<std::string>{""}), "");
}

enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)

TEST(parameter, of_other_types_is_their_spelling) {
    using namespace std::chrono_literals;
    EXPECT_EQ(parameter(true), "true");
    EXPECT_EQ(parameter(false), "false");
    EXPECT_EQ(parameter(date{2023y / 3 / 10}), "2023-03-10");
    EXPECT_EQ(parameter(timestamp{std::chrono::sys_days{2023y / 3 / 10} + 1h}),
              "2023-03-10T01:00:00Z");
    EXPECT_EQ(parameter(uuid{}), "00000000-0000-0000-0000-000000000000");
    EXPECT_EQ(parameter(std::optional{color::green}), "green");
}

TEST(parameter, of_a_vector_is_an_array) {
    EXPECT_EQ(parameter(std::vector<int>{}), "{}");
    EXPECT_EQ(parameter(std::vector<int>{1, -2}), R"({"1","-2"})");
    EXPECT_EQ(parameter(std::vector<std::optional<std::string>>{"NULL", std::nullopt, ""}),
              R"({"NULL",NULL,""})");
    EXPECT_EQ(parameter(std::vector<std::string>{R"(a"b)", R"(c\d)", "e,f", "{g}"}),
              R"({"a\"b","c\\d","e,f","{g}"})");
    EXPECT_EQ(parameter(std::vector<bool>{true, false}), R"({"true","false"})");
}

// A repeated INSERT would count twice, and a write that calls itself a read breaks no entry.
TEST(statement, writes_unless_it_says_that_it_only_reads) {
    static_assert(!statement{"INSERT"}.reads_only);
    static_assert(statement{"SELECT", true}.reads_only);
}

// ---- results ----

TEST(result, counts_rows) {
    EXPECT_EQ(rows_of({"count"}, {}).size(), 0U);
    EXPECT_EQ(rows_of({"count"}, {{"1"}}).size(), 1U);
    EXPECT_EQ(rows_of({"count"}, {{"1"}, {"2"}, {"3"}}).size(), 3U);
}

TEST(result, changed_no_rows_if_nothing_says_so) {
    EXPECT_EQ(rows_of({"count"}, {{"1"}}).affected(), 0U);
}

TEST(result, finds_columns_by_name) {
    const auto rows = rows_of({"orderid", "customerid", "orderid"}, {});
    EXPECT_EQ(rows.column("orderid"), 0U);
    EXPECT_EQ(rows.column("customerid"), 1U);
    expect_misused([&] { rows.column("tax"); }, "tax");
    expect_misused([&] { rows.column("order"); }, "order");
    expect_misused([&] { rows.column("OrderId"); }, "OrderId");
    expect_misused([&] { rows.column(""); }, "column");
}

TEST(result, gives_texts_and_nulls) {
    const auto rows = rows_of({"a", "b"}, {{"x", std::nullopt}, {"", "two words"}});
    EXPECT_EQ(rows.text(0, 0), "x");
    EXPECT_EQ(rows.text(0, 1), std::nullopt);
    EXPECT_EQ(rows.text(1, 0), "");
    EXPECT_EQ(rows.text(1, 1), "two words");
}

TEST(result, can_be_moved_not_copied) {
    static_assert(std::is_nothrow_move_constructible_v<result>);
    static_assert(!std::is_copy_constructible_v<result>);
    auto rows = rows_of({"a"}, {{"x"}});
    const auto moved = std::move(rows);
    EXPECT_EQ(moved.text(0, 0), "x");
}

// ---- rows as structs ----

struct count_reply {
    std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(count_reply, (), (count))

struct order {
    std::int32_t orderid = 0;
    std::string orderdate;
    std::optional<std::int32_t> customerid;
    money netamount;
    std::optional<money> tax;
    std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(order, (), (orderid, orderdate, customerid, netamount, tax, note))

const std::vector<std::string> order_columns{"orderid",   "orderdate", "customerid",
                                             "netamount", "tax",       "note"};

TEST(row, is_read_as_a_struct) {
    const auto rows =
        rows_of(order_columns, {{"1", "2023-03-10", "9999", "23.00", "2.00", "soon"},
                                {"2", "", std::nullopt, "-0.05", std::nullopt, std::nullopt}});
    const auto first = rows.as<order>(0);
    EXPECT_EQ(first.orderid, 1);
    EXPECT_EQ(first.orderdate, "2023-03-10");
    EXPECT_EQ(first.customerid, 9999);
    EXPECT_EQ(first.netamount.text(), "23.00");
    EXPECT_EQ(first.tax->text(), "2.00");
    EXPECT_EQ(first.note, "soon");
    const auto second = rows.as<order>(1);
    EXPECT_EQ(second.orderid, 2);
    EXPECT_EQ(second.orderdate, "");
    EXPECT_FALSE(second.customerid || second.tax || second.note);
    EXPECT_EQ(second.netamount.text(), "-0.05");
}

TEST(row, is_read_by_name_not_by_place) {
    const auto rows =
        rows_of({"more", "note", "tax", "netamount", "customerid", "orderdate", "orderid"},
                {{"x", "soon", "2.00", "23.00", "9999", "2023-03-10", "1"}});
    EXPECT_EQ(rows.as<order>(0).orderid, 1);
    EXPECT_EQ(rows.as<order>(0).note, "soon");
}

TEST(row, without_a_column_is_misused) {
    const auto rows = rows_of({"orderid"}, {{"1"}});
    expect_misused([&] { rows.as<order>(0); }, "orderdate");
    expect_misused([&] { rows.as<count_reply>(0); }, "count");
}

TEST(row, with_null_in_a_member_that_must_be_there_is_misused) {
    const auto read = [](std::size_t null) {
        std::vector<field> one{"1", "2023-03-10", "9999", "23.00", "2.00", "soon"};
        one[null].reset();
        rows_of(order_columns, {one}).as<order>(0);
    };
    expect_misused([&] { read(0); }, "orderid");
    expect_misused([&] { read(1); }, "orderdate");
    expect_misused([&] { read(3); }, "netamount");
    EXPECT_NO_THROW(read(2));
    EXPECT_NO_THROW(read(4));
    EXPECT_NO_THROW(read(5));
}

TEST(row, that_is_not_there_is_misused) {
    const auto rows = rows_of({"count"}, {});
    expect_misused([&] { rows.as<count_reply>(0); }, "count");
}

TEST(row, with_text_that_is_no_integer_is_misused) {
    for (const auto* text : {"", " 1", "1 ", "1.0", "1e3", "+1", "x", "1x", "0x1", "t", "-",
                             "9223372036854775808", "-9223372036854775809"})
        expect_misused([&] { rows_of({"count"}, {{text}}).as<count_reply>(0); }, "count");
}

TEST(row, holds_integers_to_the_last_one) {
    const auto count = [](const char* text) {
        return rows_of({"count"}, {{text}}).as<count_reply>(0).count;
    };
    EXPECT_EQ(count("0"), 0);
    EXPECT_EQ(count("9223372036854775807"), INT64_MAX);
    EXPECT_EQ(count("-9223372036854775808"), INT64_MIN);
}

TEST(row, with_an_integer_too_big_for_its_member_is_misused) {
    const auto read = [](const char* orderid) {
        rows_of(order_columns, {{orderid, "", std::nullopt, "0", std::nullopt, std::nullopt}})
            .as<order>(0);
    };
    EXPECT_NO_THROW(read("2147483647"));
    expect_misused([&] { read("2147483648"); }, "orderid");
    expect_misused([&] { read("-2147483649"); }, "orderid");
}

TEST(row, with_text_that_is_no_decimal_is_misused) {
    const auto read = [](const char* netamount, field tax) {
        rows_of(order_columns, {{"1", "", std::nullopt, netamount, std::move(tax), std::nullopt}})
            .as<order>(0);
    };
    for (const auto* text : {"", "x", "NaN", "Infinity", "$1", "10000000000.00", "1,00"})
        expect_misused([&] { read(text, std::nullopt); }, "netamount");
    expect_misused([&] { read("1.00", "NaN"); }, "tax");
}

TEST(row, names_a_column_but_never_its_value) {
    try {
        rows_of({"count"}, {{"a secret"}}).as<count_reply>(0);
        FAIL();
    } catch (const error& e) {
        EXPECT_EQ(std::string_view{e.what()}.find("secret"), std::string_view::npos);
    }
}

// ---- more types ----

struct part {
    std::string name;
    int count = 0;
    friend bool operator==(const part&, const part&) = default;
};
BOOST_DESCRIBE_STRUCT(part, (), (name, count))

struct row_of_all {
    bool is_so = false;
    date day{};
    timestamp at{};
    uuid id;
    color of = color::red;
    std::vector<int> numbers;
    std::vector<std::optional<std::string>> texts;
    std::vector<part> parts;
    std::optional<part> best;
};
BOOST_DESCRIBE_STRUCT(row_of_all, (), (is_so, day, at, id, of, numbers, texts, parts, best))

const std::vector<std::string> columns_of_all{"is_so",   "day",   "at",    "id",  "of",
                                              "numbers", "texts", "parts", "best"};
const std::vector<field> fields_of_all{"t",
                                       "2023-03-10",
                                       "2023-03-10 12:00:00.5+00",
                                       "67e55044-10b1-426f-9247-bb680e5fe0c8",
                                       "green",
                                       "{1,-2,3}",
                                       R"({a,NULL,"NULL","","b,c","d\"e","f\\g"})",
                                       R"([{"name": "x", "count": 1}, {"count": 2, "name": "y"}])",
                                       std::nullopt};

TEST(result, gives_every_type_of_column) {
    const auto row = rows_of(columns_of_all, {fields_of_all}).as<row_of_all>(0);
    EXPECT_TRUE(row.is_so);
    EXPECT_EQ(spell(row.day), "2023-03-10");
    EXPECT_EQ(spell(row.at), "2023-03-10T12:00:00.5Z");
    EXPECT_EQ(spell(row.id), "67e55044-10b1-426f-9247-bb680e5fe0c8");
    EXPECT_EQ(row.of, color::green);
    EXPECT_EQ(row.numbers, (std::vector<int>{1, -2, 3}));
    EXPECT_EQ(row.texts, (std::vector<std::optional<std::string>>{"a", std::nullopt, "NULL", "",
                                                                  "b,c", "d\"e", "f\\g"}));
    EXPECT_EQ(row.parts, (std::vector<part>{{"x", 1}, {"y", 2}}));
    EXPECT_FALSE(row.best);
}

TEST(result, refuses_what_is_not_of_the_members_type) {
    const std::vector<std::pair<std::size_t, std::string>> wrong{{0, "true"},
                                                                 {0, ""},
                                                                 {1, "03/10/2023"},
                                                                 {1, "infinity"},
                                                                 {2, "2023-03-10"},
                                                                 {3, "x"},
                                                                 {4, "blue"},
                                                                 {5, "{1,NULL}"},
                                                                 {5, "{{1},{2}}"},
                                                                 {5, "1,2"},
                                                                 {5, "{1,}"},
                                                                 {5, "{1"},
                                                                 {5, ""},
                                                                 {5, "{,1}"},
                                                                 {6, "{\"a}"},
                                                                 {6, "{\"a\"b}"},
                                                                 {6, "[0:1]={a,b}"},
                                                                 {7, "[{\"name\": \"x\"}]"},
                                                                 {7, "x"},
                                                                 {7, "{}"},
                                                                 {8, "[]"}};
    for (const auto& [at, text] : wrong) {
        auto fields = fields_of_all;
        fields[at] = text;
        const auto rows = rows_of(columns_of_all, {fields});
        expect_misused([&] { rows.as<row_of_all>(0); }, columns_of_all[at]);
    }
}

TEST(result, gives_all_rows) {
    const auto rows = rows_of({"name", "count"}, {{"x", "1"}, {"y", "2"}});
    EXPECT_EQ(rows.all<part>(), (std::vector<part>{{"x", 1}, {"y", 2}}));
    EXPECT_TRUE(rows_of({"name", "count"}, {}).all<part>().empty());
}

}  // namespace
}  // namespace LARDER_NAMESPACE::pg
