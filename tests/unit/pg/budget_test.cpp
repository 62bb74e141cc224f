// Which pool of a process may open a connection, and which gives one up.

#include "pg/budget.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace LARDER_NAMESPACE::pg {
namespace {

struct worker : spender {
    void may_open() override { ++told; }
    void is_asked_for_one() override { ++asked; }
    int told = 0, asked = 0;
};

struct budget_of_two_workers : testing::Test {
    budget_of_two_workers() {
        all->join(one);
        all->join(other);
    }
    std::shared_ptr<void> take(const std::shared_ptr<worker>& who, std::size_t has) {
        return all->take(who, has);
    }
    const std::shared_ptr<budget> all = std::make_shared<budget>(4);
    const std::shared_ptr<worker> one = std::make_shared<worker>();
    const std::shared_ptr<worker> other = std::make_shared<worker>();
};

TEST_F(budget_of_two_workers, lets_one_have_what_the_other_leaves) {
    std::vector<std::shared_ptr<void>> has;
    for (std::size_t i = 0; i < 4; ++i) has.push_back(take(one, i));
    EXPECT_TRUE(has.back());
    EXPECT_FALSE(take(one, 4));
    EXPECT_FALSE(all->is_wanted(4)) << "who has more than its part waits for its own";
    EXPECT_EQ(other->asked, 0);
}

TEST_F(budget_of_two_workers, asks_who_has_more_than_its_part_to_give_up_one) {
    std::vector<std::shared_ptr<void>> has;
    for (std::size_t i = 0; i < 4; ++i) has.push_back(take(one, i));
    EXPECT_FALSE(take(other, 0));
    EXPECT_FALSE(take(other, 0)) << "it waits once";
    EXPECT_EQ(one->asked, 1);
    EXPECT_EQ(other->asked, 0);
    ASSERT_TRUE(all->is_wanted(4));
    has.pop_back();
    EXPECT_EQ(other->told, 1);
    EXPECT_FALSE(take(one, 3)) << "nobody overtakes who waits";
    const auto first = take(other, 0);
    EXPECT_TRUE(first);
    EXPECT_FALSE(take(other, 1));
    EXPECT_TRUE(all->is_wanted(3));
    EXPECT_FALSE(all->is_wanted(2)) << "its part is its own";
}

TEST_F(budget_of_two_workers, serves_the_next_when_somebody_wants_none_any_more) {
    auto last = take(one, 0);
    std::vector<std::shared_ptr<void>> has{take(one, 1), take(one, 2), take(one, 3)};
    EXPECT_FALSE(take(other, 0));
    const auto third = std::make_shared<worker>();
    all->join(third);
    EXPECT_FALSE(take(third, 0));
    last.reset();
    EXPECT_EQ(other->told, 1);
    EXPECT_EQ(third->told, 0);
    all->withdraw(other.get());
    EXPECT_EQ(third->told, 1);
    EXPECT_TRUE(take(third, 0));
}

TEST_F(budget_of_two_workers, shares_what_the_server_lets_in) {
    auto has = take(one, 0);
    EXPECT_FALSE(all->has_none_beyond());
    EXPECT_FALSE(take(one, 1));
    EXPECT_FALSE(take(other, 0));
    EXPECT_TRUE(all->is_wanted(1)) << "who has none is served by who has the only one";
    has.reset();
    EXPECT_EQ(other->told, 1);
    EXPECT_TRUE(take(other, 0));
    EXPECT_TRUE(all->has_none_beyond());
}

}  // namespace
}  // namespace LARDER_NAMESPACE::pg
