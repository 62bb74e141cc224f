// Whose turn it is to load.

#include "cache/load_bound.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace LARDER_NAMESPACE::cache {
namespace {

struct load_bound_of_two : testing::Test {
    std::unique_ptr<load_bound::place> come(const std::string& name) {
        return std::make_unique<load_bound::place>(all, [this, name] { called += name; });
    }

    std::shared_ptr<load_bound> all = std::make_shared<load_bound>(2);
    std::string called;
};

TEST_F(load_bound_of_two, lets_two_load_at_once_and_calls_the_others_in_their_order) {
    auto a = come("a"), b = come("b");
    const auto c = come("c"), d = come("d");
    EXPECT_TRUE(a->has_turn() && b->has_turn());
    EXPECT_FALSE(c->has_turn() || d->has_turn());
    b.reset();
    EXPECT_TRUE(c->has_turn());
    EXPECT_FALSE(d->has_turn());
    a.reset();
    EXPECT_TRUE(d->has_turn());
    EXPECT_EQ(called, "cd");
}

TEST_F(load_bound_of_two, forgets_who_waits_no_longer) {
    auto a = come("a");
    const auto b = come("b");
    auto c = come("c");
    const auto d = come("d");
    c.reset();
    a.reset();
    EXPECT_TRUE(d->has_turn());
    EXPECT_EQ(called, "d");
}

TEST_F(load_bound_of_two, has_room_again_when_all_have_gone) {
    come("a");
    {
        const auto b = come("b"), c = come("c"), d = come("d");
    }
    const auto e = come("e"), f = come("f"), g = come("g");
    EXPECT_TRUE(e->has_turn() && f->has_turn());
    EXPECT_FALSE(g->has_turn());
}

}  // namespace
}  // namespace LARDER_NAMESPACE::cache
