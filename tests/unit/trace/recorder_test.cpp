#include "trace/recorder.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace larder::trace {
namespace {

TEST(recorder, takes_about_as_many_as_it_is_told) {
    recorder some{{.ratio = 0.25}}, none{{.ratio = 0}}, all{{.ratio = 1}};
    int taken = 0;
    for (int i = 0; i < 4'000; ++i) {
        EXPECT_FALSE(none.sample(""));
        EXPECT_TRUE(all.sample(""));
        if (some.sample("")) ++taken;
    }
    EXPECT_NEAR(taken, 1'000, 200);
}

TEST(recorder, gives_each_trace_an_id_of_its_own) {
    recorder all{{}};
    std::set<std::string> ids;
    for (int i = 0; i < 1'000; ++i) ids.insert(text_of(all.sample("").trace));
    EXPECT_EQ(ids.size(), 1'000);
    EXPECT_EQ(ids.begin()->size(), 32);
}

TEST(recorder, drops_and_counts_what_finds_no_room) {
    recorder of{{}};
    int many = 0;
    of.when_many_wait([&] { ++many; });
    for (std::size_t i = 0; i < recorder::most_waiting + 5; ++i)
        of.add({.name = std::to_string(i)});
    EXPECT_EQ(of.waiting(), recorder::most_waiting);
    EXPECT_EQ(of.counts().dropped, 5);
    EXPECT_EQ(many, 1);
    const auto first = of.take(3);
    ASSERT_EQ(first.size(), 3);
    EXPECT_EQ(first.back().name, "2");
    EXPECT_EQ(of.take(recorder::most_waiting).size(), recorder::most_waiting - 3);
    EXPECT_TRUE(of.take(1).empty());
}

TEST(recorder, hears_many_threads) {
    recorder of{{}};
    {
        std::vector<std::jthread> all;
        all.reserve(4);
        for (int i = 0; i < 4; ++i)
            all.emplace_back([&of] {
                for (int n = 0; n < 200; ++n) active{of.sample(""), kind::internal, "one"};
            });
    }
    EXPECT_EQ(of.waiting(), 800);
}

TEST(active_span, is_nothing_without_a_parent) {
    active one{{}, kind::internal, "nothing"};
    one.say("a", true);
    one.fail("why");
    EXPECT_FALSE(one);
    EXPECT_FALSE(one.inside());
}

TEST(active_span, is_told_once_and_knows_its_parent) {
    recorder of{{}};
    const auto root = of.sample("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    {
        active whole{root, kind::server, "whole"};
        active part{whole.inside(), kind::client, "part"};
        auto moved = std::move(part);
        active forgotten{whole.inside(), kind::client, "forgotten"};
        forgotten.forget();
    }
    const auto told = of.take(9);
    ASSERT_EQ(told.size(), 2);
    EXPECT_EQ(told[0].name, "part");
    EXPECT_EQ(told[0].parent, told[1].id);
    EXPECT_EQ(told[1].parent, 0xb7ad6b7169203331U);
    EXPECT_EQ(text_of(told[1].trace), "0af7651916cd43dd8448eb211c80319c");
}

TEST(endpoint_of_traces, is_read_from_a_url) {
    const auto text = [](std::string_view url) {
        const auto to = parse_endpoint(url);
        return to ? to->text() + to->path : "none";
    };
    EXPECT_EQ(text("http://localhost:4318"), "http://localhost:4318/");
    EXPECT_EQ(text("http://localhost:4318/a/b?c"), "http://localhost:4318/a/b?c");
    EXPECT_EQ(text("https://collector.example"), "https://collector.example:443/");
    EXPECT_EQ(text("http://collector/v1/traces"), "http://collector:80/v1/traces");
    EXPECT_EQ(text("http://[::1]:4318/x"), "http://[::1]:4318/x");
    for (const auto* wrong : {"", "localhost:4318", "ftp://a", "http://", "http://:80", "http://a:",
                              "http://a:0", "http://a:65536", "http://a:b", "http://u:p@a",
                              "http://[::1", "http://[::1]x", "http://a b", "http://a/\n"})
        EXPECT_EQ(text(wrong), "none") << wrong;
}

}  // namespace
}  // namespace larder::trace
