// How operators name entries, and what a key in Valkey is.

#include "admin/cache_names.hpp"

#include <gtest/gtest.h>
#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace larder::admin {
namespace {

using cache::depends_on;
using kind = cache_names::kind;

const std::vector<cache::key> families{
    cache::key{"num_orders", depends_on{"orders", "customerid"}},
    cache::key{"num_orders", depends_on{"orders", "customerid"}},
    cache::key{"editions", depends_on{"books", "title", "bound"}},
    cache::key{"pages", depends_on{"books"}}.with_parameters(2)};

std::string why_not(const std::string& key) {
    try {
        (void)cache_names(families, "shop").entry(key);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

TEST(cache_names, have_the_prefix_before_an_operators_key) {
    const cache_names all{families, "shop"};
    EXPECT_EQ(all.entry("num_orders:7").kept_as, "shop:num_orders:7");
    EXPECT_EQ(all.entry("editions:Emma:all").family->family(), "editions");
    EXPECT_EQ(cache_names(families, "").entry("num_orders:7").kept_as, "num_orders:7");
    EXPECT_EQ(all.full_names(),
              (std::vector<std::string>{"shop:num_orders", "shop:editions", "shop:pages"}));
}

TEST(cache_names, refuse_a_key_that_no_family_has) {
    EXPECT_EQ(why_not("books:7"),
              "'books:7' is no key of a family; there are: num_orders, editions, pages");
    EXPECT_EQ(why_not("num_orders"),
              "'num_orders' is no key of a family; there are: num_orders, editions, pages");
    EXPECT_EQ(why_not("editions:Emma"),
              "'editions:Emma' is no key of editions, whose entries are like editions:all:all, "
              "with values for 'all' as the log spells them");
    EXPECT_THROW((void)cache_names(families, "").family("books"), std::invalid_argument);
}

struct about {
    std::int32_t number = 0;
    std::optional<std::string> title;
    bool is_bound = false;
    date since{};
};
BOOST_DESCRIBE_STRUCT(about, (), (number, title, is_bound, since))

// Each can stand in no reader's key, so that nothing would be found under it, or made untrue.
TEST(cache_names, refuse_values_that_no_reader_has) {
    constexpr auto all = cache::key{"all", depends_on{"books"}}.with_parameters(4);
    constexpr auto bound = all(&about::number, &about::title, &about::is_bound, &about::since);
    const cache_names names{{bound.whole()}, ""};
    for (const auto* one : {"all:7:Emma:true:2023-03-10", "all:-7:%61ll:false:0001-01-01",
                            "all:all:all:all:all", "all:0::all:all"})
        EXPECT_EQ(names.entry(one).key, one);
    for (const auto* one :
         {"all:07:all:all:all", "all:+7:all:all:all", "all::all:all:all", "all:%37:all:all:all",
          "all:abc:all:all:all", "all:*:all:all:all", "all:7\n:all:all:all", "all:-0:all:all:all",
          "all:2147483648:all:all:all", "all:7:*:all:all", "all:7:%41:all:all", "all:7:%zz:all:all",
          "all:7:~1:all:all", "all:7:all:1:all", "all:7:all:all:2023-3-10",
          "all:7:all:all:2023-02-30"})
        EXPECT_THROW((void)names.entry(one), std::invalid_argument) << one;
    EXPECT_EQ(why_not("num_orders:\x1b]0"),
              "'num_orders:\\u001b]0' is no key of num_orders, whose entries are like "
              "num_orders:all, with values for 'all' as the log spells them");
    EXPECT_EQ(why_not("num_orders:*").substr(0, 14), "'num_orders:*'");
}

TEST(cache_names, tell_what_a_key_in_valkey_is) {
    const cache_names all{families, "shop"};
    const auto is = [&](std::string_view key) {
        const auto found = all.find(key);
        return found ? std::optional{found->is} : std::nullopt;
    };
    EXPECT_EQ(is("shop:num_orders:7"), kind::entry);
    EXPECT_EQ(is("{shop:num_orders:7}:lease"), kind::lease);
    EXPECT_EQ(is("{shop:num_orders:7}:hold"), kind::hold);
    EXPECT_EQ(is("shop:pages:all"), kind::generation);
    EXPECT_EQ(is("{shop:pages:all}:hold"), kind::hold);
    EXPECT_EQ(all.find("shop:pages:a-1:2:all")->generation, "a-1");
    for (const auto* other :
         {"num_orders:7", "shop:num_orders:7:8", "shop:pages:2:all", "{shop:num_orders:7}",
          "shop:", "", "{larder:trusted:shop:pages}:lock"})
        EXPECT_EQ(is(other), std::nullopt) << other;
}

}  // namespace
}  // namespace larder::admin
