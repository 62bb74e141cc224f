// The contract's "Caching and the environment".

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct contract_cache : shared_service_test {};

/// The lines of a log that end with a text, whatever is before it (time, level).
int lines_ending_with(const std::string& log, const std::string& text) {
    int found = 0;
    std::istringstream lines{log};
    for (std::string line; std::getline(lines, line);) found += line.ends_with(text) ? 1 : 0;
    return found;
}

bool has_error_line_naming(const std::string& log, const std::string& name) {
    std::istringstream lines{log};
    for (std::string line; std::getline(lines, line);) {
        if (line.find("error") != std::string::npos && line.find(name) != std::string::npos) {
            return true;
        }
    }
    return false;
}

// ---- keys and values ----

TEST_F(contract_cache, entries_are_plain_text_under_the_tutorials_keys) {
    const auto expected = sql("SELECT count(*) FROM orders WHERE customerid = 42");
    // A worker that has just begun trusts Valkey a moment later.
    const auto is_kept = [&](const std::string& key, const std::string& value) {
        const auto target = key == "all" ? "/count" : "/count?customerid=" + key;
        return eventually([&] {
            count(port(), target);
            return valkey().get("num_orders:" + key) == value;
        });
    };
    EXPECT_TRUE(is_kept("all", "12000"));
    EXPECT_TRUE(is_kept("42", expected));
    EXPECT_TRUE(is_kept("9999", "0"));
    EXPECT_EQ(valkey().command({"TYPE", "num_orders:all"}), "string");
}

TEST_F(contract_cache, one_customer_has_one_key_however_the_number_is_written) {
    valkey().set("num_orders:42", "77");
    EXPECT_EQ(count(port(), "/count?customerid=42"), 77);
    EXPECT_EQ(count(port(), "/count?customerid=0042"), 77);
    EXPECT_EQ(count(port(), "/count?customerid=%342"), 77);
}

TEST_F(contract_cache, a_value_that_another_program_cached_is_served) {
    // As the tutorial's program does.
    valkey().command({"SET", "num_orders:all", "12345", "EX", "120"});
    valkey().command({"SET", "num_orders:9999", "3", "EX", "120"});
    EXPECT_EQ(count(port()), 12345);
    EXPECT_EQ(count(port(), "/count?customerid=9999"), 3);
}

TEST_F(contract_cache, a_value_that_another_program_cleared_is_loaded_again) {
    EXPECT_EQ(count(port()), 12000);
    sql("INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
        " VALUES ('2023-03-10', 9999, 1, 1, 2)");
    valkey().del("num_orders:all");
    EXPECT_TRUE(eventually([&] { return count(port()) == 12001; }, std::chrono::seconds{1}));
}

TEST_F(contract_cache, an_order_clears_the_count_of_all_and_of_its_customer_alone) {
    valkey().set("num_orders:all", "1");
    valkey().set("num_orders:9999", "2");
    valkey().set("num_orders:42", "3");
    add_tutorial_order(port());
    EXPECT_EQ(count(port()), 12001);
    EXPECT_EQ(count(port(), "/count?customerid=9999"), 1);
    EXPECT_EQ(count(port(), "/count?customerid=42"), 3);
    EXPECT_EQ(valkey().get("num_orders:all"), "12001");
    EXPECT_EQ(valkey().get("num_orders:9999"), "1");
}

struct contract_garbage : contract_cache,
                          testing::WithParamInterface<std::pair<const char*, std::string>> {};

TEST_P(contract_garbage, in_valkey_is_never_served) {
    valkey().set("num_orders:all", GetParam().second);
    EXPECT_EQ(count(port()), 12000);
    EXPECT_EQ(count(port()), 12000);
}

INSTANTIATE_TEST_SUITE_P(
    rows, contract_garbage,
    testing::Values(std::pair{"word", std::string{"abc"}}, std::pair{"nothing", std::string{}},
                    std::pair{"space_before", " 12"}, std::pair{"space_after", "12 "},
                    std::pair{"line_break_after", "12\n"}, std::pair{"leading_zero", "012"},
                    std::pair{"plus", "+12"}, std::pair{"two_minus", "--12"},
                    std::pair{"minus_alone", "-"}, std::pair{"minus_zero", "-0"},
                    std::pair{"negative", "-5"}, std::pair{"too_long", std::string(2000000, '1')},
                    std::pair{"exponent", "1e3"}, std::pair{"fraction", "12.0"},
                    std::pair{"hexadecimal", "0x12"}, std::pair{"number_and_more", "12,000"},
                    std::pair{"beyond_64_bits", "99999999999999999999"},
                    std::pair{"json", R"({"count":12})"}, std::pair{"null", "null"},
                    std::pair{"nul_after", std::string("12\0", 3)},
                    std::pair{"long_text", std::string(1000000, '1')}),
    [](const auto& row) { return std::string{row.param.first}; });

