// A service's environment.

#include "program/settings.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "unit/captured_log.hpp"

namespace LARDER_NAMESPACE::program {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

const std::string tutorials = "dellstore";
void read_source() { source_from_environment(tutorials); }

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
    static constexpr std::array names{
        "PG_SERVICE_URI",    "VALKEY_SERVICE_URI",    "PG_DATABASE",
        "PG_DEADLINE_MS",    "CACHE_TIMEOUT_SECONDS", "CACHE_LOCAL_BYTES",
        "CACHE_DEADLINE_MS", "CACHE_PREFIX",          "CACHE_CLIENT_RELOAD"};
    std::map<std::string, std::string> before_;
};

const std::map<const char*, void (*)()> numbers{
    {"CACHE_LOCAL_BYTES", [] { local_bytes_from_environment(); }},
    {"CACHE_DEADLINE_MS", [] { cache_deadline_from_environment(); }},
    {"PG_DEADLINE_MS", [] { source_deadline_from_environment(); }}};

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
    const test::captured_log log;
    EXPECT_EQ(ttl_from_environment(), 120s);
    EXPECT_EQ(log.lines(), strings{});
}

TEST_F(settings, an_entry_lives_as_long_as_is_said) {
    const test::captured_log log;
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
        const test::captured_log log;
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
}

TEST_F(settings, a_bad_number_is_refused_by_name) {
    for (const auto* value : {"-1", "64M", "1e6", "1 2", "0x10", "99999999999999999999"})
        for (const auto& [name, read] : numbers) {
            set(name, value);
            const auto sentence = complaint(read);
            EXPECT_TRUE(sentence.starts_with(name)) << name << '=' << value << ": " << sentence;
            EXPECT_NE(sentence.find('\'' + std::string{value} + '\''), std::string::npos)
                << sentence;
            unsetenv(name);
        }
    set("CACHE_DEADLINE_MS", "0");
    EXPECT_TRUE(complaint(cache_deadline_from_environment).starts_with("CACHE_DEADLINE_MS"));
    set("PG_DEADLINE_MS", "60001");
    EXPECT_TRUE(complaint(source_deadline_from_environment).starts_with("PG_DEADLINE_MS"));
}

// ---- CACHE_CLIENT_RELOAD, and all that is on or off ----

TEST_F(settings, clients_may_reload_unless_it_is_off_in_any_spelling) {
    EXPECT_TRUE(client_reload_from_environment());
    for (const auto* on : {"", "on", "true", "yes", "1", "True", "ON", " yes\n"}) {
        set("CACHE_CLIENT_RELOAD", on);
        EXPECT_TRUE(client_reload_from_environment()) << on;
    }
    for (const auto* off : {"off", "false", "no", "0", "False", "OFF", "0\r\n"}) {
        set("CACHE_CLIENT_RELOAD", off);
        EXPECT_FALSE(client_reload_from_environment()) << off;
    }
    for (const auto* neither : {"perhaps", "2", "-1", "onn", "o", "disable"}) {
        set("CACHE_CLIENT_RELOAD", neither);
        const auto sentence = complaint(client_reload_from_environment);
        EXPECT_TRUE(sentence.starts_with("CACHE_CLIENT_RELOAD has to be on or off")) << sentence;
    }
}

// ---- what is around a value ----

TEST_F(settings, white_space_at_the_ends_of_a_value_is_none_of_it) {
    set("PG_DATABASE", "\t mine \r\n");
    set("CACHE_DEADLINE_MS", "7\n");
    set("CACHE_PREFIX", "shop\n");
    set("CACHE_TIMEOUT_SECONDS", "60\n");
    set("PG_SERVICE_URI", "postgres://h/x\n");
    set("VALKEY_SERVICE_URI", " valkey://h:1\n");
    EXPECT_EQ(database_from_environment(tutorials), "mine");
    EXPECT_EQ(cache_deadline_from_environment(), 7ms);
    EXPECT_EQ(cache_prefix_from_environment(), "shop");
    EXPECT_EQ(ttl_from_environment(), 60s);
    EXPECT_EQ(source_from_environment(tutorials)->get("host"), "h");
    EXPECT_EQ(shared_tier_from_environment()->port, 1);
}

