// What the members of a resource are taken from, and what a request's preconditions say of it.
// Writing is tests/integration's.

#include "larder/preconditions.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "http/etag.hpp"
#include "larder/app.hpp"
#include "larder/http/error.hpp"

namespace larder {

// The library's templates make coroutines of these.
namespace types_of_preconditions_test {

struct which {
    std::int32_t id = 0;
    std::optional<bool> all;
};
BOOST_DESCRIBE_STRUCT(which, (), (id, all))

struct change {
    std::int32_t id = 0;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(change, (), (id, text))

struct other_change {
    std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(other_change, (), (id))

awaitable<std::optional<change>> read(services&, which w) { co_return change{w.id, ""}; }
awaitable<change> write(services&, change c) { co_return c; }

}  // namespace types_of_preconditions_test

namespace {

using namespace types_of_preconditions_test;

TEST(preconditions_on, takes_what_the_write_has_of_the_reads_input) {
    static_assert(detail::has_members_of<which, change>());
    static_assert(!detail::has_members_of<which, other_change>());
    static_assert(!detail::has_members_of<change, which>());
    const auto taken = detail::take_members<which>(change{7, "x"});
    EXPECT_EQ(taken.id, 7);
    EXPECT_EQ(taken.all, std::nullopt);
}

TEST(preconditions_on, leaves_a_handler_what_it_is) {
    using one = decltype(&write | invalidates(nothing) | preconditions_on(&read));
    static_assert(conditional<one> && invalidating<one> && !caching<one> && !guarded<one>);
    static_assert(!conditional<decltype(&write | invalidates(nothing))>);
}

struct sent_headers : http::header_fields {
    explicit sent_headers(std::map<std::string, std::string, std::less<>> all)
        : values(std::move(all)) {}
    std::string all(std::string_view name) const override {
        const auto found = values.find(name);
        return found == values.end() ? "" : found->second;
    }
    bool has(std::string_view name) const override { return values.contains(name); }
    std::map<std::string, std::string, std::less<>> values;
};

bool hold(const sent_headers& sent, const std::optional<std::string>& now) {
    http::request r;
    r.method = http::method::put;
    r.headers = &sent;
    EXPECT_TRUE(detail::has_preconditions(r));
    try {
        detail::expect_preconditions(r, now);
        return true;
    } catch (const http::error& e) {
        EXPECT_EQ(e.status(), 412U);
        return false;
    }
}

TEST(preconditions, are_about_the_body_of_a_get) {
    const std::string tag{std::string_view{http::etag_of("{}")}};
    EXPECT_TRUE(hold(sent_headers{{{"if-match", tag}}}, "{}"));
    EXPECT_FALSE(hold(sent_headers{{{"if-match", tag}}}, "{ }"));
    EXPECT_FALSE(hold(sent_headers{{{"if-match", tag}}}, std::nullopt));
    EXPECT_TRUE(hold(sent_headers{{{"if-match", "*"}}}, "{}"));
    EXPECT_FALSE(hold(sent_headers{{{"if-match", "*"}}}, std::nullopt));
    EXPECT_FALSE(hold(sent_headers{{{"if-none-match", "*"}}}, "{}"));
    EXPECT_TRUE(hold(sent_headers{{{"if-none-match", "*"}}}, std::nullopt));
    EXPECT_FALSE(hold(sent_headers{{{"if-match", ""}}}, "{}")) << "an empty list has no tag";
    const http::request none;
    EXPECT_FALSE(detail::has_preconditions(none));
}

}  // namespace
}  // namespace larder
