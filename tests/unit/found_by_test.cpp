// Entries by a query: what it finds has the key that readers make of it.

#include "larder/found_by.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace LARDER_NAMESPACE {
namespace {

enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)

struct change {
    std::int32_t id = 0;
};
BOOST_DESCRIBE_STRUCT(change, (), (id))

constexpr cache::key family{"family", cache::depends_on{"rows", "id"}};
constexpr pg::statement query{"SELECT 1", true};

template <class Value>
std::string entry(std::string_view found) {
    const std::array<std::optional<std::string_view>, 1> row{found};
    const auto all = found_by<Value>(family, query, &change::id).entries(family, row);
    return all.empty() ? std::string{} : all.back();
}

TEST(found_by, makes_the_key_that_readers_make) {
    EXPECT_EQ(entry<std::int32_t>("7"), family.of(7));
    EXPECT_EQ(entry<std::string>("a:b"), family.of(std::string{"a:b"}));
    EXPECT_EQ(entry<bool>("t"), family.of(true));
    EXPECT_EQ(entry<color>("green"), family.of(color::green));
    EXPECT_EQ(entry<date>("2023-03-10"), "family:2023-03-10");
    EXPECT_EQ(entry<timestamp>("2023-03-10 12:00:00+00"), "family:2023-03-10T12%3A00%3A00Z");
    EXPECT_EQ(entry<uuid>("67E55044-10B1-426F-9247-BB680E5FE0C8"),
              "family:67e55044-10b1-426f-9247-bb680e5fe0c8");
}

TEST(found_by, takes_nothing_for_what_it_is_not) {
    EXPECT_EQ(entry<std::int32_t>("7.00"), "");
    EXPECT_EQ(entry<std::int32_t>("7000000000"), "");
    EXPECT_EQ(entry<bool>("true"), "");
    EXPECT_EQ(entry<date>("10.03.2023"), "");
    EXPECT_EQ(entry<color>("blue"), "");
}

constexpr cache::key both{"both", cache::depends_on{"rows", "name", "of"}};
using texts = std::vector<std::optional<std::string_view>>;

TEST(found_by, of_several_values_finds_all_entries_of_a_row) {
    constexpr auto by = found_by<std::string, color>(both, query, &change::id);
    const auto entries = [&](const texts& row) { return by.entries(both, row); };
    EXPECT_EQ(entries({"a:b", "red"}), both.broken_by(std::string{"a:b"}, color::red));
    EXPECT_EQ(entries({"a", std::nullopt}),
              (std::vector<std::string>{"both:all:all", "both:a:all"}));
    EXPECT_TRUE(entries({"a", "blue"}).empty());
    EXPECT_EQ(by.pattern(), "both:{name}:{of}");
}

TEST(found_by, takes_as_many_types_as_the_key_has_parameters) {
    EXPECT_THROW((found_by<std::string>(both, query, &change::id)), std::logic_error);
    EXPECT_THROW((found_by<int, int>(family, query, &change::id)), std::logic_error);
}

TEST(found_by, asks_with_the_member_and_says_what_it_breaks) {
    const auto by = found_by<std::int32_t>(family, query, &change::id);
    EXPECT_EQ(by.values({42}), pg::parameters(1, "42"));
    EXPECT_EQ(by.pattern(), "family:{id}");
}

}  // namespace
}  // namespace LARDER_NAMESPACE
