// What whoever follows says of itself, and what becomes of what cannot be read.

#include "follow/following.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <stdexcept>
#include <string>

#include "unit/scripted_world.hpp"

namespace LARDER_NAMESPACE::follow {
namespace {

using namespace std::chrono_literals;

/// A log of one transaction a position.
struct scripted_log final : change_source {
    explicit scripted_log(waits& w) : waits_(w) {}

    static constexpr std::uint64_t all = 1'000'000;

    void commit() { ++written; }
    void commit_what_nobody_can_read() { unreadable = ++written; }

    task<tables> connect() override {
        is_interrupted = false;
        co_return tables{catalogue, {}};
    }
    task<bool> is_held(std::string) override { co_return is_anothers; }
    task<void> take(std::string) override {
        ++times_taken;
        read_up_to = written;
        co_return;
    }
    task<view> look() override { co_return view{{.xmin = seen, .xmax = seen}, written}; }
    task<tables> look_up() override { co_return tables{catalogue, {}}; }
    task<piece> read() override {
        co_await waits_.sleep(10ms);
        if (is_interrupted) throw std::runtime_error{"interrupted"};
        piece come;
        while (read_up_to < written && !is_stalled) {
            if (++read_up_to == unreadable) throw std::runtime_error{"cannot be read"};
            const auto id = static_cast<std::uint32_t>(read_up_to);
            come.complete.push_back({.id = id, .what = {.keys = more_keys}});
            come.complete.back().what.keys.insert("a:" + std::to_string(id));
        }
        come.done = read_up_to;
        co_return come;
    }
    void interrupt() override { is_interrupted = true; }

    waits& waits_;
    std::string catalogue = "orders: 1\nparts: 1\n";
    position written = 100, read_up_to = 0, unreadable = 0;
    std::uint64_t seen = all;         // readers see the transactions before it
    std::set<std::string> more_keys;  // of each transaction
    int times_taken = 0;
    bool is_interrupted = false, is_stalled = false, is_anothers = false;
};

struct follows : testing::Test {
    test::scripted_world world;
    scripted_log log{world.waiting};
    std::vector<untrue> told;
    std::optional<progress> said;
    following one{world.waiting,
                  log,
                  {"a"},
                  {.broken = [this](untrue what) { told.push_back(std::move(what)); },
                   .slot = [] { return std::string{"slot"}; },
                   .follows = [this](const progress& how) { said = how; },
                   .pause_after = [](const std::exception_ptr&) { return 0ms; }}};

    void SetUp() override {
        one.start();
        world.pass(2s);
    }
};

TEST_F(follows, and_says_since_when_and_how_late) {
    ASSERT_TRUE(said);
    EXPECT_GE(said->since, 1s);
    EXPECT_LE(said->since, 2s);
    EXPECT_LE(said->late, 10ms);
    log.is_stalled = true;
    log.commit();
    world.pass(1'200ms);
    EXPECT_GE(said->late, 400ms) << "it has not come";
    log.is_stalled = false;
    log.seen = log.written + 1;
    log.commit();
    world.pass(1'100ms);
    EXPECT_LE(said->late, 10ms) << "what nobody sees is not late";
    EXPECT_GE(said->since, 3s);
}

TEST_F(follows, and_says_why_all_is_deleted) {
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told.back().why, "an instance began to follow");
    log.catalogue = "orders: 1\nparts: 2\n";
    world.pass(1s);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told.back().why, "the catalogue says something else of the table parts");
    log.catalogue = "parts: 2\n";
    world.pass(1s);
    EXPECT_EQ(told.back().why, "the catalogue says something else of the table orders");
}

// On a server that has less than the one before, transactions have names that were there already.
TEST_F(follows, and_knows_no_transaction_by_its_name_when_it_has_just_begun) {
    log.is_anothers = true;
    log.commit_what_nobody_can_read();
    world.pass(10s);  // it stands by
    log.is_anothers = false;
    world.pass(500ms);
    log.commit();
    world.pass(500ms);
    EXPECT_EQ(told.back().keys.size(), 1U);
    EXPECT_EQ(told.back().made_by.size(), 0U);
    world.pass(2s);
    log.commit();
    world.pass(500ms);
    EXPECT_EQ(told.back().keys.size(), 1U);
    EXPECT_EQ(told.back().made_by.size(), 1U);
}

// Or a commit that waits for a standby for hours would fill the memory.
TEST_F(follows, and_has_everything_forgotten_where_too_much_waits_to_become_visible) {
    log.seen = log.written;
    for (int i = 0; i < 9'999; ++i) log.more_keys.insert("a:x" + std::to_string(i));
    for (int i = 0; i < 99; ++i) log.commit();
    world.pass(1s);
    EXPECT_EQ(log.times_taken, 1);
    EXPECT_EQ(told.size(), 1U);
    for (int i = 0; i < 2; ++i) log.commit();
    world.pass(1s);
    EXPECT_EQ(log.times_taken, 2);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told.back().families.size(), 1U);
    log.seen = log.all;
    world.pass(1s);
    EXPECT_EQ(told.size(), 2U) << "what waited is kept";
}

// The next session begins at the newest position.
TEST_F(follows, and_what_cannot_be_read_is_read_once) {
    EXPECT_EQ(log.times_taken, 1);
    log.commit_what_nobody_can_read();
    log.commit();
    world.pass(1s);
    EXPECT_EQ(log.times_taken, 2);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told.back().families.size(), 1U) << "and whatever it was, it is forgotten";
    log.commit();
    world.pass(60s);
    EXPECT_EQ(log.times_taken, 2);
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(told.back().keys.size(), 1U);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::follow
