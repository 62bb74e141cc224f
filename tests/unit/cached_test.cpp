// The decorators, on a worker whose Valkey was never reached: what they ask, log, remember and
// throw. With a Valkey: tests/integration/contract_cache_test.cpp.

#include "larder/cached.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "larder/http/error.hpp"
#include "unit/captured_log.hpp"
#include "unit/offline_worker.hpp"

namespace LARDER_NAMESPACE {
namespace {

using strings = std::vector<std::string>;

struct count_query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(count_query, (), (customerid))

struct count_reply {
    std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(count_reply, (), (count))

struct new_order {
    std::int32_t customerid = 0;
};
BOOST_DESCRIBE_STRUCT(new_order, (), (customerid))

struct add_reply {
    std::string said;
};
BOOST_DESCRIBE_STRUCT(add_reply, (), (said))

constexpr cache::key num_orders{"num_orders", cache::depends_on{"orders", "customerid"}};
constexpr auto read_key = num_orders(&count_query::customerid);
constexpr auto write_key = num_orders(&new_order::customerid);

// Handlers that do what the test says. A handler may be a function or a type that names its input
// and reply.
struct reading {
    using input = count_query;
    using reply = count_reply;
    std::function<std::int64_t(count_query)> load;

    awaitable<count_reply> operator()(services&, count_query in) const {
        co_return count_reply{load(in)};
    }
};

struct writing {
    using input = new_order;
    using reply = add_reply;
    std::function<void()> then;
    bool has_written = false;  // before

