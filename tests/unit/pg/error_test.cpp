// The one exception of larder::pg.

#include "larder/pg/error.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace LARDER_NAMESPACE::pg {
namespace {

TEST(error, says_what_happened) {
    const error e{failure::rejected, "violates a constraint", "23503", "fk_customerid"};
    EXPECT_STREQ(e.what(), "violates a constraint");
    EXPECT_EQ(e.kind(), failure::rejected);
    EXPECT_EQ(e.sqlstate(), "23503");
    EXPECT_EQ(e.constraint(), "fk_customerid");
}

TEST(error, has_no_sqlstate_where_no_server_spoke) {
    const error e{failure::unavailable, "connection refused"};
    EXPECT_EQ(e.sqlstate(), "");
    EXPECT_EQ(e.constraint(), "");
}

TEST(error, may_be_retried_when_nothing_ran) {
    EXPECT_TRUE((error{failure::unavailable, ""}.is_retryable()));
    EXPECT_TRUE((error{failure::unavailable, "", "57P03"}.is_retryable()));
}

TEST(error, may_be_retried_after_a_conflict_with_another_transaction) {
    EXPECT_TRUE((error{failure::rejected, "could not serialize access", "40001"}.is_retryable()));
    EXPECT_TRUE((error{failure::rejected, "deadlock detected", "40P01"}.is_retryable()));
}

TEST(error, must_not_be_retried_when_it_may_have_run) {
    EXPECT_FALSE((error{failure::interrupted, "connection lost"}.is_retryable()));
    EXPECT_FALSE((error{failure::interrupted, "shutting down", "57P01"}.is_retryable()));
}

TEST(error, is_not_retried_where_it_would_fail_again) {
    for (const auto* state : {"", "23503", "22008", "42P01", "57014", "40002", "40003", "40000"})
        EXPECT_FALSE((error{failure::rejected, "", state}.is_retryable())) << state;
    EXPECT_FALSE((error{failure::misused, ""}.is_retryable()));
}

TEST(error, can_be_kept_as_a_copy) {
    static_assert(std::is_nothrow_destructible_v<error> && std::is_copy_constructible_v<error>);
    const error original{failure::rejected, "sentence", "23503", "constraint"};
    error copy{failure::misused, "another"};
    copy = original;
    EXPECT_STREQ(copy.what(), "sentence");
    EXPECT_EQ(copy.kind(), failure::rejected);
    EXPECT_EQ(copy.constraint(), "constraint");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::pg
