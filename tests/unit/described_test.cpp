// The walk over described structs.

#include "larder/described.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace LARDER_NAMESPACE {
namespace {

struct person {
    std::string name;
    int age = 0;
    std::optional<std::int64_t> number;
};
BOOST_DESCRIBE_STRUCT(person, (), (name, age, number))

struct employee : person {
    std::string office;
};
BOOST_DESCRIBE_STRUCT(employee, (person), (office))

class account {
public:
    int balance = 0;

private:
    int secret_ = 0;
    BOOST_DESCRIBE_CLASS(account, (), (balance), (), (secret_))
};

struct blank {};
BOOST_DESCRIBE_STRUCT(blank, (), ())

struct undescribed {
    int a = 0;
};

template <class T>
std::vector<std::string> names() {
    std::vector<std::string> all;
    for_each_member<T>([&](auto member) { all.emplace_back(member.name); });
    return all;
}

using strings = std::vector<std::string>;

TEST(described, walks_in_declaration_order) {
    EXPECT_EQ(names<person>(), (strings{"name", "age", "number"}));
}

TEST(described, walks_what_was_inherited_first) {
    EXPECT_EQ(names<employee>(), (strings{"name", "age", "number", "office"}));
}

TEST(described, leaves_private_members_alone) { EXPECT_EQ(names<account>(), strings{"balance"}); }

TEST(described, reaches_the_members_themselves) {
    person someone{"Ada", 36, std::nullopt};
    for_each_member<person>([&](auto member) {
        if constexpr (std::same_as<decltype(member), member_of<person, int>>)
            someone.*member.pointer += 1;
    });
    EXPECT_EQ(someone.age, 37);
    EXPECT_EQ(someone.name, "Ada");
}

TEST(described, counts_members) {
    static_assert(member_count<person>() == 3);
    static_assert(member_count<employee>() == 4);
    static_assert(member_count<account>() == 1);
    static_assert(member_count<blank>() == 0);
}

TEST(described, is_only_what_was_described) {
    static_assert(described<person> && described<employee> && described<blank>);
    static_assert(!described<undescribed> && !described<int> && !described<std::string>);
    static_assert(!described<std::optional<person>> && !described<person*>);
}

TEST(described, knows_what_may_be_left_out) {
    static_assert(is_optional<std::optional<int>> && is_optional<std::optional<std::string>>);
    static_assert(!is_optional<int> && !is_optional<std::string> && !is_optional<int*>);
}

TEST(described, knows_integers_that_fit_64_bits_with_sign) {
    static_assert(integer<std::int8_t> && integer<std::uint8_t> && integer<std::int16_t>);
    static_assert(integer<std::int32_t> && integer<std::uint32_t> && integer<std::int64_t>);
    static_assert(integer<long> && integer<long long>);
    static_assert(!integer<std::uint64_t> && !integer<unsigned long long>);
    static_assert(!integer<bool> && !integer<char> && !integer<double> && !integer<std::string>);
}

}  // namespace
}  // namespace LARDER_NAMESPACE
