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

using simulation::chance;
using simulation::model_valkey;
using simulation::msec;
using strings = std::vector<std::string>;

// Either over at once or not before the test is: so it does not matter whose clock runs when.
constexpr msec short_time = 1, long_time = 600'000;

const std::string key = simulation::key_name(1);

struct side_by_side {
    explicit side_by_side(std::uint64_t seed) : luck{seed} { real.flush(); }

    static valkey_server& server() {
        static valkey_server one;
        return one;
    }

    std::string run(std::size_t script, const strings& arguments) {
        return run_on(script, cache::keys_of(key), arguments);
    }
    std::string run_on(std::size_t script, const strings& keys, const strings& arguments) {
        strings words{"EVAL", cache::scripts().at(script), std::to_string(keys.size())};
        words.insert(words.end(), keys.begin(), keys.end());
        words.insert(words.end(), arguments.begin(), arguments.end());
        const std::vector<std::string_view> views{words.begin(), words.end()};
        return real.command(std::span{views}).value_or("");
    }
    /// The same in the model; its reply has to be the real one's.
    void both(std::size_t script, const strings& keys, const strings& arguments) {
        strings words{"EVAL", cache::scripts().at(script), std::to_string(keys.size())};
        words.insert(words.end(), keys.begin(), keys.end());
        words.insert(words.end(), arguments.begin(), arguments.end());
        const auto expected = model.execute(1, words, now);
        EXPECT_EQ(run_on(script, keys, arguments), expected.text) << "script " << script;
    }
    void of_the_key(std::size_t script, const strings& arguments) {
        both(script, cache::keys_of(key), arguments);
    }
    void of_the_family(std::size_t script, const strings& arguments) {
        both(script, cache::marks_of(simulation::family), arguments);
    }

    void lease();
    void fill();
    void release();
    void forget();
    void get(const std::string& name);
    void delete_some();
    /// After a time that is over at once, until it is over for the server too.
    void pass(const std::string& duration) {
        if (duration != std::to_string(short_time)) return;
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
    std::string some_duration(int percent_short = 15) {
        return std::to_string(luck.in(percent_short) ? short_time : long_time);
    }
    std::string some_transaction() { return std::to_string(luck.between(701, 703)); }
    std::string someone() { return std::to_string(luck.between(1, 3)); }

    chance luck;
    model_valkey model{"model"};
    msec now = 0;
    valkey_client real{server().uri()};
};

void side_by_side::lease() {
    strings arguments{someone(), some_duration(), "1000"};
    if (luck.in(20)) arguments.push_back(std::to_string(luck.between(0, 3)));
    // All that is left, or nothing of it.
    if (arguments.size() > 3 && luck.in(50))
        arguments.push_back(std::to_string(luck.any_of<msec>({0, 2 * long_time})));
    if (arguments.size() > 3 && luck.in(50)) {
        arguments.resize(5);
        arguments.emplace_back(luck.in(50) ? "again" : "anew");
    }
    of_the_key(cache::script::lease, arguments);
    pass(arguments[1]);
}

void side_by_side::fill() {
    strings arguments{someone(), std::to_string(luck.between(0, 3)), some_duration()};
    if (luck.in(50)) arguments.push_back(arguments[2]);
    auto keys = cache::keys_of(key);
    keys.push_back(cache::brief_of(key));
    both(cache::script::fill, keys, arguments);
    pass(arguments[2]);
}

void side_by_side::release() {
    strings arguments{luck.in(50) ? some_transaction() : "", some_duration(50)};
    for (auto n = luck.between(0, 4); n > 0; --n) arguments.push_back(someone());
    of_the_key(cache::script::release, arguments);
    pass(arguments[1]);
}

void side_by_side::forget() {
    strings transactions;
    for (auto n = luck.between(1, 2); n > 0; --n) transactions.push_back(some_transaction());
    of_the_key(cache::script::forget, transactions);
}

void side_by_side::get(const std::string& name) {
    const auto expected = model.execute(1, {"GET", name}, now);
    EXPECT_EQ(real.get(name).value_or(""), expected.text);
    EXPECT_EQ(real.command({"GETRANGE", name, "0", "1000"}).value_or(""),
              model.execute(1, {"GETRANGE", name, "0", "1000"}, now).text);
}

void side_by_side::delete_some() {
    auto names = cache::keys_of(key);
    for (auto& one : cache::marks_of(simulation::family)) names.push_back(one);
    const auto which = static_cast<std::size_t>(luck.below(5));
    model.execute(1, {"DEL", names[which]}, now);
    real.del(names[which]);
}

TEST(cache_scripts, do_what_the_simulation_takes_them_to_do) {
    constexpr std::uint64_t seeds = 100;
    for (std::uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        side_by_side both{seed};
        for (int i = 0; i < 100 && !testing::Test::HasFailure(); ++i) {
            SCOPED_TRACE("step " + std::to_string(i));
            const auto who = both.someone(), duration = both.some_duration();
            switch (both.luck.below(18)) {
                case 0: {
                    const auto hold = both.some_duration(50);
                    both.of_the_key(cache::script::hold, {who, hold});
                    both.pass(hold);
                    break;
                }
                case 1:
                case 2: both.release(); break;
                case 3:
                case 4:
                case 5: both.lease(); break;
                case 6:
                case 7: both.fill(); break;
                case 8:
                    both.get(key);
                    both.get(cache::brief_of(key));
                    break;
                case 9:
                    both.of_the_key(cache::script::renew, {who, duration});
                    both.pass(duration);
                    break;
                case 10: both.of_the_key(cache::script::yield, {who}); break;
                case 11:
                    both.of_the_family(cache::script::lock, {who, duration});
                    both.pass(duration);
                    break;
                case 12: both.of_the_family(cache::script::mark, {who, "of " + who}); break;
                case 13: both.of_the_family(cache::script::unlock, {who}); break;
                case 14:
                case 15: both.forget(); break;
                case 16: both.get(cache::marks_of(simulation::family).front()); break;
                default: both.delete_some(); break;
            }
        }
    }
}

// Else an entry whose lease or holds somebody overwrote would be without a cache for ever.
TEST(cache_scripts, put_right_what_is_of_a_wrong_type) {
    side_by_side one{1};
    const auto keys = cache::keys_of(key);
    for (const auto& wrong : {keys[1], keys[2]})
        for (const auto& [what, arguments] :
             {std::pair{cache::script::lease, std::vector<std::string>{"1", "1000", "9"}},
              {cache::script::hold, {"1", "1000"}},
              {cache::script::release, {"701", "1000", "1"}},
              {cache::script::release, {"", "1000", "1"}},
              {cache::script::release, {"", "1000"}},
              {cache::script::forget, {"701"}}}) {
            one.real.flush();
            one.real.command({"HSET", wrong, "somebody's", "own"});
            one.run(what, arguments);
            const auto* then = what == cache::script::lease  ? "busy"
                               : what == cache::script::hold ? "held"
                                                             : "granted";
            EXPECT_EQ(one.run(cache::script::lease, {"2", "1000", "9"}), then) << wrong;
            one.run(cache::script::release, {"", "1000", "1"});
            EXPECT_EQ(one.run(cache::script::lease, {"2", "1000", "9"}), "granted") << wrong;
        }
}

}  // namespace
}  // namespace larder::test
