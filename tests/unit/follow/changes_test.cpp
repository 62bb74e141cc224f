// Which entries a transaction makes untrue, and when readers see why.

#include "follow/changes.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "unit/follow/log_text.hpp"

namespace LARDER_NAMESPACE::follow {
namespace {

using namespace log_text;
using names = std::set<std::string>;

constexpr std::uint32_t orders = 16384, shipments = 16390;

struct changed_rows : testing::Test {
    std::unique_ptr<changes> all = std::make_unique<changes>(
        followed_tables{{orders, {{"num_orders", "customerid", {}, true}}},
                        {shipments, {{"num_shipments", "customerid"}, {"late", "warehouse"}}}},
        5);

    void SetUp() override { tell(orders, 'f'); }
    void tell(std::uint32_t table, char identity, std::uint32_t type = 23, bool is_key = false) {
        const bool is_full = identity == 'f';
        ASSERT_TRUE(all->read(log_text::relation(
            table, identity, {{"id", 23, true}, {"customerid", type, is_full || is_key}})));
    }
    /// What a transaction of these messages makes untrue.
    untrue of(const std::vector<std::string>& messages) {
        EXPECT_TRUE(all->read(begin(1)));
        for (const auto& one : messages) EXPECT_TRUE(all->read(one));
        EXPECT_TRUE(all->take().empty()) << "it is not complete";
        EXPECT_TRUE(all->is_within());
        EXPECT_TRUE(all->read(commit()));
        EXPECT_FALSE(all->is_within());
        auto done = all->take();
        EXPECT_LE(done.size(), 1U);
        return done.empty() ? untrue{} : done.front().what;
    }
    void expect_keys(const std::vector<std::string>& messages, const names& keys) {
        const auto what = of(messages);
        EXPECT_EQ(what.keys, keys);
        EXPECT_EQ(what.families, names{});
    }
    void expect_families(const std::vector<std::string>& messages, const names& families) {
        const auto what = of(messages);
        EXPECT_EQ(what.keys, names{});
        EXPECT_EQ(what.families, families);
    }
};

TEST_F(changed_rows, insert_breaks_all_and_its_own) {
    expect_keys({inserted(orders, {"1", "42"})}, {"num_orders:all", "num_orders:42"});
    expect_keys({inserted(orders, {"1", "-7"})}, {"num_orders:all", "num_orders:-7"});
    expect_keys({inserted(orders, {"1", std::nullopt})}, {"num_orders:all"});
}

TEST_F(changed_rows, update_breaks_both_if_it_moves_a_row_and_else_nothing) {
    expect_keys({updated(orders, "O", {"1", "42"}, {"1", "43"})},
                {"num_orders:all", "num_orders:42", "num_orders:43"});
    expect_keys({updated(orders, "O", {"1", "42"}, {"2", "42"})}, {});
    expect_keys({updated(orders, "O", {"1", std::nullopt}, {"2", std::nullopt})}, {});
    expect_keys({updated(orders, "O", {"1", "42"}, {"1", std::nullopt})},
                {"num_orders:all", "num_orders:42"});
    expect_keys({updated(orders, "O", {"1", "42"}, {"1", unchanged})}, {});
}

TEST_F(changed_rows, delete_breaks_all_and_what_was_its_own) {
    expect_keys({deleted(orders, "O", {"1", "42"})}, {"num_orders:all", "num_orders:42"});
}

TEST_F(changed_rows, of_a_family_that_is_kept_by_generation_break_one_entry) {
    all = std::make_unique<changes>(
        followed_tables{{orders, {{.family = "pages", .is_by_generation = true}}}}, 5);
    tell(orders, 'd');
    const names one{"pages:all"};
    expect_keys({inserted(orders, {"1", "42"}), inserted(orders, {"2", "43"})}, one);
    expect_keys({updated(orders, "", {}, {"1", "42"})}, one);
    expect_keys({deleted(orders, "K", {"1", std::nullopt})}, one);
    expect_keys({log_text::truncated({orders})}, one);
}

TEST_F(changed_rows, what_is_not_told_of_the_row_breaks_the_family) {
    tell(orders, 'd');
    expect_families({deleted(orders, "K", {"1", std::nullopt})}, {"num_orders"});
    expect_families({updated(orders, "", {}, {"1", "42"})}, {"num_orders"});
    expect_families({updated(orders, "K", {"1", std::nullopt}, {"2", "42"})}, {"num_orders"});
    expect_keys({inserted(orders, {"1", "42"})}, {"num_orders:all", "num_orders:42"});
    tell(orders, 'f');
    expect_families({inserted(orders, {"1", unchanged})}, {"num_orders"});
    expect_families({inserted(orders, {"1"})}, {"num_orders"});
    expect_families({deleted(orders, "O", {"1"})}, {"num_orders"});
}

TEST_F(changed_rows, a_key_with_the_column_is_enough) {
    tell(orders, 'i', 23, true);
    expect_keys({deleted(orders, "K", {std::nullopt, "42"})}, {"num_orders:all", "num_orders:42"});
    expect_keys({updated(orders, "", {}, {"1", "42"})}, {});
    expect_keys({updated(orders, "K", {std::nullopt, "41"}, {"1", "42"})},
                {"num_orders:all", "num_orders:41", "num_orders:42"});
}

TEST_F(changed_rows, of_a_text_or_a_uuid_break_the_key_that_readers_make_of_it) {
    constexpr std::uint32_t text = 25, varchar = 1043, uuid = 2950;
    for (const auto type : {text, varchar, uuid}) {
        tell(orders, 'f', type);
        expect_keys({inserted(orders, {"1", "a:b"})}, {"num_orders:all", "num_orders:a%3Ab"});
        expect_keys({inserted(orders, {"1", "all"})}, {"num_orders:all", "num_orders:%61ll"});
    }
}

TEST_F(changed_rows, what_has_more_than_one_spelling_breaks_the_family) {
    tell(orders, 'f', 1700);  // numeric: 42 and 42.0
    expect_families({inserted(orders, {"1", "42"})}, {"num_orders"});
    // Keys have `true` and not `t`, and a day and a time do not depend on who asks.
    constexpr std::uint32_t boolean = 16, date = 1082, timestamp = 1114, timestamptz = 1184;
    for (const auto& [type, value] : {std::pair{boolean, "t"},
                                      {date, "2026-11-30"},
                                      {timestamp, "2026-11-30 12:00:00"},
                                      {timestamptz, "2026-11-30 12:00:00+01"}}) {
        tell(orders, 'f', type);
        expect_families({inserted(orders, {"1", value})}, {"num_orders"});
        expect_families({updated(orders, "O", {"1", value}, {"1", std::nullopt})}, {"num_orders"});
        expect_families({deleted(orders, "O", {"1", value})}, {"num_orders"});
    }
    constexpr std::uint32_t enumeration = 16'500;  // a type that the database has made
    tell(orders, 'f', enumeration);
    expect_families({inserted(orders, {"1", "hardcover"})}, {"num_orders"});
    ASSERT_TRUE(all->read(log_text::relation(orders, 'f', {{"id", 23, true}})));
    expect_families({inserted(orders, {"1"})}, {"num_orders"});
}

TEST_F(changed_rows, truncate_breaks_the_families_of_each_table) {
    expect_families({log_text::truncated({orders, shipments, 99})},
                    {"num_orders", "num_shipments", "late"});
    expect_families({inserted(orders, {"1", "42"}), log_text::truncated({orders}),
                     inserted(orders, {"1", "43"})},
                    {"num_orders"});
}

TEST_F(changed_rows, many_keys_are_the_families) {
    std::vector<std::string> messages;
    for (int i = 0; i < 5; ++i) messages.push_back(inserted(orders, {"1", std::to_string(i)}));
    const auto what = of(messages);
    EXPECT_EQ(what.keys, names{});
    EXPECT_TRUE(what.families.contains("num_orders"));
}

TEST_F(changed_rows, another_table_breaks_nothing) {
    expect_keys({inserted(99, {"1", "42"}), deleted(99, "O", {"1", "2"})}, {});
}

TEST_F(changed_rows, a_stream_that_cannot_be_is_of_no_use) {
    EXPECT_FALSE(all->read(commit()));
    EXPECT_FALSE(all->read(inserted(orders, {"1", "42"}))) << "outside a transaction";
    EXPECT_TRUE(all->read(begin(1)));
    EXPECT_FALSE(all->read(begin(2)));
    EXPECT_FALSE(all->read(inserted(shipments, {"1", "42"}))) << "its columns were not told";
    EXPECT_FALSE(all->read("nonsense"));
}

// ---- two columns ----

constexpr std::uint32_t books = 16400;

struct rows_of_two : changed_rows {
    void SetUp() override {
        all = std::make_unique<changes>(followed_tables{
            {books, {{"books", "author", {"year"}}, {"by_year", "year", {}, true}}}});
        tell_of_books('f');
    }
    void tell_of_books(char identity, std::uint32_t type = 23, bool is_key = false) {
        const bool is_full = identity == 'f';
        ASSERT_TRUE(all->read(log_text::relation(
            books, identity,
            {{"id", 23, true}, {"author", 25, is_full || is_key}, {"year", type, is_full}})));
    }
};

TEST_F(rows_of_two, insert_breaks_its_own_and_those_over_more_rows) {
    expect_keys({inserted(books, {"1", "Austen", "1815"})},
                {"books:all:all", "books:Austen:all", "books:all:1815", "books:Austen:1815",
                 "by_year:all", "by_year:1815"});
    expect_keys({inserted(books, {"1", "a:all", "-1"})},
                {"books:all:all", "books:a%3Aall:all", "books:all:-1", "books:a%3Aall:-1",
                 "by_year:all", "by_year:-1"});
}

TEST_F(rows_of_two, with_null_break_those_without_the_value) {
    expect_keys({inserted(books, {"1", "Austen", std::nullopt})},
                {"books:all:all", "books:Austen:all", "by_year:all"});
    expect_keys({deleted(books, "O", {"1", std::nullopt, std::nullopt})},
                {"books:all:all", "by_year:all"});
}

TEST_F(rows_of_two, update_of_one_column_breaks_what_the_row_was_in_and_is_in) {
    expect_keys({updated(books, "O", {"1", "Austen", "1815"}, {"1", "Bronte", "1815"})},
                {"books:all:all", "books:all:1815", "books:Austen:all", "books:Austen:1815",
                 "books:Bronte:all", "books:Bronte:1815"});
    expect_keys({updated(books, "O", {"1", "Austen", "1815"}, {"1", "Austen", std::nullopt})},
                {"books:all:all", "books:all:1815", "books:Austen:all", "books:Austen:1815",
                 "by_year:all", "by_year:1815"});
}

// It may be a list of titles.
TEST_F(rows_of_two, update_of_another_column_breaks_what_the_row_is_in_if_that_is_not_a_count) {
    const names own{"books:all:all", "books:all:1815", "books:Austen:all", "books:Austen:1815"};
    expect_keys({updated(books, "O", {"1", "Austen", "1815"}, {"2", "Austen", "1815"})}, own);
    expect_keys({updated(books, "O", {"1", "Austen", "1815"}, {"2", unchanged, "1815"})}, own);
    expect_keys({updated(books, "O", {"1", std::nullopt, "1815"}, {"2", std::nullopt, "1815"})},
                {"books:all:all", "books:all:1815"});
}

TEST_F(rows_of_two, update_that_leaves_the_identity_alone_breaks_what_the_row_is_in) {
    all = std::make_unique<changes>(
        followed_tables{{books, {{"by_id", "id"}, {"by_both", "id", {"author"}}}}});
    tell_of_books('i', 23, true);
    expect_keys({updated(books, "", {}, {"7", "Austen", "1815"})},
                {"by_id:all", "by_id:7", "by_both:all:all", "by_both:7:all", "by_both:all:Austen",
                 "by_both:7:Austen"});
    const auto what = of({updated(books, "", {}, {"7", unchanged, "1815"})});
    EXPECT_EQ(what.keys, (names{"by_id:all", "by_id:7"}));
    EXPECT_EQ(what.families, names{"by_both"}) << "the log does not tell the author";
}

TEST_F(rows_of_two, delete_breaks_what_the_row_was_in) {
    expect_keys({deleted(books, "O", {"1", "Austen", "1815"})},
                {"books:all:all", "books:Austen:all", "books:all:1815", "books:Austen:1815",
                 "by_year:all", "by_year:1815"});
}

TEST_F(rows_of_two, of_which_not_both_are_told_break_the_family) {
    tell_of_books('i', 23, true);
    expect_families({deleted(books, "K", {std::nullopt, "Austen", std::nullopt})},
                    {"books", "by_year"});
    expect_families({updated(books, "", {}, {"1", "Austen", "1815"})}, {"books", "by_year"});
    expect_families({inserted(books, {"1", "Austen", unchanged})}, {"books", "by_year"});
    expect_families({inserted(books, {"1", "Austen"})}, {"books", "by_year"});
    tell_of_books('f', 1082);  // a date
    expect_families({inserted(books, {"1", "Austen", "1815-12-23"})}, {"books", "by_year"});
    ASSERT_TRUE(all->read(log_text::relation(books, 'f', {{"id", 23, true}, {"year", 23, true}})));
    const auto what = of({inserted(books, {"1", "1815"})});
    EXPECT_EQ(what.families, names{"books"});
    EXPECT_EQ(what.keys, (names{"by_year:all", "by_year:1815"}));
}

TEST_F(rows_of_two, of_a_table_that_knows_one_of_them_break_the_family) {
    all = std::make_unique<changes>(followed_tables{{books, {{"books", ""}}}});
    tell_of_books('f');
    expect_families({updated(books, "O", {"1", "a", "1"}, {"1", "a", "2"})}, {"books"});
}

TEST_F(rows_of_two, break_no_key_of_a_family_that_is_untrue) {
    expect_families({inserted(books, {"1", "Austen", "1815"}), log_text::truncated({books}),
                     inserted(books, {"1", "Austen", "1816"})},
                    {"books", "by_year"});
}

struct visibility : testing::Test {
    gate waiting;
    names keys_seen(const char* now) { return waiting.take(*snapshot::parse(now)).keys; }
    void add(std::uint32_t id, const char* key) {
        waiting.add({.id = id, .what = {.keys = {key}, .families = {}}});
    }
};

TEST_F(visibility, is_waited_for) {
    add(735, "a");
    EXPECT_EQ(keys_seen("735:740:735"), names{}) << "it is in the log, and still running";
    EXPECT_EQ(keys_seen("736:740:738"), names{"a"});
    EXPECT_TRUE(waiting.is_empty());
}

TEST_F(visibility, may_come_in_another_order_than_the_log) {
    add(735, "a");
    add(736, "b");
    EXPECT_EQ(keys_seen("735:740:735"), names{"b"});
    EXPECT_EQ(keys_seen("740:740:"), names{"a"});
}

TEST_F(visibility, of_what_ran_when_a_slot_was_made_breaks_everything) {
    waiting.add_all(*snapshot::parse("735:740:735,738"), {"num_orders"});
    EXPECT_EQ(waiting.take(*snapshot::parse("735:740:735,738")).families, names{"num_orders"});
    EXPECT_TRUE(waiting.take(*snapshot::parse("735:741:735,738")).is_empty());
    EXPECT_EQ(waiting.take(*snapshot::parse("735:741:735")).families, names{"num_orders"});
    EXPECT_EQ(waiting.size(), 1U);
    EXPECT_EQ(waiting.take(*snapshot::parse("741:741:")).families, names{"num_orders"});
    EXPECT_TRUE(waiting.is_empty());
    EXPECT_EQ(waiting.size(), 0U);
}

// The log has 32 bits of a transaction's name, and the cache is told all of it.
TEST_F(visibility, tells_which_transactions_made_a_key_untrue) {
    add(735, "a");
    add(736, "a");
    add(737, "b");
    const auto seen = waiting.take(*snapshot::parse("4294968034:4294968040:4294968034"));
    const auto all = seen.changed_keys();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].key, "a");
    EXPECT_EQ(all[0].transactions, (std::vector<std::string>{"4294968031", "4294968032"}));
    EXPECT_EQ(all[1].transactions, (std::vector<std::string>{"4294968033"}));
}

TEST(untrue_keys, are_of_unknown_transactions_if_one_is_unknown) {
    const untrue known{.keys = {"a"}, .made_by = {{"a", {7}}}}, unknown{.keys = {"a"}};
    for (const auto& [first, second] : {std::pair{known, unknown}, {unknown, known}}) {
        auto both = first;
        both.add(second);
        EXPECT_TRUE(both.changed_keys().front().transactions.empty());
    }
    auto twice = known;
    twice.add({.keys = {"a"}, .made_by = {{"a", {8}}}});
    EXPECT_EQ(twice.changed_keys().front().transactions, (std::vector<std::string>{"7", "8"}));
}

TEST_F(visibility, keeps_count_of_what_waits) {
    add(735, "a");
    waiting.add({.id = 736, .what = {.keys = {"b", "c", "d"}, .families = {}}});
    EXPECT_EQ(waiting.size(), 6U);
    keys_seen("736:740:736");
    EXPECT_EQ(waiting.size(), 4U);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::follow
