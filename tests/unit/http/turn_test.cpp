#include "http/turn.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace larder::http {
namespace {

namespace asio = boost::asio;

struct turn_test : testing::Test {
    asio::io_context io;
    std::vector<std::string> log;
    turn all{io, [this](const std::function<void()>& handlers) {
                 log.emplace_back("looks");
                 handlers();
             }};

    /// Something comes, whose handler says so.
    void receive(const std::string& what, std::function<void()> then = [] {}) {
        asio::post(io, [this, what, then = std::move(then)] {
            log.push_back("receives " + what);
            turn::executor{all}.execute([this, what, then] {
                log.push_back("answers " + what);
                then();
            });
        });
    }
};

TEST_F(turn_test, looks_once_when_all_of_it_has_been_received) {
    receive("a");
    receive("b");
    io.run();
    const std::vector<std::string> expected{"receives a", "receives b", "looks", "answers a",
                                            "answers b"};
    EXPECT_EQ(log, expected);
}

TEST_F(turn_test, does_not_answer_by_its_look_what_came_after_that) {
    receive("a", [this] {
        turn::executor{all}.execute([this] { log.emplace_back("answers what a had behind it"); });
        receive("b");
    });
    receive("c");
    io.run();
    const std::vector<std::string> expected{"receives a",
                                            "receives c",
                                            "looks",
                                            "answers a",
                                            "answers c",
                                            "looks",
                                            "answers what a had behind it",
                                            "receives b",
                                            "looks",
                                            "answers b"};
    EXPECT_EQ(log, expected);
}

TEST_F(turn_test, answers_at_once_what_came_if_it_is_told_to) {
    turn::executor{all}.execute([this] { log.emplace_back("answers"); });
    all.run();
    EXPECT_EQ(log, (std::vector<std::string>{"looks", "answers"}));
    io.run();
    EXPECT_EQ(log.size(), 2) << "and not twice";
}

TEST_F(turn_test, that_does_not_come_ends_its_handlers) {
    auto alive = std::make_shared<int>(0);
    const std::weak_ptr<int> seen = alive;
    {
        turn never{io, [](const std::function<void()>& handlers) { handlers(); }};
        turn::executor{never}.execute([alive = std::move(alive)] { FAIL() << *alive; });
        EXPECT_FALSE(seen.expired());
    }
    EXPECT_TRUE(seen.expired());
}

}  // namespace
}  // namespace larder::http
