// Which of a server's addresses is tried, when, and for how long.

#include "valkey/supervisor.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "unit/captured_log.hpp"
#include "unit/scripted_world.hpp"

namespace LARDER_NAMESPACE::valkey {
namespace {

using namespace std::chrono_literals;

struct scripted_link final : link {
    void send(const exchange_ptr& what) override { asked = what; }
    bool has_unread() const override { return false; }
    void close() override { is_closed = true; }

    exchange_ptr asked;
    bool is_closed = false;
};

struct addresses_of_valkey : testing::Test, network, link_events, supervisor::owner {
    task<addresses> find() override { co_return addresses{.all = names}; }
    std::shared_ptr<link> open(const std::string& address, link_events&, std::string&) override {
        tried.push_back(address + '@' + std::to_string((outside.now() - began_at) / 1ms));
        auto one = std::make_shared<scripted_link>();
        links.push_back(one);
        if (const auto after = answers.find(address); after != answers.end())
            home.start(answer(one, after->second));
        return one;
    }
    task<void> answer(std::shared_ptr<scripted_link> one, std::chrono::milliseconds after) {
        co_await outside.waiting.sleep(after);
        if (one->is_closed) co_return;
        for (auto& reply : one->asked->replies) reply = {.is = reply::kind::text, .text = "OK"};
        replied(one->asked);
    }
    void cancel() override {}
    void replied(const exchange_ptr& to) override {
        to->answered = to->finished = true;
        outside.waiting.end(to->waiter);
    }
    void lost(const exchange_ptr&) override {}
    void changed(std::string_view) override {}
    void all_changed() override {}
    void ended(const std::string& why) override { all.link_ended(why); }
    void began(time_point) override { ++lives; }
    void ended() override {}

    std::vector<std::string> tried_within(std::chrono::milliseconds time) {
        all.start(home);
        outside.pass(time);
        all.stop();
        outside.pass(1s);
        return tried;
    }

    test::captured_log log;
    test::scripted_world outside;
    const time_point began_at = outside.now();
    std::vector<std::string> names{"a", "b", "c"};
    std::map<std::string, std::chrono::milliseconds> answers;  // of those that do, and after that
    std::vector<std::string> tried;
    std::vector<std::shared_ptr<scripted_link>> links;
    int lives = 0;
    client_options options;
    nursery home;
    supervisor all{outside.waiting, *this, options, {}, *this, *this};
};
using list = std::vector<std::string>;

TEST_F(addresses_of_valkey, are_left_after_a_moment_of_silence) {
    answers["c"] = 10ms;
    EXPECT_EQ(tried_within(900ms), (list{"a@0", "b@250", "c@500"}));
    EXPECT_EQ(lives, 1);
    EXPECT_TRUE(links[0]->is_closed);
}

TEST_F(addresses_of_valkey, have_their_whole_time_when_no_other_serves) {
    answers["b"] = 400ms;
    const auto whole = options.longest_silence() / 1ms;
    EXPECT_EQ(tried_within(4s),
              (list{"a@0", "b@250", "c@500", "a@750", "b@" + std::to_string(750 + whole)}));
    EXPECT_EQ(lives, 1);
}

TEST_F(addresses_of_valkey, that_are_one_are_given_the_whole_time_at_once) {
    names = {"a"};
    answers["a"] = 400ms;
    EXPECT_EQ(tried_within(900ms), (list{"a@0"}));
    EXPECT_EQ(lives, 1);
}

TEST_F(addresses_of_valkey, begin_with_the_one_that_served_last) {
    answers["b"] = 10ms;
    all.start(home);
    outside.pass(300ms);
    ASSERT_EQ(lives, 1);
    all.end("lost");
    outside.pass(500ms);
    EXPECT_EQ(lives, 2);
    EXPECT_EQ(tried.size(), 3U);
    EXPECT_TRUE(tried.back().starts_with("b@")) << tried.back();
    all.stop();
    outside.pass(1s);
}

}  // namespace
}  // namespace LARDER_NAMESPACE::valkey