// Nobody would ever make it untrue, or not for long after this service.
TEST_F(contract_cache, an_entry_whose_end_no_service_like_it_set_is_replaced) {
    for (const auto* how : {"PERSIST", "EXPIRE"}) {
        valkey().command({"SET", "num_orders:all", "77", "EX", "100"});
        if (how == std::string_view{"PERSIST"}) valkey().command({how, "num_orders:all"});
        else valkey().command({how, "num_orders:all", "121"});
        EXPECT_EQ(count(port()), 12000) << how;
        EXPECT_EQ(valkey().get("num_orders:all"), "12000") << how;
        const auto left = valkey().ttl("num_orders:all");
        EXPECT_TRUE(left > 0 && left <= 120) << how << ": " << left;
    }
}

long resident_kib(pid_t process) {
    std::ifstream status{"/proc/" + std::to_string(process) + "/status"};
    for (std::string word; status >> word;)
        if (long kib = 0; word == "VmHWM:" && status >> kib) return kib;
    return -1;
}

TEST_F(contract_cache, a_value_of_200_mb_is_replaced_and_never_held) {
    auto env = servers.env();
    env["CACHE_DEADLINE_MS"] = "5000";  // Valkey is busy with it, too, and is waited for
    const service patient{env};
    const auto port = [&] { return patient.port(); };
    count(port(), "/count?customerid=42");
    const auto before = resident_kib(patient.pid());
    for (int i = 0; i < 4; ++i) {
        valkey().command({"SETRANGE", "num_orders:all", "200000000", "1"});
        valkey().command({"EXPIRE", "num_orders:all", "100"});
        EXPECT_EQ(count(port()), 12000);
        // A service that is late has not replaced it yet, and 200 MB take this client minutes.
        EXPECT_TRUE(eventually([&] {
            count(port());
            return valkey().command({"STRLEN", "num_orders:all"}) == "5";
        }));
        EXPECT_EQ(valkey().get("num_orders:all"), "12000");
        EXPECT_EQ(get(port(), "/count?customerid=42").header("cache-status").find("bypass"),
                  std::string::npos);
        valkey().del("num_orders:all");
    }
    EXPECT_LT(resident_kib(patient.pid()) - before, 20'000 * slack);
}

TEST_F(contract_cache, a_key_of_another_type_is_never_served) {
    valkey().command({"RPUSH", "num_orders:all", "1"});
    EXPECT_EQ(count(port()), 12000);
    EXPECT_EQ(count(port()), 12000);
    add_tutorial_order(port());
    EXPECT_EQ(count(port()), 12001);
}

// ---- CACHE_TIMEOUT_SECONDS ----

struct contract_timeout : store_test {
    service with_timeout(const std::string& value) {
        auto env = servers.env();
        env["CACHE_TIMEOUT_SECONDS"] = value;
        return service{env, {"--log-level", "debug"}};
    }
    /// An entry's time to live may be spread by a tenth.
    void expect_ttl_near(long seconds) {
        for (const auto* key : {"num_orders:all", "num_orders:9999"}) {
            const auto ttl = valkey().ttl(key);
            EXPECT_GE(ttl, seconds * 9 / 10 - 2L * slack) << key;
            EXPECT_LE(ttl, seconds * 11 / 10 + 1) << key;
        }
    }
    /// A machine that is busy keeps nothing now and then.
    void fill(const service& one) {
        for (const std::string key : {"all", "9999"})
            EXPECT_TRUE(eventually([&] {
                count(one.port(), key == "all" ? "/count" : "/count?customerid=" + key);
                return valkey().get("num_orders:" + key).has_value();
            })) << one.log();
    }
};

TEST_F(contract_timeout, is_120_seconds_by_default) {
    const service one{servers.env(), {"--log-level", "debug"}};
    fill(one);
    expect_ttl_near(120);
    EXPECT_EQ(lines_ending_with(one.log(), "Cache timeout is 120s"), 1) << one.log();
}

TEST_F(contract_timeout, is_what_the_environment_says) {
    const auto one = with_timeout("5000");
    fill(one);
    expect_ttl_near(5000);
    EXPECT_EQ(lines_ending_with(one.log(), "Cache timeout is 5000s"), 1) << one.log();
}

TEST_F(contract_timeout, past_it_the_truth_is_loaded_again) {
    const auto one = with_timeout("1");
    EXPECT_EQ(count(one.port()), 12000);
    EXPECT_EQ(count(one.port(), "/count?customerid=9999"), 0);
    sql("INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
        " VALUES ('2023-03-10', 9999, 1, 1, 2)");
    const auto within = std::chrono::milliseconds{1500} * slack;
    EXPECT_TRUE(eventually([&] { return count(one.port()) == 12001; }, within));
    EXPECT_TRUE(
        eventually([&] { return count(one.port(), "/count?customerid=9999") == 1; }, within));
}

struct contract_bad_timeout : contract_timeout,
                              testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(contract_bad_timeout, is_an_error_line_and_the_default_is_used) {
    const auto one = with_timeout(GetParam().second);
    fill(one);
    expect_ttl_near(120);
    EXPECT_TRUE(has_error_line_naming(one.log(), "CACHE_TIMEOUT_SECONDS")) << one.log();
    EXPECT_EQ(lines_ending_with(one.log(), "Cache timeout is 120s"), 1) << one.log();
}

INSTANTIATE_TEST_SUITE_P(rows, contract_bad_timeout,
                         testing::Values(std::pair{"word", "abc"}, std::pair{"zero", "0"},
                                         std::pair{"negative", "-5"}, std::pair{"fraction", "1.5"},
                                         std::pair{"empty", ""}, std::pair{"unit", "5s"},
                                         std::pair{"space", "5 "},
                                         std::pair{"beyond_64_bits", "99999999999999999999"}),
                         [](const auto& row) { return std::string{row.param.first}; });

// ---- the log at level debug ----

struct contract_log : store_test {
    service quiet{servers.env(), {"--log-level", "debug", "--workers", "1"}};

    void expect_line(const std::string& text, int times = 1) {
        EXPECT_TRUE(eventually([&] { return lines_ending_with(quiet.log(), text) >= times; }));
        EXPECT_EQ(lines_ending_with(quiet.log(), text), times) << text << "\n" << quiet.log();
    }
};

TEST_F(contract_log, has_the_tutorials_lines_of_a_miss_and_a_hit) {
    count(quiet.port());
    expect_line("Checking cache key num_orders:all");
    expect_line("Looking up all orders");
    expect_line("Caching num_orders:all, value is 12000");
    expect_line("Found num_orders:all, value is 12000", 0);
    count(quiet.port());
    expect_line("Checking cache key num_orders:all", 2);
    expect_line("Found num_orders:all, value is 12000");
    expect_line("Looking up all orders");
    expect_line("Caching num_orders:all, value is 12000");
}

TEST_F(contract_log, has_the_lines_of_a_customers_count) {
    count(quiet.port(), "/count?customerid=9999");
    count(quiet.port(), "/count?customerid=9999");
    expect_line("Checking cache key num_orders:9999", 2);
    expect_line("Caching num_orders:9999, value is 0");
    expect_line("Found num_orders:9999, value is 0");
    expect_line("Looking up all orders", 0);
}

TEST_F(contract_log, has_the_tutorials_lines_of_an_added_order) {
    add_tutorial_order(quiet.port());
    expect_line("Added new order");
    expect_line("Clearing caches for num_orders:all and num_orders:9999");
    const auto log = quiet.log();
    const auto adding = log.find("Adding order {");
    ASSERT_NE(adding, std::string::npos) << log;
    const auto line = log.substr(adding, log.find('\n', adding) - adding);
    EXPECT_TRUE(line.ends_with("}")) << line;
    for (const auto* part : {"2023-03-10", "9999", "23", "2"}) {
        EXPECT_NE(line.find(part), std::string::npos) << line;
    }
}

TEST_F(contract_log, has_a_line_for_each_request) {
    http_connection connection{quiet.port()};
    const auto prefix = "127.0.0.1:" + std::to_string(connection.local_port()) + " - ";
    connection.request("GET", "/count");
    expect_line(prefix + R"("GET /count HTTP/1.1" 200 OK)");
    connection.request("GET", "/count?customerid=9999");
    expect_line(prefix + R"("GET /count?customerid=9999 HTTP/1.1" 200 OK)");
    connection.request("POST", "/add/", {}, tutorial_order);
    expect_line(prefix + R"("POST /add/ HTTP/1.1" 200 OK)");
    connection.request("GET", "/nowhere");
    expect_line(prefix + R"("GET /nowhere HTTP/1.1" 404 Not Found)");
    connection.request("GET", "/count/");
    expect_line(prefix + R"("GET /count/ HTTP/1.1" 307 Temporary Redirect)");
}

TEST_F(contract_log, at_level_info_says_nothing_of_keys) {
    const service plain{servers.env()};
    count(plain.port());
    add_tutorial_order(plain.port());
    EXPECT_EQ(plain.log().find("num_orders"), std::string::npos) << plain.log();
}

}  // namespace
}  // namespace larder::test
