#include "follow/pgoutput.hpp"

#include <gtest/gtest.h>

#include "unit/follow/log_text.hpp"

namespace LARDER_NAMESPACE::follow {
namespace {

using namespace log_text;

std::vector<std::string> one_of_each() {
    return {begin(77),
            commit(),
            log_text::relation(16384, 'f', {{"orderid", 23, true}, {"customerid", 23, true}}),
            inserted(16384, {"1", std::nullopt, unchanged}),
            updated(16384, "", {}, {"1", "2"}),
            updated(16384, "K", {"1", std::nullopt}, {"1", "2"}),
            updated(16384, "O", {"1", "2"}, {"1", "3"}),
            deleted(16384, "O", {"1", "2"}),
            log_text::truncated({16384, 16385}),
            'O' + number(1, 8) + std::string("origin\0", 7),
            'M' + number(0, 1) + number(1, 8) + std::string("prefix\0", 7) + number(2, 4) + "ab"};
}

TEST(pgoutput_messages, are_read) {
    pgoutput reader;
    EXPECT_EQ(std::get<begun>(*reader.read(begin(77))).transaction, 77U);
    EXPECT_EQ(std::get<committed>(*reader.read(commit(0x123456789A))).end, 0x123456789AU);

    const auto table = reader.read(
        log_text::relation(16384, 'i', {{"orderid", 23, true}, {"customerid", 20, false}}));
    const auto& about = std::get<follow::relation>(*table);
    EXPECT_EQ(about.id, 16384U);
    EXPECT_EQ(about.identity, 'i');
    ASSERT_EQ(about.columns.size(), 2U);
    EXPECT_TRUE(about.columns[0].is_key);
    EXPECT_EQ(about.columns[1].name, "customerid");
    EXPECT_EQ(about.columns[1].type, 20U);

    const auto text = updated(5, "O", {"1", std::nullopt}, {unchanged, ""});
    const auto update = reader.read(text);
    const auto& row = std::get<changed_row>(*update);
    EXPECT_EQ(row.relation, 5U);
    EXPECT_EQ(row.known, changed_row::past::whole);
    ASSERT_EQ(row.before.size(), 2U);
    EXPECT_EQ(row.before[0].text, "1");
    EXPECT_EQ(row.before[1].is, field::kind::null);
    EXPECT_EQ(row.after[0].is, field::kind::unchanged);
    EXPECT_EQ(row.after[1].is, field::kind::text);
    EXPECT_EQ(row.after[1].text, "");

    const auto gone = log_text::truncated({7, 8});
    EXPECT_EQ(std::get<follow::truncated>(*reader.read(gone)).relations,
              (std::vector<std::uint32_t>{7, 8}));
}

TEST(pgoutput_messages, may_have_no_columns_or_as_many_as_a_table_may) {
    pgoutput reader;
    const values many(1600, "1");
    const auto most = inserted(5, many);
    EXPECT_EQ(std::get<changed_row>(*reader.read(most)).after.size(), 1600U);
    EXPECT_EQ(std::get<changed_row>(*reader.read(inserted(5, {}))).after.size(), 0U);
}

TEST(pgoutput_messages, that_are_cut_or_longer_are_none) {
    for (const auto& whole : one_of_each()) {
        pgoutput reader;
        EXPECT_TRUE(reader.read(whole)) << whole[0];
        const bool has_an_end = whole[0] != 'O' && whole[0] != 'M';
        for (std::size_t size = 0; size < whole.size() && has_an_end; ++size)
            EXPECT_FALSE(reader.read(whole.substr(0, size))) << whole[0] << " at " << size;
        EXPECT_EQ(reader.read(whole + 'x').has_value(), !has_an_end) << whole[0];
    }
}

TEST(pgoutput_messages, whose_lengths_lie_take_no_memory) {
    pgoutput reader;
    EXPECT_FALSE(reader.read('I' + number(5, 4) + 'N' + number(1, 2) + 't' +
                             number(1'000'000'000, 4) + "abc"));
    EXPECT_FALSE(reader.read('T' + number(0xFFFFFFFF, 4) + number(0, 1) + number(7, 4)));
    EXPECT_FALSE(reader.read('I' + number(5, 4) + 'N' + number(0xFFFF, 2)));
}

TEST(pgoutput_messages, of_kinds_that_cannot_be_are_none) {
    pgoutput reader;
    EXPECT_FALSE(reader.read("S"));
    EXPECT_FALSE(reader.read('D' + number(5, 4) + 'N' + row({"1"}))) << "deleted has no new row";
    EXPECT_FALSE(reader.read('I' + number(5, 4) + 'O' + row({"1"}) + 'N' + row({"1"})));
    EXPECT_FALSE(reader.read('I' + number(5, 4) + 'N' + number(1, 2) + 'b' + number(1, 4) + "1"));
}

TEST(frames, are_read) {
    const auto header = number(1, 8) + number(2, 8) + number(3, 8);
    EXPECT_EQ(std::get<log_data>(*read_frame('w' + header + "B...")).message, "B...");
    const auto alive = read_frame('k' + number(0x55, 8) + number(3, 8) + number(1, 1));
    EXPECT_EQ(std::get<keepalive>(*alive).sent, 0x55U);
    EXPECT_TRUE(std::get<keepalive>(*alive).wants_answer);
    EXPECT_FALSE(read_frame(""));
    EXPECT_FALSE(read_frame("x"));
    EXPECT_FALSE(read_frame('w' + header.substr(1)));
    EXPECT_FALSE(read_frame('k' + number(0x55, 8) + number(3, 8)));
}

TEST(frames, that_tell_what_is_done_have_34_bytes) {
    EXPECT_EQ(status_update(0x0102, -1), 'r' + number(0x0102, 8) + number(0x0102, 8) +
                                             number(0x0102, 8) + std::string(8, '\xFF') + '\1');
}

}  // namespace
}  // namespace LARDER_NAMESPACE::follow
