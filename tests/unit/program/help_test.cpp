// What `serve --help` says of the variables, of a program with any name.
#include "program/help.hpp"

#include <gtest/gtest.h>

#include <string>

namespace LARDER_NAMESPACE::program {
namespace {

bool has_line(const std::string& text, const std::string& line) {
    return text.find('\n' + line + '\n') != std::string::npos;
}

TEST(program_help, names_the_variables_of_the_programs_own_flags) {
    const auto text = help_on_variables({.name = "film-club"});
    EXPECT_TRUE(has_line(
        text, "  FILM_CLUB_...           A flag that is not given: FILM_CLUB_PORT for --port"))
        << text;
    const auto of_long_name = help_on_variables({.name = "a-film-club-with-a-long-name"});
    EXPECT_TRUE(has_line(of_long_name,
                         "  A_FILM_CLUB_WITH_A_LONG_NAME_... A flag that is not given: "
                         "A_FILM_CLUB_WITH_A_LONG_NAME_PORT for --port"))
        << of_long_name;
}

TEST(program_help, has_the_programs_own_words) {
    const auto text = help_on_variables({.name = "films", .entry = "a film", .database = "cinema"});
    EXPECT_TRUE(has_line(text,
                         "  PG_DATABASE             The database on it, whatever the URI names "
                         "[cinema]"))
        << text;
    EXPECT_TRUE(has_line(text,
                         "  CACHE_CLIENT_RELOAD     Whether clients may have a film loaded anew: "
                         "on, off [on]"))
        << text;
}

}  // namespace
}  // namespace LARDER_NAMESPACE::program