TEST_F(settings, a_control_character_in_a_value_is_refused) {
    for (const auto& [name, read] : std::map<std::string, void (*)()>{
             {"PG_DATABASE", [] { database_from_environment(tutorials); }},
             {"PG_SERVICE_URI", read_source},
             {"VALKEY_SERVICE_URI", [] { shared_tier_from_environment(); }},
             {"CACHE_PREFIX", [] { cache_prefix_from_environment(); }}})
        for (const auto* value : {"valkey://h\n/0", "postgres://h/a\tb", "\x7fx", "a\rb", " "}) {
            set(name.c_str(), value);
            EXPECT_TRUE(complaint(read).starts_with(name)) << complaint(read);
            unsetenv(name.c_str());
        }
}

// ---- PG_DATABASE ----

TEST_F(settings, the_database_is_the_programs_unless_another_is_named) {
    EXPECT_EQ(database_from_environment(tutorials), "dellstore");
    set("PG_DATABASE", "");
    EXPECT_EQ(database_from_environment(tutorials), "dellstore");
    set("PG_DATABASE", "another one");
    EXPECT_EQ(database_from_environment(tutorials), "another one");
}

// ---- PG_SERVICE_URI ----

TEST_F(settings, without_a_uri_there_is_no_source) {
    EXPECT_FALSE(source_from_environment(tutorials));
    set("PG_SERVICE_URI", "");
    set("PG_DATABASE", "dellstore");
    EXPECT_FALSE(source_from_environment(tutorials));
}

TEST_F(settings, the_source_is_what_the_uri_says) {
    set("PG_SERVICE_URI", "postgres://avnadmin:secret@pg.example:12691/x?sslmode=require");
    const auto source = source_from_environment(tutorials);
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
        EXPECT_EQ(source_from_environment(tutorials)->get("dbname"), "dellstore") << uri;
        set("PG_DATABASE", "mine");
        EXPECT_EQ(source_from_environment(tutorials)->get("dbname"), "mine") << uri;
    }
}

TEST_F(settings, a_uri_of_a_source_that_cannot_be_parsed_is_refused) {
    for (const auto* uri :
         {"nonsense", "postgres://u:hunter2@h:port/x", "postgres://u:hunter2@h:0",
          "postgres://u:hunter2@h:65536/x", "mysql://u:hunter2@h/x", "postgres://u:hunter2%zz@h/x",
          "host=h password='hunter2", "postgres://u:hunter2@h/x?nosuch=1"}) {
        set("PG_SERVICE_URI", uri);
        const auto sentence = complaint(read_source);
        EXPECT_NE(sentence.find("PG_SERVICE_URI"), std::string::npos) << uri;
        EXPECT_EQ(sentence.find("hunter2"), std::string::npos) << uri;
        EXPECT_EQ(sentence.find('\n'), std::string::npos) << uri;
    }
}

TEST_F(settings, a_database_that_is_named_twice_is_explained) {
    set("PG_SERVICE_URI", "postgres://h/defaultdb");
    EXPECT_TRUE(explain_database(tutorials).may_surprise);
    EXPECT_EQ(explain_database(tutorials).sentence,
              "The database is dellstore, as PG_DATABASE is not set; the one that PG_SERVICE_URI "
              "names, defaultdb, is not used");
    set("PG_DATABASE", "defaultdb");
    EXPECT_FALSE(explain_database(tutorials).may_surprise);
    EXPECT_EQ(explain_database(tutorials).sentence,
              "The database is defaultdb, as PG_DATABASE says");
    set("PG_DATABASE", "mine");
    EXPECT_FALSE(explain_database(tutorials).may_surprise) << "it was set on purpose";
    set("PG_DATABASE", "");
    set("PG_SERVICE_URI", "postgres://h/postgres");
    EXPECT_FALSE(explain_database(tutorials).may_surprise) << "it is there on every server";
}