    awaitable<add_reply> operator()(services& at, new_order) const {
        if (has_written) at.db.mark_written();
        then();
        co_return add_reply{"written"};
    }
};

// ---- cached ----

TEST(cached, asks_the_source_when_there_is_no_cache) {
    test::offline_worker w;
    int loads = 0;
    const auto handler = reading{[&](count_query in) {
                             ++loads;
                             return in.customerid.value_or(12000);
                         }} |
                         cached(read_key);
    EXPECT_EQ(w.call(handler, {}).count, 12000);
    EXPECT_EQ(w.call(handler, {42}).count, 42);
    EXPECT_EQ(loads, 2);
}

TEST(cached, says_which_key_it_looks_for) {
    test::offline_worker w;
    const test::captured_log log;
    const auto handler = reading{[](count_query) { return 7; }} | cached(read_key);
    w.call(handler, {});
    w.call(handler, {9999});
    EXPECT_EQ(log.lines(), (strings{"debug: Checking cache key num_orders:all",
                                    "debug: Checking cache key num_orders:9999"}));
}

TEST(cached, looks_before_it_loads) {
    test::offline_worker w;
    const test::captured_log log;
    strings seen_by_load;
    w.call(reading{[&](count_query) {
               seen_by_load = log.lines();
               return 7;
           }} | cached(read_key),
           {});
    EXPECT_EQ(seen_by_load, strings{"debug: Checking cache key num_orders:all"});
}

TEST(cached, passes_on_what_the_handler_throws_and_fills_nothing) {
    test::offline_worker w;
    const test::captured_log log;
    const auto handler = reading{[](count_query) -> std::int64_t {
                             throw pg::error(pg::failure::unavailable, "");
                         }} |
                         cached(read_key);
    EXPECT_THROW(w.call(handler, {}), pg::error);
    EXPECT_EQ(log.lines(), strings{"debug: Checking cache key num_orders:all"});
}

TEST(cached, is_a_handler_of_the_same_input_and_reply) {
    using handler_type = decltype(std::declval<reading>() | cached(read_key));
    static_assert(handler<handler_type>);
    static_assert(std::same_as<input_of<handler_type>, count_query>);
    static_assert(std::same_as<reply_of<handler_type>, count_reply>);
    static_assert(!invalidating<handler_type>);
}

TEST(cached, tells_clients_what_its_key_lets_be_stale_if_the_route_says_so) {
    using std::chrono::seconds;
    constexpr auto lasting =
        num_orders.with({.stale_while_revalidate = seconds{30}, .stale_if_error = seconds{60}});
    const auto told = [&](http::client_policy route) {
        const auto handler = reading{} | cached(lasting(&count_query::customerid), route);
        return http::cache_control(handler.policy());
    };
    EXPECT_EQ(told({}), "no-cache");
    EXPECT_EQ(told({.tells_of_stale = true}),
              "max-age=0, stale-while-revalidate=30, stale-if-error=60");
    EXPECT_EQ(told({.max_age = seconds{5}, .stale_if_error = seconds{7}, .tells_of_stale = true}),
              "max-age=5, stale-while-revalidate=30, stale-if-error=7");
}

// ---- invalidates ----

const strings both{"num_orders:42", "num_orders:all"};

TEST(invalidates, answers_what_the_handler_answers) {
    test::offline_worker w;
    const auto handler = writing{[] {}} | invalidates(write_key);
    EXPECT_EQ(w.call(handler, {42}).said, "written");
}

// Deleted before the commit, an entry is filled again with the old value.
TEST(invalidates, follows_the_write) {
    test::offline_worker w;
    strings before{"not written"};
    w.call(writing{[&] { before = w.invalidated(); }} | invalidates(write_key), {42});
    EXPECT_EQ(before, strings{});
    EXPECT_EQ(w.invalidated(), both);
}

TEST(invalidates, remembers_what_it_could_not_tell_the_cache) {
    test::offline_worker w;
    const auto handler = writing{[] {}} | invalidates(write_key);
    w.call(handler, {42});
    EXPECT_EQ(w.invalidated(), both);
    w.call(handler, {7});
    EXPECT_EQ(w.invalidated(), (strings{"num_orders:42", "num_orders:7", "num_orders:all"}));
}

TEST(invalidates, logs_the_tutorials_line) {
    test::offline_worker w;
    const test::captured_log log;
    w.call(writing{[] {}} | invalidates(write_key), {42});
    EXPECT_EQ(log.lines(),
              (strings{"debug: Clearing caches for num_orders:all and num_orders:42",
                       "debug: The other instances are told later of a write: all connections are "
                       "in use"}));
}

TEST(invalidates, touches_nothing_when_it_declares_nothing) {
    test::offline_worker w;
    const test::captured_log log;
    EXPECT_EQ(w.call(writing{[] {}} | invalidates(nothing), {42}).said, "written");
    EXPECT_EQ(w.invalidated(), strings{});
    EXPECT_EQ(log.lines(), strings{});
}

// A handler that ends with this.
template <class Error>
auto failing_write(const Error& e, bool has_written = false) {
    return writing{[e] { throw e; }, has_written} | invalidates(write_key);
}

TEST(invalidates, touches_nothing_when_nothing_was_written) {
    test::offline_worker w;
    for (const auto kind : {pg::failure::unavailable, pg::failure::rejected})
        EXPECT_THROW(w.call(failing_write(pg::error{kind, "no", "23503"}), {42}), pg::error);
    EXPECT_THROW(w.call(failing_write(http::invalid_input{{}}), {42}), http::invalid_input);
    EXPECT_THROW(w.call(failing_write(http::error{404, ""}), {42}), http::error);
    EXPECT_EQ(w.invalidated(), strings{});
}

// The connection was lost after the statement was sent: the row may be there.
TEST(invalidates, follows_a_write_that_may_have_happened) {
    test::offline_worker w;
    const pg::error lost{pg::failure::interrupted, "lost", "57P01"};
    try {
        w.call(failing_write(lost, true), {42});
        FAIL() << "the handler's error did not come through";
    } catch (const pg::error& e) {
        EXPECT_EQ(e.kind(), pg::failure::interrupted);
        EXPECT_EQ(e.sqlstate(), "57P01");
        EXPECT_STREQ(e.what(), "lost");
    }
    EXPECT_EQ(w.invalidated(), both);
}

TEST(invalidates, follows_a_write_whatever_the_handler_threw_then) {
    const auto expect_invalidated = [](const auto& e) {
        test::offline_worker w;
        EXPECT_ANY_THROW(w.call(failing_write(e, true), {42}));
        EXPECT_EQ(w.invalidated(), both);
    };
    expect_invalidated(pg::error{pg::failure::misused, "one row was asked for"});
    expect_invalidated(pg::error{pg::failure::rejected, "the second one", "23505"});
    expect_invalidated(std::runtime_error{"after the write"});
    expect_invalidated(http::error{409, "Conflict"});
    expect_invalidated(42);
}

TEST(invalidates, is_a_handler_that_says_what_it_breaks) {
    using handler_type = decltype(std::declval<writing>() | invalidates(write_key));
    static_assert(handler<handler_type> && invalidating<handler_type>);
    static_assert(std::same_as<input_of<handler_type>, new_order>);
    static_assert(std::same_as<reply_of<handler_type>, add_reply>);
    static_assert(invalidating<decltype(std::declval<writing>() | invalidates(nothing))>);
    static_assert(!invalidating<writing> && !invalidating<reading>);
}

// ---- together ----

TEST(cached, does_not_fill_what_may_be_untrue_and_still_answers) {
    test::offline_worker w;
    w.call(writing{[] {}} | invalidates(write_key), {42});
    int loads = 0;
    const auto count = reading{[&](count_query) { return ++loads; }} | cached(read_key);
    EXPECT_EQ(w.call(count, {42}).count, 1);
    EXPECT_EQ(w.call(count, {42}).count, 2);
    EXPECT_EQ(w.invalidated(), both);
}

TEST(cached, reads_the_very_entries_that_a_write_breaks) {
    test::offline_worker w;
    w.call(writing{[] {}} | invalidates(write_key), {42});
    EXPECT_EQ(w.invalidated(), (strings{read_key.entry({42}), read_key.entry({})}));
}

}  // namespace
}  // namespace LARDER_NAMESPACE
