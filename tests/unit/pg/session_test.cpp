// What a request's session knows about its statements before PostgreSQL says anything. With a
// PostgreSQL: tests/integration.

#include "larder/pg/session.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <utility>

#include "unit/offline_worker.hpp"

namespace LARDER_NAMESPACE::pg {
namespace {

constexpr statement insert{"INSERT INTO orders DEFAULT VALUES"};
constexpr statement select{"SELECT 1", true};

TEST(session, has_written_nothing_at_first) {
    test::offline_worker w;
    EXPECT_FALSE(w.next_request().db.may_have_written());
}

// The statement waits for a connection: nothing is committed before the commit is sent.
TEST(session, has_written_nothing_before_a_commit) {
    test::offline_worker w;
    auto& at = w.next_request();
    w.run(test::send(at, insert));
    EXPECT_FALSE(at.db.may_have_written());
}

TEST(session, has_written_nothing_by_reading) {
    test::offline_worker w;
    auto& at = w.next_request();
    w.run(test::send(at, select));
    EXPECT_FALSE(at.db.may_have_written());
}

TEST(session, may_be_told_of_a_write) {
    test::offline_worker w;
    auto& at = w.next_request();
    at.db.mark_written();
    EXPECT_TRUE(at.db.may_have_written());
}

TEST(session, does_not_forget_a_write_over_a_later_read) {
    test::offline_worker w;
    auto& at = w.next_request();
    at.db.mark_written();
    w.run(test::send(at, select));
    EXPECT_TRUE(at.db.may_have_written());
}

// What a session knows after a statement for which no connection was to be had.
bool may_have_written_after_failure(const statement& sql, bool wrote_before) {
    boost::asio::io_context io{1};
    pool connections{io.get_executor(),
                     {.max_connections = 0, .acquire_timeout = std::chrono::milliseconds{0}}};
    session one{connections};
    if (wrote_before) one.mark_written();
    std::exception_ptr failed;
    boost::asio::co_spawn(io, test::execute(one, sql),
                          [&](std::exception_ptr e) { failed = std::move(e); });
    io.run();
    EXPECT_TRUE(failed);
    try {
        if (failed) std::rethrow_exception(failed);
    } catch (const error& e) {
        EXPECT_EQ(e.kind(), failure::unavailable);
    }
    return one.may_have_written();
}

TEST(session, has_written_nothing_without_a_connection) {
    EXPECT_FALSE(may_have_written_after_failure(insert, false));
    EXPECT_FALSE(may_have_written_after_failure(select, false));
}

TEST(session, does_not_forget_a_write_over_a_later_failure) {
    EXPECT_TRUE(may_have_written_after_failure(insert, true));
    EXPECT_TRUE(may_have_written_after_failure(select, true));
}

}  // namespace
}  // namespace LARDER_NAMESPACE::pg
