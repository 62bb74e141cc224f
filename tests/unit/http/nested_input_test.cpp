// Bodies with structs inside, lists and optionals of them: what is read, and where a fault is.

#include <gtest/gtest.h>
#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "larder/decimal.hpp"
#include "larder/http/input.hpp"
#include "larder/json.hpp"

namespace LARDER_NAMESPACE::http {
namespace nested {

struct address {
    std::string street, city;
    std::optional<std::string> country;
};
BOOST_DESCRIBE_STRUCT(address, (), (street, city, country))

struct line {
    std::int32_t product = 0;
    decimal<8, 2> price;
    std::vector<std::string> notes;
};
BOOST_DESCRIBE_STRUCT(line, (), (product, price, notes))

struct order {
    std::int32_t id = 0;
    nested::address address;
    std::optional<nested::address> invoice;
    std::vector<line> lines;
    std::optional<std::vector<std::optional<std::int32_t>>> vouchers;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, address, invoice, lines, vouchers))

struct branch {
    std::string name;
    std::vector<branch> parts;
};
BOOST_DESCRIBE_STRUCT(branch, (), (name, parts))

}  // namespace nested

namespace {

using strings = std::vector<std::string>;

constexpr std::string_view right =
    R"({"id":1,"address":{"street":"Ring 1","city":"Ulm"},"lines":[{"product":"7","price":2.5,)"
    R"("notes":["a","b"]},{"product":8,"price":"3","notes":[]}],"vouchers":[4,null]})";

/// `int_type ["body","lines",0,"product"]`
template <class T>
strings faults_of(std::string_view body, const path_members* in_path = nullptr) {
    T out{};
    faults wrong;
    read_with_body({in_path, nullptr}, body, out, wrong);
    strings forms;
    for (const auto& one : wrong) {
        std::string where;
        for (const auto& step : one.loc)
            where += (where.empty() ? "" : ",") +
                     std::visit([](const auto& s) { return json::text(s); }, step);
        forms.push_back(one.type + " [" + where + "]");
    }
    return forms;
}

/// The faults of the order above, with `instead` where `what` stands.
strings faults_with(std::string_view what, std::string_view instead) {
    std::string body{right};
    body.replace(body.find(what), what.size(), instead);
    return faults_of<nested::order>(body);
}

TEST(nested_input, is_read_with_all_that_is_in_it) {
    nested::order order;
    faults wrong;
    read_body(right, order, wrong);
    EXPECT_TRUE(wrong.empty());
    EXPECT_EQ(json::text(order),
              R"({"id":1,"address":{"street":"Ring 1","city":"Ulm","country":null},"invoice":null,)"
              R"("lines":[{"product":7,"price":2.50,"notes":["a","b"]},)"
              R"({"product":8,"price":3.00,"notes":[]}],"vouchers":[4,null]})");
}

TEST(nested_input, an_optional_struct_is_null_or_whole) {
    EXPECT_EQ(faults_with(R"("lines":)", R"("invoice":null,"lines":)"), strings{});
    EXPECT_EQ(faults_with(R"("lines":)", R"("invoice":{"street":"","city":""},"lines":)"),
              strings{});
    EXPECT_EQ(faults_with(R"("lines":)", R"("invoice":{},"lines":)"),
              (strings{R"(missing ["body","invoice","street"])",
                       R"(missing ["body","invoice","city"])"}));
}

TEST(nested_input, a_fault_is_located_by_names_and_indices) {
    EXPECT_EQ(faults_with(R"(,"city":"Ulm")", ""), strings{R"(missing ["body","address","city"])"});
    EXPECT_EQ(faults_with(R"("Ulm")", "5"), strings{R"(string_type ["body","address","city"])"});
    EXPECT_EQ(faults_with("8", "8.5"), strings{R"(int_from_float ["body","lines",1,"product"])"});
    EXPECT_EQ(faults_with(R"("b")", "{}"), strings{R"(string_type ["body","lines",0,"notes",1])"});
    EXPECT_EQ(faults_with("null", "true"), strings{R"(int_type ["body","vouchers",1])"});
}

TEST(nested_input, a_struct_is_an_object_and_a_list_an_array) {
    for (const auto* other : {"5", "true", "null", "\"Ulm\"", "[]"})
        EXPECT_EQ(faults_with(R"({"street":"Ring 1","city":"Ulm"})", other),
                  strings{R"(model_attributes_type ["body","address"])"});
    for (const auto* other : {"5", "true", "null", "\"Ulm\"", "{}"}) {
        EXPECT_EQ(faults_with(R"(["a","b"])", other),
                  strings{R"(list_type ["body","lines",0,"notes"])"});
        EXPECT_EQ(faults_with(R"({"product":8,"price":"3","notes":[]})",
                              std::string_view{other} == "{}" ? "[]" : other),
                  strings{R"(model_attributes_type ["body","lines",1])"});
    }
}

TEST(nested_input, all_faults_are_told_at_once_as_declared) {
    EXPECT_EQ(
        faults_of<nested::order>(
            R"({"vouchers":{},"lines":[{"notes":[1]},7],"address":{"street":null}})"),
        (strings{
            R"(missing ["body","id"])", R"(string_type ["body","address","street"])",
            R"(missing ["body","address","city"])", R"(missing ["body","lines",0,"product"])",
            R"(missing ["body","lines",0,"price"])", R"(string_type ["body","lines",0,"notes",0])",
            R"(model_attributes_type ["body","lines",1])", R"(list_type ["body","vouchers"])"}));
}

TEST(nested_input, faults_of_one_member_stay_in_their_order) {
    faults wrong;
    for (std::int64_t i = 0; i < 40; ++i)
        wrong.push_back({"missing", {"body", i % 2 == 0 ? "lines" : "id", i}, ""});
    sort_as_declared<nested::order>(wrong);
    for (std::size_t i = 0; i < wrong.size(); ++i)
        EXPECT_EQ(std::get<std::int64_t>(wrong[i].loc[2]),
                  static_cast<std::int64_t>(i < 20 ? 2 * i + 1 : 2 * (i - 20)));
}

TEST(nested_input, what_the_path_has_is_beside_it) {
    const path_members in_path{{"id", "x"}};
    EXPECT_EQ(faults_of<nested::order>(R"({"address":{"id":1},"lines":[]})", &in_path),
              (strings{R"(int_parsing ["path","id"])", R"(missing ["body","address","street"])",
                       R"(missing ["body","address","city"])"}));
}

TEST(nested_input, a_struct_may_have_a_list_of_its_own_kind) {
    EXPECT_EQ(
        faults_of<nested::branch>(R"({"name":"a","parts":[{"name":"b","parts":[{"parts":[]}]}]})"),
        strings{R"(missing ["body","parts",0,"parts",0,"name"])"});
    std::string deep;
    for (int i = 0; i < 40; ++i) deep += R"({"name":"","parts":[)";
    EXPECT_EQ(faults_of<nested::branch>(deep).size(), 1U);  // json_invalid, of too many levels
}

TEST(nested_input, the_answer_has_the_place_and_no_structure) {
    nested::order order;
    faults wrong;
    read_body(R"({"id":1,"address":[1],"lines":[{"product":"x","price":1,"notes":[]}]})", order,
              wrong);
    EXPECT_EQ(faults_json(wrong),
              R"({"detail":[{"type":"model_attributes_type","loc":["body","address"],"msg":)"
              R"("Input should be a valid dictionary or object to extract fields from"},)"
              R"({"type":"int_parsing","loc":["body","lines",0,"product"],"msg":)"
              R"("Input should be a valid integer, unable to parse string as an integer",)"
              R"("input":"x"}]})");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
