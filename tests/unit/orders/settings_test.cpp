// The service's environment.

#include "settings.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "unit/captured_log.hpp"

namespace orders {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

// None of the variables is set, whatever the caller's shell has, until a test sets it.
class settings : public testing::Test {
protected:
    settings() {
        for (const auto* name : names) {
            if (const char* value = std::getenv(name)) before_.emplace(name, value);
            unsetenv(name);
        }
    }
    ~settings() override {
        for (const auto* name : names) unsetenv(name);
        for (const auto& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
    }
    settings(const settings&) = delete;
    settings& operator=(const settings&) = delete;

    static void set(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }

private:
    static constexpr std::array names{"PG_SERVICE_URI", "VALKEY_SERVICE_URI", "PG_DATABASE",
                                      "PG_DEADLINE_MS", "CACHE_TIMEOUT_SECONDS"};
    std::map<std::string, std::string> before_;
};

// The sentence of the setting_error; empty if there is none.
template <class Read>
std::string complaint(Read read) {
    try {
        read();
    } catch (const setting_error& e) {
        return e.what();
    }
    return {};
}

// ---- CACHE_TIMEOUT_SECONDS ----

TEST_F(settings, an_entry_lives_two_minutes_unless_something_else_is_said) {
    const larder::test::captured_log log;
    EXPECT_EQ(ttl_from_environment(), 120s);
    EXPECT_EQ(log.lines(), strings{});
}

TEST_F(settings, an_entry_lives_as_long_as_is_said) {
    const larder::test::captured_log log;
    for (const auto seconds : {1, 2, 60, 120, 86400, 2147483647}) {
        set("CACHE_TIMEOUT_SECONDS", std::to_string(seconds));
        EXPECT_EQ(ttl_from_environment(), std::chrono::seconds{seconds});
    }
    EXPECT_EQ(log.lines(), strings{});
}

TEST_F(settings, a_bad_ttl_is_one_line_in_the_log_and_the_default_is_used) {
    for (const auto* value :
         {"", " ", "0", "-1", "-0", "+60", "abc", "60s", "1.5", "60.0", "1e3", " 60", "60 ", "0x10",
          "1_000", "2147483648", "99999999999999999999"}) {
        set("CACHE_TIMEOUT_SECONDS", value);
        const larder::test::captured_log log;
        EXPECT_EQ(ttl_from_environment(), 120s) << value;
        const auto lines = log.lines();
        ASSERT_EQ(lines.size(), 1U) << value;
        EXPECT_TRUE(lines[0].starts_with("error: ")) << lines[0];
        EXPECT_NE(lines[0].find("CACHE_TIMEOUT_SECONDS"), std::string::npos) << lines[0];
        EXPECT_NE(lines[0].find("120"), std::string::npos) << lines[0];
        EXPECT_NE(lines[0].find('\'' + std::string{value} + '\''), std::string::npos) << lines[0];
    }
}

// ---- CACHE_LOCAL_BYTES, CACHE_DEADLINE_MS ----

TEST_F(settings, a_process_keeps_64_mib_unless_something_else_is_said) {
    EXPECT_EQ(local_bytes_from_environment(), 64U << 20);
    set("CACHE_LOCAL_BYTES", "0");
    EXPECT_EQ(local_bytes_from_environment(), 0U);
    set("CACHE_LOCAL_BYTES", "123456789");
    EXPECT_EQ(local_bytes_from_environment(), 123456789U);
}

TEST_F(settings, a_request_waits_100_ms_for_valkey_unless_something_else_is_said) {
    EXPECT_EQ(cache_deadline_from_environment(), 100ms);
    set("CACHE_DEADLINE_MS", "7");
    EXPECT_EQ(cache_deadline_from_environment(), 7ms);
}

TEST_F(settings, and_800_ms_for_a_connection_to_postgresql) {
    EXPECT_EQ(source_deadline_from_environment(), 800ms);
    set("PG_DEADLINE_MS", "60000");
    EXPECT_EQ(source_deadline_from_environment(), 60s);
    set("PG_DEADLINE_MS", "60001");
    EXPECT_EQ(source_deadline_from_environment(), 800ms);
}

TEST_F(settings, a_bad_number_is_one_line_in_the_log_and_the_default_is_used) {
    for (const auto* value : {"", "-1", "64M", "1e6", " 1", "99999999999999999999"}) {
        set("CACHE_LOCAL_BYTES", value);
        set("CACHE_DEADLINE_MS", value);
        const larder::test::captured_log log;
        EXPECT_EQ(local_bytes_from_environment(), 64U << 20) << value;
        EXPECT_EQ(cache_deadline_from_environment(), 100ms) << value;
        ASSERT_EQ(log.lines().size(), 2U) << value;
        EXPECT_NE(log.lines()[0].find("CACHE_LOCAL_BYTES"), std::string::npos);
        EXPECT_NE(log.lines()[1].find("CACHE_DEADLINE_MS"), std::string::npos);
    }
    set("CACHE_DEADLINE_MS", "0");
    EXPECT_EQ(cache_deadline_from_environment(), 100ms);
}

// ---- PG_DATABASE ----

TEST_F(settings, the_database_is_the_tutorials_unless_another_is_named) {
    EXPECT_EQ(database_from_environment(), "dellstore");
    set("PG_DATABASE", "");
    EXPECT_EQ(database_from_environment(), "dellstore");
    set("PG_DATABASE", "another one");
    EXPECT_EQ(database_from_environment(), "another one");
}

// ---- PG_SERVICE_URI ----

TEST_F(settings, without_a_uri_there_is_no_source) {
    EXPECT_FALSE(source_from_environment());
    set("PG_SERVICE_URI", "");
    set("PG_DATABASE", "dellstore");
    EXPECT_FALSE(source_from_environment());
}

TEST_F(settings, the_source_is_what_the_uri_says) {
    set("PG_SERVICE_URI", "postgres://avnadmin:secret@pg.example:12691/x?sslmode=require");
    const auto source = source_from_environment();
    ASSERT_TRUE(source);
    EXPECT_EQ(source->get("host"), "pg.example");
    EXPECT_EQ(source->get("port"), "12691");
    EXPECT_EQ(source->get("user"), "avnadmin");
    EXPECT_EQ(source->get("password"), "secret");
    EXPECT_EQ(source->get("sslmode"), "require");
}

TEST_F(settings, the_database_named_in_the_uri_is_overridden) {
    for (const auto* uri : {"postgres://h/defaultdb", "postgres://h", "host=h dbname=defaultdb",
                            "postgres:///defaultdb?host=/tmp", "postgres://h/?dbname=defaultdb"}) {
        set("PG_SERVICE_URI", uri);
        unsetenv("PG_DATABASE");
        EXPECT_EQ(source_from_environment()->get("dbname"), "dellstore") << uri;
        set("PG_DATABASE", "mine");
        EXPECT_EQ(source_from_environment()->get("dbname"), "mine") << uri;
    }
}

TEST_F(settings, a_uri_of_a_source_that_cannot_be_parsed_is_refused) {
    for (const auto* uri :
         {"nonsense", "postgres://u:hunter2@h:port/x", "postgres://u:hunter2@h:0",
          "postgres://u:hunter2@h:65536/x", "mysql://u:hunter2@h/x", "postgres://u:hunter2%zz@h/x",
          "host=h password='hunter2", "postgres://u:hunter2@h/x?nosuch=1"}) {
        set("PG_SERVICE_URI", uri);
        const auto sentence = complaint(source_from_environment);
        EXPECT_NE(sentence.find("PG_SERVICE_URI"), std::string::npos) << uri;
        EXPECT_EQ(sentence.find("hunter2"), std::string::npos) << uri;
        EXPECT_EQ(sentence.find('\n'), std::string::npos) << uri;
    }
}

// ---- VALKEY_SERVICE_URI ----

TEST_F(settings, without_a_uri_there_is_no_shared_tier) {
    EXPECT_FALSE(shared_tier_from_environment());
    set("VALKEY_SERVICE_URI", "");
    EXPECT_FALSE(shared_tier_from_environment());
}

TEST_F(settings, the_shared_tier_is_what_the_uri_says) {
    set("VALKEY_SERVICE_URI", "valkeys://default:secret@valkey.example:12692/1");
    const auto server = shared_tier_from_environment();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->address(), "valkey.example:12692");
    EXPECT_EQ(server->password, "secret");
    EXPECT_EQ(server->database, 1);
    EXPECT_TRUE(server->tls);
}

TEST_F(settings, a_uri_of_a_shared_tier_that_cannot_be_parsed_is_refused) {
    for (const auto* uri :
         {"nonsense", " ", "valkey.example:6379", "http://:hunter2@h", "valkey://:hunter2@h:port",
          "valkey://:hunter2@h:0", "valkey://:hunter2@h/x", "valkey://:hunter2%zz@h", "unix://"}) {
        set("VALKEY_SERVICE_URI", uri);
        const auto sentence = complaint(shared_tier_from_environment);
        EXPECT_NE(sentence.find("VALKEY_SERVICE_URI"), std::string::npos) << uri;
        EXPECT_EQ(sentence.find("hunter2"), std::string::npos) << uri;
        EXPECT_EQ(sentence.find('\n'), std::string::npos) << uri;
    }
}

TEST_F(settings, each_is_read_by_itself) {
    set("PG_SERVICE_URI", "nonsense");
    set("CACHE_TIMEOUT_SECONDS", "7");
    set("VALKEY_SERVICE_URI", "valkey://h");
    EXPECT_TRUE(shared_tier_from_environment());
    EXPECT_EQ(ttl_from_environment(), 7s);
}

}  // namespace
}  // namespace orders
