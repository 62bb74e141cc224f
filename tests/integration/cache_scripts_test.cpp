// The scripts in a real Valkey and the simulation's model of them, side by side: chance makes the
// calls, and each reply has to be the same.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "cache/scripts.hpp"
#include "simulation/model_valkey.hpp"
#include "support/eventually.hpp"
#include "support/servers.hpp"
#include "support/valkey_client.hpp"

namespace larder::test {
namespace {

using cache::lease_answer;
using simulation::chance;
using simulation::model_valkey;
using simulation::msec;
using simulation::text;

// Either over at once or not before the test is: so it does not matter whose clock runs when.
constexpr msec short_time = 1, long_time = 600'000;

struct side_by_side {
    explicit side_by_side(std::uint64_t seed) : luck{seed} { real.flush(); }

    static valkey_server& server() {
        static valkey_server one;
        return one;
    }

    std::string run(std::size_t script, const std::vector<std::string>& arguments) {
        std::vector<std::string> words{"EVAL", cache::scripts().at(script), "3"};
        for (const auto& k : cache::keys_of("num_orders:1")) words.push_back(k);
        words.insert(words.end(), arguments.begin(), arguments.end());
        const std::vector<std::string_view> views{words.begin(), words.end()};
        return real.command(std::span{views}).value_or("");
    }

    void lease();
    void renew();
    void fill();
    void hold();
    void release();
    void get();
    void delete_some();
    /// After a time that is over at once, until it is over for the server too.
    void pass(msec duration) {
        if (duration != short_time) return;
        now += 2;
        const auto since = server_time();
        eventually([&] { return server_time() > since + 2; });
    }
    msec server_time() {
        return std::stoll(real.command({"EVAL",
                                        "local t = redis.call('TIME') return t[1] * 1000 + "
                                        "math.floor(t[2] / 1000)",
                                        "0"})
                              .value());
    }
    msec some_duration() { return luck.in(15) ? short_time : long_time; }
    text someone() { return luck.between(1, 3); }

    chance luck;
    model_valkey model;
    msec now = 0;
    valkey_client real{server().uri()};
};

std::string shown(const model_valkey::lease_reply& r) {
    switch (r.is) {
        case lease_answer::value: return '=' + std::to_string(r.value);
        case lease_answer::granted: return "granted";
        case lease_answer::busy: return "busy";
        default: return "held";
    }
}

void side_by_side::lease() {
    const auto token = someone(), duration = some_duration();
    std::optional<text> no_value;
    if (luck.in(20)) no_value = luck.between(0, 3);
    std::vector<std::string> arguments{std::to_string(token), std::to_string(duration)};
    if (no_value) arguments.push_back(std::to_string(*no_value));
    const auto expected = shown(model.lease(0, token, duration, no_value, now));
    EXPECT_EQ(run(cache::script::lease, arguments), expected);
    pass(duration);
}

void side_by_side::renew() {
    const auto token = someone(), duration = some_duration();
    const bool renewed = model.renew(0, token, duration, now);
    EXPECT_EQ(run(cache::script::renew, {std::to_string(token), std::to_string(duration)}),
              renewed ? "1" : "0");
    pass(duration);
}

void side_by_side::fill() {
    const auto token = someone(), value = luck.between(0, 3), ttl = some_duration();
    const bool stored = model.fill(0, token, value, ttl, now);
    EXPECT_EQ(run(cache::script::fill,
                  {std::to_string(token), std::to_string(value), std::to_string(ttl)}),
              stored ? "1" : "0");
    pass(ttl);
}

void side_by_side::hold() {
    const auto writer = someone(), duration = luck.in(50) ? short_time : long_time;
    model.hold(0, writer, duration, now);
    EXPECT_EQ(run(cache::script::hold, {std::to_string(writer), std::to_string(duration)}), "1");
    pass(duration);
}

void side_by_side::release() {
    std::vector<text> writers;
    std::vector<std::string> names;
    for (auto n = luck.between(0, 4); n > 0; --n) {
        writers.push_back(someone());
        names.push_back(std::to_string(writers.back()));
    }
    model.release(0, writers, now);
    EXPECT_EQ(run(cache::script::release, names), "1");
}

void side_by_side::get() {
    const auto value = model.get(0, 0, now).value;
    const auto found = real.get("num_orders:1");
    EXPECT_EQ(found.has_value(), value.has_value());
    if (found && value) {
        EXPECT_EQ(*found, std::to_string(*value));
    }
}

void side_by_side::delete_some() {
    const auto keys = cache::keys_of("num_orders:1");
    if (luck.in(50)) {
        model.delete_values(1);
        real.del(keys[0]);
    } else if (luck.in(50)) {
        model.delete_leases(1);
        real.del(keys[1]);
    } else {
        model.evict_holds(0);
        real.del(keys[2]);
    }
}

TEST(cache_scripts, do_what_the_simulation_takes_them_to_do) {
    constexpr std::uint64_t seeds = 100;
    for (std::uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        side_by_side both{seed};
        for (int i = 0; i < 100 && !testing::Test::HasFailure(); ++i) {
            SCOPED_TRACE("step " + std::to_string(i));
            switch (both.luck.below(11)) {
                case 0: both.hold(); break;
                case 1:
                case 2: both.release(); break;
                case 3:
                case 4:
                case 5: both.lease(); break;
                case 6:
                case 7: both.fill(); break;
                case 8: both.get(); break;
                case 9: both.renew(); break;
                default: both.delete_some(); break;
            }
        }
    }
}

// Else an entry whose lease or holds somebody overwrote would be without a cache for ever.
TEST(cache_scripts, put_right_what_is_of_a_wrong_type) {
    side_by_side one{1};
    const auto keys = cache::keys_of("num_orders:1");
    for (const auto& wrong : {keys[1], keys[2]})
        for (const auto& [what, arguments] :
             {std::pair{cache::script::lease, std::vector<std::string>{"1", "1000"}},
              {cache::script::hold, {"1", "1000"}},
              {cache::script::release, {"1"}}}) {
            one.real.flush();
            one.real.command({"HSET", wrong, "somebody's", "own"});
            one.run(what, arguments);
            one.run(cache::script::release, {"1"});
            EXPECT_EQ(one.run(cache::script::lease, {"2", "1000"}), "granted") << wrong;
        }
}

}  // namespace
}  // namespace larder::test