// libpq itself says so only when it connects.
TEST_F(settings, a_parameter_that_libpq_would_refuse_is_refused_at_once) {
    for (const auto* wrong :
         {"sslmode=requires", "target_session_attrs=master", "connect_timeout=soon",
          "channel_binding=on", "gssencmode=never", "ssl_min_protocol_version=TLSv9"}) {
        set("PG_SERVICE_URI", std::string{"postgres://u:hunter2@h.invalid/x?"} + wrong);
        const auto sentence = complaint(read_source);
        const std::string name{wrong, std::string_view{wrong}.find('=')};
        EXPECT_TRUE(sentence.starts_with("PG_SERVICE_URI: ")) << wrong << ": " << sentence;
        EXPECT_NE(sentence.find(name), std::string::npos) << sentence;
        EXPECT_EQ(sentence.find("hunter2"), std::string::npos) << sentence;
    }
    for (const auto* right :
         {"postgres://u@h.invalid/x?sslmode=verify-full&keepalives_idle=5&connect_timeout=3",
          "postgres://a.invalid,b.invalid/x?target_session_attrs=read-write",
          "postgres://a.invalid:1,b.invalid:2/x", "postgres:///x?host=/tmp&port=7",
          "host=h.invalid options='-c geqo=off' tcp_user_timeout=1000"}) {
        set("PG_SERVICE_URI", right);
        EXPECT_EQ(complaint(read_source), "") << right;
    }
    set("PG_SERVICE_URI", "host=a.invalid,b.invalid port=1,2,3");
    EXPECT_EQ(complaint(read_source), "PG_SERVICE_URI: there are 2 hosts and 3 ports");
}

TEST_F(settings, the_part_of_a_uri_that_cannot_be_read_is_named) {
    const std::vector<std::pair<const char*, const char*>> source{
        {"nonsense", "'://'"},
        {"mysql://h", "scheme"},
        {"postgres://u:hunter2%zz@h/x", "percent-encoded"},
        {"postgres://u:hun@ter2@h/x", "more than one '@'"},
        {"postgres://u:hunter2@h:port/x", "port"},
        {"postgres://u:hunter2@[::1/x", "host"},
        {"postgres://u:hunter2@h/x?colour=red", "parameter colour"},
        {"postgres://u:hun/ter2@h/x", "percent-encoded"}};
    const std::vector<std::pair<const char*, const char*>> cache{
        {"h:6379", "'://'"},
        {"http://:hunter2@h", "scheme"},
        {"valkey://:hunter2%zz@h", "percent-encoded"},
        {"valkey://:hunter2@h:99999", "port"},
        {"valkey://:hunter2@[::1/0", "host"},
        {"valkey://:hunter2@h/x", "database"},
        {"valkeys://:hunter2@h?ssl_cert_reqs=perhaps", "parameter ssl_cert_reqs"},
        {"valkey://:hunter2@h?ssl_ca_certs=/hun", "parameter ssl_ca_certs"},
        {"valkey://h?pasword=hunter2", "parameter pasword"},
        {"valkeys://:hunter2@h?ssl_keyfile=/k&ssl_certfile=/c&socket_timeout=2",
         "parameter socket_timeout"},
        {"valkeys://:hunter2@h?ssl_keyfile=/hun", "a key without its certificate"},
        {"unix://", "no path"}};
    const auto expect = [](const char* name, auto read, const auto& rows) {
        for (const auto& [uri, part] : rows) {
            set(name, uri);
            const auto sentence = complaint(read);
            EXPECT_NE(sentence.substr(0, sentence.find(';')).find(part), std::string::npos)
                << uri << ": " << sentence;
            for (const auto* secret : {"hunter2", "hun", "ter2"})
                EXPECT_EQ(sentence.find(secret), std::string::npos) << sentence;
        }
    };
    expect("PG_SERVICE_URI", read_source, source);
    expect("VALKEY_SERVICE_URI", shared_tier_from_environment, cache);
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
}  // namespace LARDER_NAMESPACE::program
