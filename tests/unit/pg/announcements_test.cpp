#include "pg/announcements.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace LARDER_NAMESPACE::pg {
namespace {

using texts = std::vector<std::string>;

struct unreleased : testing::Test {
    texts heard, to_say{"mine"};
    unsigned unannounced = 0;
    bool is_settled = false;
    announcements one{{.heard = [this](std::string_view text) { heard.emplace_back(text); },
                       .say = [this] { return to_say; },
                       .unannounced = [this] { return unannounced; },
                       .is_settled = [this] { return is_settled; },
                       .concerns = [](std::string_view text) { return text != "another's"; }}};

    /// A look that is due: what is deleted. `rows` are read if it asks for them.
    texts look(const std::vector<announcements::row>& rows) {
        auto gone = one.to_delete(true);
        if (!gone.empty()) one.deleted();
        reads = one.has_to_read(true);
        if (reads) one.read(rows);
        return gone;
    }
    texts say() {
        auto said = one.to_say(0);
        one.said();
        return said;
    }
    bool reads = false;
};

TEST_F(unreleased, is_heard_once_and_deleted_when_it_is_settled) {
    one.connected(true, true, 0);
    one.read({{"1", "a"}, {"2", "another's"}});
    EXPECT_EQ(heard, texts{"a"});
    EXPECT_EQ(look({{"1", "a"}, {"3", "b"}}), texts{});
    EXPECT_EQ(heard, (texts{"a", "b"}));
    is_settled = true;
    EXPECT_EQ(look({{"4", "c"}}), (texts{"1", "3"}));
    EXPECT_EQ(heard, (texts{"a", "b", "c"})) << "behind them there may be more";
    EXPECT_EQ(look({}), texts{"4"});
    EXPECT_EQ(look({}), texts{});
    EXPECT_FALSE(reads) << "there is nothing, and nobody said that there is";
}

TEST_F(unreleased, is_read_when_something_was_notified_and_without_notifications_each_time) {
    one.connected(true, true, 0);
    EXPECT_FALSE(one.has_to_read(true));
    one.notified("a");
    EXPECT_TRUE(heard.empty()) << "the table says it";
    EXPECT_TRUE(one.has_to_read(false));
    EXPECT_FALSE(one.has_to_read(false));
    one.connected(true, false, 0);
    EXPECT_TRUE(one.has_to_read(true));
    EXPECT_FALSE(one.has_to_read(false));
}

TEST_F(unreleased, is_said_when_no_commit_could_and_again_by_a_new_connection) {
    one.connected(true, true, 0);
    EXPECT_EQ(say(), to_say) << "a connection that was lost may not have";
    EXPECT_EQ(say(), texts{});
    ++unannounced;
    EXPECT_EQ(say(), to_say);
    EXPECT_EQ(say(), texts{});
    EXPECT_EQ(one.to_say(1), to_say) << "a commit could not note it";
    EXPECT_EQ(one.to_say(1), to_say) << "it failed to be said";
    one.said();
    EXPECT_EQ(one.to_say(1), texts{});
    one.connected(true, true, 1);
    EXPECT_EQ(one.to_say(1), to_say);
}

// What is remembered while it is being said is said the next time.
TEST_F(unreleased, that_comes_meanwhile_is_said_next) {
    one.connected(true, true, 0);
    one.to_say(0);
    ++unannounced;
    one.said();
    EXPECT_EQ(one.to_say(0), to_say);
}

TEST_F(unreleased, is_what_was_notified_while_the_table_is_locked) {
    one.connected(true, true, 0);
    one.notified("a");
    EXPECT_EQ(heard, texts{});
    one.could_not_read();
    EXPECT_EQ(heard, texts{"a"});
    EXPECT_TRUE(one.has_to_read(false)) << "as soon as that can be";
    one.could_not_read();
    EXPECT_EQ(heard, texts{"a"});
    one.notified("b");
    one.read({});
    one.could_not_read();
    EXPECT_EQ(heard, texts{"a"}) << "what was read is told";
}

TEST_F(unreleased, without_a_table_is_what_is_notified_and_is_said_again_and_again) {
    one.connected(false, true, 0);
    one.notified("a");
    EXPECT_EQ(heard, texts{"a"});
    EXPECT_FALSE(one.has_to_read(true));
    EXPECT_EQ(say(), to_say);
    EXPECT_EQ(say(), to_say);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::pg
