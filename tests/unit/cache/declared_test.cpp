#include "cache/declared.hpp"

#include <gtest/gtest.h>

namespace larder::cache {
namespace {

TEST(declared_by, is_another_text_for_other_tables_or_columns) {
    constexpr depends_on by_customer{"orders", "customerid"};
    const auto declared = declared_by({key{"num_orders", by_customer}});
    EXPECT_EQ(declared.size(), 16U);
    constexpr key sums{"sums", depends_on{"orders"}};
    EXPECT_EQ(declared_by({key{"num_orders", by_customer}, sums}),
              declared_by({sums, key{"num_orders", by_customer}, sums}));
    for (const auto& other :
         {key{"num_orders", depends_on{"orders"}}, key{"num_orders", depends_on{"orders", "id"}},
          key{"num_orders", depends_on{"older", "customerid"}},
          key{"num_orders", by_customer.only_counted()},
          key{"num_orders", by_customer}.with_parameters(2),
          key{"num_orders", by_customer, depends_on{"customers"}}, sums})
        EXPECT_NE(declared_by({other}), declared);
}

}  // namespace
}  // namespace larder::cache
