// What PostgreSQL's error codes mean.

#include "pg/sqlstate.hpp"

#include <gtest/gtest.h>

#include "larder/pg/error.hpp"

namespace LARDER_NAMESPACE::pg {
namespace {

TEST(sqlstate, of_a_login_is_found_in_any_language) {
    for (const auto* said :
         {"connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  53300: too many",
          "connection to server at \"::1\", port 5432 failed: FATALE:  53300: troppe",
          "53:  no, FATAL:  53300: too many"})
        EXPECT_EQ(sqlstate::in_words_of_login(said), "53300") << said;
    for (const auto* said : {"", ":  ", "failed: Connection refused", "FATAL:  5330: too short",
                             "FATAL:  sorry: too many"})
        EXPECT_EQ(sqlstate::in_words_of_login(said), "") << said;
}

TEST(sqlstate, names_nothing_to_clients) {
    for (const auto* state : {"08006", "25006", "28P01", "3D000", "40001", "53100", "53200",
                              "53300", "53400", "55P03", "57014", "57P01", "57P03", "XX000", ""})
        EXPECT_FALSE(sqlstate::sentence_for(state).empty()) << state;
    EXPECT_NE(sqlstate::sentence_for("53300"), sqlstate::sentence_for("53400"));
}

TEST(sqlstate, passes_where_nothing_was_stored_and_it_comes_soon) {
    for (const auto* state : {"40001", "40P01", "53000", "53300", "55P03", "57P01", "57P03"}) {
        EXPECT_TRUE((error{failure::unavailable, "", state}.is_passing())) << state;
        EXPECT_FALSE((error{failure::interrupted, "", state}.is_passing())) << state;
    }
    for (const auto* state : {"57014", "25006", "42P01", "23505", "08006", ""})
        EXPECT_FALSE((error{failure::unavailable, "", state}.is_passing())) << state;
}

TEST(sqlstate, ends_the_session_where_the_server_says_so) {
    for (const auto* state : {"08003", "08006", "25P03", "57P01", "57P02", "57P04", "57P05"})
        EXPECT_TRUE(sqlstate::ends_session(state)) << state;
    for (const auto* state : {"57014", "57P03", "25006", "25P02", "40001", "53300", ""})
        EXPECT_FALSE(sqlstate::ends_session(state)) << state;
    EXPECT_TRUE((error{failure::unavailable, "", "57P02"}.is_passing()));
}

TEST(sqlstate, is_of_the_session_where_another_one_helps) {
    for (const auto* state : {"25006", "25P02"}) {
        EXPECT_TRUE(sqlstate::is_of_session(state)) << state;
        EXPECT_TRUE(sqlstate::is_for_now(state)) << state;
    }
    for (const auto* state : {"25001", "25P01", "25P03", "42P01", "57014", ""})
        EXPECT_FALSE(sqlstate::is_of_session(state)) << state;
}

}  // namespace
}  // namespace LARDER_NAMESPACE::pg
