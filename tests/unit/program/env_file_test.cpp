// What a file of variables says, and what is said of one that says nothing.
#include "program/env_file.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

namespace LARDER_NAMESPACE::program {
namespace {

using variables = std::map<std::string, std::string>;

variables read(std::string_view text) { return variables_in(text, "orders.env"); }

std::string fault(std::string_view text) {
    try {
        read(text);
    } catch (const setting_error& e) {
        return e.what();
    }
    return {};
}

TEST(env_file, has_a_variable_a_line_and_comments) {
    EXPECT_EQ(read("# of PostgreSQL\n"
                   "PG_DATABASE=shop\n"
                   "\n"
                   "  ; of the cache\r\n"
                   "CACHE_PREFIX = a\r\n"
                   "_A1=\n"
                   "PG_DATABASE=later\n"
                   "LAST=no end of line"),
              (variables{{"PG_DATABASE", "later"},
                         {"CACHE_PREFIX", "a"},
                         {"_A1", ""},
                         {"LAST", "no end of line"}}));
    EXPECT_TRUE(read("").empty());
}

TEST(env_file, has_values_without_quotation_marks_as_they_are_but_for_backslashes) {
    EXPECT_EQ(read("URI=postgres://u:p#%40@h/d?a=b # c\n"
                   "SPACE=  in the middle \t\n"
                   "KEPT=at the end\\ \n"
                   "BACK=a\\\\b\\nc\n"
                   "LONG=first, \\\nsecond\n"
                   "MARKS=it's \"so\"\n"),
              (variables{{"URI", "postgres://u:p#%40@h/d?a=b # c"},
                         {"SPACE", "in the middle"},
                         {"KEPT", "at the end "},
                         {"BACK", "a\\bnc"},
                         {"LONG", "first, second"},
                         {"MARKS", "it's \"so\""}}));
}

TEST(env_file, has_values_in_quotation_marks) {
    EXPECT_EQ(read("SINGLE='a \"b\" \\n # c ' \n"
                   "DOUBLE=\"x \\\"y\\\" \\\\ \\$ \\` \\n\"\n"
                   "BOTH='a'\"b\"\n"
                   "LINES='one\n# two'\n"
                   "JOINED=\"one\\\ntwo\"\n"
                   "NONE=''\n"),
              (variables{{"SINGLE", "a \"b\" \\n # c "},
                         {"DOUBLE", "x \"y\" \\ $ ` \\n"},
                         {"BOTH", "ab"},
                         {"LINES", "one\n# two"},
                         {"JOINED", "onetwo"},
                         {"NONE", ""}}));
}

TEST(env_file, that_cannot_be_read_is_told_by_its_line_and_never_by_a_value) {
    const std::string name = "it has to be NAME=value, with letters, digits and _ in the name";
    EXPECT_EQ(fault("A=1\n\nsekrit\n"), "orders.env, line 3: " + name);
    EXPECT_EQ(fault("export A=sekrit"), "orders.env, line 1: " + name);
    EXPECT_EQ(fault("A='\n'\n1A=sekrit"), "orders.env, line 3: " + name);
    EXPECT_EQ(fault("=sekrit"), "orders.env, line 1: " + name);
    EXPECT_EQ(fault("A=1\nB='sekrit\n\n"), "orders.env, line 2: a quotation mark is not closed");
    EXPECT_EQ(fault("B=\"sekrit\\"), "orders.env, line 1: a quotation mark is not closed");
    EXPECT_EQ(fault("B='' # sekrit"),
              "orders.env, line 1: there is more behind the quotation mark");
    EXPECT_EQ(fault(std::string_view{"A=1\nB=\0sekrit", 13}),
              "orders.env, line 2: it has a zero byte");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::program
