#include "follow/declared.hpp"

#include <gtest/gtest.h>

namespace larder::follow {
namespace {

TEST(declared_by, is_another_text_for_other_tables_or_columns) {
    constexpr cache::depends_on by_customer{"orders", "customerid"};
    const auto declared = declared_by({cache::key{"num_orders", by_customer}});
    EXPECT_EQ(declared.size(), 16U);
    constexpr cache::key sums{"sums", cache::depends_on{"orders"}};
    EXPECT_EQ(declared_by({cache::key{"num_orders", by_customer}, sums}),
              declared_by({sums, cache::key{"num_orders", by_customer}, sums}));
    for (const auto& other :
         {cache::key{"num_orders", cache::depends_on{"orders"}},
          cache::key{"num_orders", cache::depends_on{"orders", "id"}},
          cache::key{"num_orders", cache::depends_on{"older", "customerid"}},
          cache::key{"num_orders", by_customer.only_counted()},
          cache::key{"num_orders", by_customer}.with_parameters(2),
          cache::key{"num_orders", by_customer, cache::depends_on{"customers"}}, sums})
        EXPECT_NE(declared_by({other}), declared);
}

}  // namespace
}  // namespace larder::follow
